package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"ukcloud_exporter/csvparse"
	"ukcloud_exporter/internal/bill"
)

// summary adds up bills.
type summary struct {
	env    Environment
	files  []string
	tags   []string
	format string
}

func registerSummary(parent *kingpin.CmdClause, env Environment) Run {
	c := &summary{env: env}
	cmd := parent.Command("summary", "Add up bills by service, component, VDC and tag, exactly.")
	cmd.Flag("tag", "Also add up by this key of the Metadata column. Repeatable.").PlaceHolder("KEY").StringsVar(&c.tags)
	cmd.Flag("format", "table, json or csv.").Default("table").EnumVar(&c.format, "table", "json", "csv")
	cmd.Arg("FILE", "Billing CSVs, also compressed by gzip; - is standard input.").Required().StringsVar(&c.files)
	return c.run
}

func (c *summary) run(ctx context.Context, _ *slog.Logger) error {
	all, err := inputs(c.files, c.env.Stdin)
	if err != nil {
		return err
	}
	c.tags = distinct(c.tags)
	builder := bill.NewBuilder(bill.Options{Tags: c.tags})
	bar := newProgress(c.env.Stderr, "summary", sizeOf(all), true)
	for _, in := range all {
		if err := readInto(ctx, builder, &in, bar); err != nil {
			bar.clear()
			return err
		}
	}
	bar.clear()
	totals, err := totalsOf(builder.Bill(), len(all))
	if err != nil {
		return err
	}
	if err := totals.write(c.env.Stdout, c.format); err != nil {
		return err
	}
	if totals.rejected > 0 {
		fmt.Fprintf(c.env.Stderr, "in no sum because they cannot be read: %s; see billing verify\n", count(totals.rejected, "row"))
	}
	return nil
}

func distinct(texts []string) []string {
	var once []string
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

// readInto adds a file to a builder.
func readInto(ctx context.Context, builder *bill.Builder, in *input, seen io.Writer) error {
	file, err := in.open(seen)
	if err != nil {
		return err
	}
	defer func() { _ = file.close() }()
	if err := builder.Read(untilDone(ctx, file), file.proven); err != nil {
		return fmt.Errorf("%s: %w", in.name, err)
	}
	return nil
}

// untilDone reads until the context ends: a signal stops a long file.
func untilDone(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return r.Read(b)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// totals are what summary prints.
type totals struct {
	bill     *bill.Bill
	files    int
	rejected int64
	groups   []group
}

// group is one way of splitting the bill.
type group struct {
	kind  string // total, service, component, vdc or tag
	key   string // of a tag
	lines []line
}

type line struct {
	name string
	cost bill.Sum
}

func totalsOf(b *bill.Bill, files int) (*totals, error) {
	t := &totals{bill: b, files: files}
	for _, n := range b.Rejected {
		t.rejected += n
	}
	services, vdcs, components := &sums{}, &sums{}, &sums{}
	for i := range b.Costs {
		c := &b.Costs[i]
		services.add(c.Service, c.Parts.Total())
		vdcs.add(c.VDC, c.Parts.Total())
		for i, part := range c.Parts {
			if part.Valid {
				components.add(csvparse.Component(i).String(), part)
			}
		}
	}
	for _, s := range [...]*sums{services, vdcs, components} {
		if s.overflow {
			return nil, errors.New("a sum is out of range")
		}
	}
	t.groups = []group{
		{"service", "", services.dearestFirst()}, {"component", "", components.dearestFirst()}, {"vdc", "", vdcs.dearestFirst()},
	}
	for _, tag := range b.Tags {
		byTag := group{kind: "tag", key: tag.Key}
		for _, value := range tag.Values {
			byTag.lines = append(byTag.lines, line{value.Value, value.Cost})
		}
		t.groups = append(t.groups, byTag)
	}
	return t, nil
}

// sums adds up by name.
type sums struct {
	byName   map[string]*bill.Sum
	overflow bool
}

func (s *sums) add(name string, cost bill.Sum) {
	if s.byName == nil {
		s.byName = map[string]*bill.Sum{}
	}
	if s.byName[name] == nil {
		s.byName[name] = new(bill.Sum)
	}
	s.overflow = !s.byName[name].Add(cost) || s.overflow
}

func (s *sums) dearestFirst() []line {
	lines := make([]line, 0, len(s.byName))
	for name, cost := range s.byName {
		lines = append(lines, line{name, *cost})
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(b.cost.Value, a.cost.Value), strings.Compare(a.name, b.name))
	})
	return lines
}
