// Package spelling finds the name that was probably meant.
package spelling

import "strings"

// Closest returns the name that was probably meant, or "": the one of names that
// takes the fewest letters to change, two at most.
func Closest(name string, names []string) string {
	best, bestDistance := "", 3
	for _, candidate := range names {
		if d := distance(strings.ToLower(name), candidate); d < bestDistance && d < len(candidate)-1 {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is the number of bytes to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
