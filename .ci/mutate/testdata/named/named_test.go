package named

import "testing"

func TestNothing(*testing.T) {}
