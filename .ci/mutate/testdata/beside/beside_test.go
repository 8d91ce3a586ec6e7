package beside

import "testing"

func TestNothing(*testing.T) {}
