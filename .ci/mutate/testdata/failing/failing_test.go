package failing

import "testing"

func TestPositive(t *testing.T) {
	if !Positive(0) {
		t.Error("0 is not positive")
	}
}

func TestOther(*testing.T) {}
