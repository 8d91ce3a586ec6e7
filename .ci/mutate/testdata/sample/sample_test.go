package sample

import (
	"os"
	"testing"
)

func TestArithmetic(t *testing.T) {
	if n, m, mask := Arithmetic(7, 2, 3, 4); n != 16 || m != -6 || mask != 15 {
		t.Error(n, m, mask)
	}
}

func TestSign(t *testing.T) {
	if Sign(-5) != -1 || Sign(5) != 0 {
		t.Error(Sign(-5), Sign(5))
	}
}

func TestGrade(t *testing.T) {
	for _, test := range []struct {
		points int
		late   bool
		want   string
	}{{95, false, "a"}, {95, true, "b"}, {13, false, "c"}, {5, false, "c"}, {50, false, "b"}} {
		if got := Grade(test.points, test.late); got != test.want {
			t.Error(test, got)
		}
	}
}

func TestCounts(t *testing.T) {
	if total, by := Counts([]int{4, 4, 2}); total != 10 || by[1] != 2 || by[2] != 1 {
		t.Error(total, by)
	}
}

func TestFirst(t *testing.T) {
	if got := First([]int{0, 5, 3, 3, 4}, 3); got != 7 {
		t.Error(got)
	}
}

func TestBuffer(t *testing.T) {
	if len(Buffer(1<<28)) == 0 {
		t.Error("empty")
	}
}

// What a run leaves behind goes with it.
func TestTemporaryFiles(t *testing.T) {
	names, err := os.ReadDir(os.TempDir())
	if err != nil || len(names) > 0 {
		t.Error(names, err)
	}
	if _, err := os.MkdirTemp("", "left"); err != nil {
		t.Error(err)
	}
}

func TestLong(t *testing.T) {
	if !testing.Short() {
		t.Error("only short tests run")
	}
}
