// Package sample has each operator that is changed, in each place where it may stand.
package sample

const shift = 2 + 1 // constants are left out

type meters float64

// Arithmetic has operands of several types, also such as have none of their own.
func Arithmetic(a, b int, m meters, bits uint) (int, meters, uint64) {
	var mask uint64 = 1<<bits - 1
	return a*b + a/b - a%b, -m * 2, mask
}

// Sign is -1 below 0.
func Sign(n int) int {
	if n < 0 {
		return -1
	}
	return 0
}

// Grade has conditions in cases, over several lines and with comments.
func Grade(points int, late bool) string {
	switch {
	case points >= 90 && // the best
		!late:
		return "a"
	case points <= 10 ||
		points == 13:
		return "c"
	}
	return "b"
}

// Counts has statements where no if may stand, and left sides that are expressions.
func Counts(values []int) (total int, byValue map[int]int) {
	byValue = map[int]int{}
	for i := 0; i < len(values); i++ {
		byValue[values[i]%shift]++
		total += values[i]
	}
	for left := total; left > 0; left -= 2 {
		total--
	}
	total *= 4
	total /= 2
	total %= 100
	return total, byValue
}

// First leaves loops, from a switch too.
func First(values []int, wanted int) int {
	found := 0
	for _, v := range values {
		switch v {
		case 0:
			continue
		case wanted:
			found++
			break
		}
		if v != wanted {
			continue
		}
		break
	}
	for {
		if found != 1 {
			return found
		}
		found = 7
		continue // not changed: a return would have to follow the loop
	}
}

// Buffer is held by no test but is bounded by the memory that a mutant may have.
func Buffer(size int) []byte { return make([]byte, size/64) }

// Unused is called by no test.
func Unused(a, b string) bool { return a+b > "c" }
