package exitstatus_test

import (
	"errors"
	"fmt"
	"testing"

	"ukcloud_exporter/internal/cli/exitstatus"
)

func TestOf(t *testing.T) {
	failed := errors.New("3 rows left out")
	tests := []struct {
		name string
		err  error
		want int
	}{
		{"done", nil, 0},
		{"not done", failed, 1},
		{"left out", exitstatus.Incomplete(failed), 2},
		{"left out, said by another", fmt.Errorf("summary: %w", exitstatus.Incomplete(failed)), 2},
		{"nothing left out", exitstatus.Incomplete(nil), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := exitstatus.Of(tt.err); got != tt.want {
				t.Errorf("exit status %d, want %d", got, tt.want)
			}
		})
	}
	if err := exitstatus.Incomplete(failed); !errors.Is(err, failed) || err.Error() != failed.Error() {
		t.Errorf("the error is %v", err)
	}
}
