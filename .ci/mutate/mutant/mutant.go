// Package mutant is what rewritten code calls where an operator stood. It is copied
// into the package that is measured; the variable MUTANT says which operator is changed,
// that of the process or, on Linux, of one that has led to it.
package mutant

import (
	"cmp"
	"os"
	"strconv"
	"strings"
)

// mutantActive is the number of the one mutant that is on, 0 for none. Below 0 the
// first operator that is reached panics: what the tests notice if they run any.
var mutantActive = func() int {
	text, given := os.LookupEnv("MUTANT")
	if !given {
		text = mutantOfAncestor()
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic("MUTANT is no number: " + err.Error())
	}
	return n
}()

// mutantOfAncestor is MUTANT of a process that has led to this one: tests start
// programs with an environment of their own, some by a shell.
func mutantOfAncestor() string {
	for pid := os.Getppid(); pid > 1; {
		environ, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if _, text, found := strings.Cut("\x00"+string(environ), "\x00MUTANT="); found {
			text, _, _ = strings.Cut(text, "\x00")
			return text
		}
		status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		_, parent, _ := strings.Cut(string(status), "\nPPid:\t")
		parent, _, _ = strings.Cut(parent, "\n")
		pid, _ = strconv.Atoi(parent)
	}
	return ""
}

// MutantOn reports whether the mutant is on.
func MutantOn(id int) bool {
	if mutantActive < 0 {
		panic("check mutant")
	}
	return mutantActive == id
}

type mutantInteger interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type mutantNumber interface {
	mutantInteger | ~float32 | ~float64
}

// MutantAdd is x + y, as a mutant x - y.
func MutantAdd[T mutantNumber](id int, x, y T) T {
	if MutantOn(id) {
		return x - y
	}
	return x + y
}

// MutantSub is x - y, as a mutant x + y.
func MutantSub[T mutantNumber](id int, x, y T) T {
	if MutantOn(id) {
		return x + y
	}
	return x - y
}

// MutantMul is x * y, as a mutant x / y.
func MutantMul[T mutantNumber](id int, x, y T) T {
	if MutantOn(id) {
		return x / y
	}
	return x * y
}

// MutantDiv is x / y, as a mutant x * y.
func MutantDiv[T mutantNumber](id int, x, y T) T {
	if MutantOn(id) {
		return x * y
	}
	return x / y
}

// MutantRem is x % y, as a mutant x * y.
func MutantRem[T mutantInteger](id int, x, y T) T {
	if MutantOn(id) {
		return x * y
	}
	return x % y
}

// MutantNeg is -x, as a mutant x.
func MutantNeg[T mutantNumber](id int, x T) T {
	if MutantOn(id) {
		return x
	}
	return -x
}

// MutantLess is x < y, as a mutant x <= y; as the next mutant the opposite.
func MutantLess[T cmp.Ordered](id int, x, y T) bool {
	if MutantOn(id) {
		return x <= y
	}
	return x < y != MutantOn(id+1)
}

// MutantLessEqual is x <= y, as a mutant x < y; as the next mutant the opposite.
func MutantLessEqual[T cmp.Ordered](id int, x, y T) bool {
	if MutantOn(id) {
		return x < y
	}
	return x <= y != MutantOn(id+1)
}

// MutantGreater is x > y, as a mutant x >= y; as the next mutant the opposite.
func MutantGreater[T cmp.Ordered](id int, x, y T) bool {
	if MutantOn(id) {
		return x >= y
	}
	return x > y != MutantOn(id+1)
}

// MutantGreaterEqual is x >= y, as a mutant x > y; as the next mutant the opposite.
func MutantGreaterEqual[T cmp.Ordered](id int, x, y T) bool {
	if MutantOn(id) {
		return x > y
	}
	return x >= y != MutantOn(id+1)
}

// MutantNot is v, as a mutant the opposite.
func MutantNot(id int, v bool) bool { return v != MutantOn(id) }

// MutantAnd is x && y(), as a mutant x || y().
func MutantAnd(id int, x bool, y func() bool) bool {
	if MutantOn(id) {
		return x || y()
	}
	return x && y()
}

// MutantOr is x || y(), as a mutant x && y().
func MutantOr(id int, x bool, y func() bool) bool {
	if MutantOn(id) {
		return x && y()
	}
	return x || y()
}
