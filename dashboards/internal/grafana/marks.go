package grafana

import "time"

// Mark is an annotation on the time axis: a moment, or a region.
type Mark struct{ From, To time.Time }

// Marks are what Grafana makes of one series of an annotation's answer. Points
// whose value is above zero are marks; those that are not further apart than the
// annotation's step are one, a region. With moments, the values are the points, in
// milliseconds.
func Marks(points [][2]float64, moments bool, step time.Duration) (marks []Mark) {
	for _, p := range points {
		at := time.UnixMilli(int64(p[0] * 1000))
		if moments {
			at = time.UnixMilli(int64(p[1]))
		} else if p[1] <= 0 {
			continue
		}
		if n := len(marks); n > 0 && !marks[n-1].To.Add(step).Before(at) {
			marks[n-1].To = at
			continue
		}
		marks = append(marks, Mark{at, at})
	}
	return marks
}
