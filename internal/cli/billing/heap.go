package billing

import (
	"runtime"
	"runtime/debug"
)

// frugal has the heap grow by a third of what is in use, not by as much again: a writer
// holds some 50 MiB. Another setting than the usual one (GOGC) stays. What it returns
// undoes it.
func frugal() (undo func()) {
	const usual = 100
	before := debug.SetGCPercent(usual / 3)
	undo = func() { debug.SetGCPercent(before) }
	if before != usual {
		undo()
	}
	return undo
}

// unhurried has no garbage collected before the heap has some 32 MiB. Sums of thousands
// of resources take less, and collections at 4, 8 and 16 MiB took two workers a tenth
// of their time. What is put aside for it is never touched, and so takes no memory.
// What it returns undoes it.
func unhurried() (undo func()) {
	aside := make([]byte, 16<<20)
	return func() { runtime.KeepAlive(aside) }
}
