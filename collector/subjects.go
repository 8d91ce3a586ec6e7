package collector

import "slices"

// Subjects are what several families have a sample of each, such as all VMs. What is
// true of their labels is found out once, and not for each family.
type Subjects struct {
	// Number returns how many subjects a part's data has.
	Number func(data any) int
	// Labels returns the label values of one of them.
	Labels func(data any, i int) []string
}

// Column is what a family says of each of its subjects.
type Column struct {
	// State is the value of the family's last label, where its subjects have all others.
	State string
	// Value returns the value of one of the subjects of a part's data, if there is one.
	Value func(data any, i int) (value float64, known bool)
}

// each makes families of the S of parts whose data is a *P.
type each[P, S any] struct {
	labels   []string // names
	all      func(*P) []S
	subjects *Subjects
}

// eachOf returns each of what all returns, whose labels of these names values
// returns.
func eachOf[P, S any](all func(*P) []S, values func(*S) []string, names ...string) each[P, S] {
	return each[P, S]{names, all, &Subjects{
		Number: func(data any) int { return len(all(data.(*P))) },
		Labels: func(data any, i int) []string { return values(&all(data.(*P))[i]) },
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
		columns = append(columns, Column{s.label, func(data any, i int) (float64, bool) { return s.value(&e.all(data.(*P))[i]) }})
	}
	return e.of(name, help, append(slices.Clone(e.labels), label), columns...)
}

func (e each[P, S]) of(name, help string, labels []string, columns ...Column) Family {
	return Family{
		Name: name, Help: help, Labels: labels, Subjects: e.subjects, Columns: columns,
		Samples: func(data any) (samples []Sample) {
			for i := range e.subjects.Number(data) {
				of := e.subjects.Labels(data, i)
				for _, c := range columns {
					value, known := c.Value(data, i)
					switch {
					case !known:
					case len(of) == len(labels):
						samples = append(samples, Sample{Labels: of, Value: value})
					default:
						samples = append(samples, Sample{Labels: slices.Concat(of, []string{c.State}), Value: value})
					}
				}
			}
			return samples
		},
	}
}
