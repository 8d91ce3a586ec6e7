package collector

import "slices"

// Subjects are what several families have a sample of each, such as all VMs. What is
// true of their labels is found out once, and not for each family.
type Subjects struct {
	// Number returns how many subjects a part's data has.
	Number func(data any) int
	// Labels appends the label values of one of them to values.
	Labels func(data any, i int, values []string) []string
}

// Column is what a family says of each of its subjects.
type Column struct {
	// State is the value of the family's last label, where its subjects have all others.
	State string
	// Value returns the value of one of the subjects of a part's data, if there is one.
	Value func(data any, i int) (value float64, known bool)
	// Labels appends the values of all of the family's labels, which are more than those of
	// the subject and have these among them; nil where they are those of the subject.
	Labels func(data any, i int, values []string) []string
}

// each makes families of the S of parts whose data is a *P.
type each[P, S any] struct {
	labels   []string // names
	all      func(*P) []S
	subjects *Subjects
}

// eachOf returns each of what all returns, whose labels have these names. values appends
// their values.
func eachOf[P, S any](all func(*P) []S, values func(*P, *S, []string) []string, names ...string) each[P, S] {
	return each[P, S]{names, all, &Subjects{
		Number: func(data any) int { return len(all(data.(*P))) },
		Labels: func(data any, i int, to []string) []string { p := data.(*P); return values(p, &all(p)[i], to) },
	}}
}

// family makes a family with a sample for each subject of which value knows one.
func (e each[P, S]) family(name, help string, value func(*S) (value float64, known bool)) Family {
	return e.of(name, help, e.labels, Column{Value: func(data any, i int) (float64, bool) { return value(&e.all(data.(*P))[i]) }})
}

// where leaves out parts that have nothing of it to say.
func (e each[P, S]) where(provided func(*P) bool, name, help string, value func(*S) (value float64, known bool)) Family {
	return e.of(name, help, e.labels, Column{Value: func(data any, i int) (float64, bool) {
		p := data.(*P)
		if !provided(p) {
			return 0, false
		}
		return value(&e.all(p)[i])
	}})
}

// state is a value of a label behind those of the subjects.
type state[S any] struct {
	label string
	value func(*S) (value float64, known bool)
}

// byState makes a family with a sample for each subject and each of the states that a
// value is known of.
func (e each[P, S]) byState(name, help, label string, states ...state[S]) Family {
	var columns []Column
	for _, s := range states {
		columns = append(columns, Column{State: s.label, Value: func(data any, i int) (float64, bool) { return s.value(&e.all(data.(*P))[i]) }})
	}
	return e.of(name, help, append(slices.Clone(e.labels), label), columns...)
}

// info makes a family of 1 for each subject that is told, with more labels. values
// appends those of all its labels, in the order of names.
func (e each[P, S]) info(name, help string, names []string, values func(*P, *S, []string) []string, told func(*S) bool) Family {
	return e.of(name, help, names, Column{
		Value:  func(data any, i int) (float64, bool) { return 1, told(&e.all(data.(*P))[i]) },
		Labels: func(data any, i int, to []string) []string { p := data.(*P); return values(p, &e.all(p)[i], to) },
	})
}

func (e each[P, S]) of(name, help string, labels []string, columns ...Column) Family {
	return Family{
		Name: name, Help: help, Labels: labels, Subjects: e.subjects, Columns: columns,
		Samples: func(data any) (samples []Sample) {
			for i := range e.subjects.Number(data) {
				for _, c := range columns {
					value, known := c.Value(data, i)
					if !known {
						continue
					}
					values := make([]string, 0, len(labels))
					switch {
					case c.Labels != nil:
						values = c.Labels(data, i, values)
					default:
						if values = e.subjects.Labels(data, i, values); len(values) < len(labels) {
							values = append(values, c.State)
						}
					}
					samples = append(samples, Sample{Labels: values, Value: value})
				}
			}
			return samples
		},
	}
}
