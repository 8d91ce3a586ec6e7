package dashboards_test
import ("testing";"fmt";"os")
func TestDump(t *testing.T) {
	f,_:=os.Create("/tmp/p/dump.txt"); defer f.Close()
	prometheus,_ := dayInPrometheus(t)
	for _, d := range load(t) { for _, p := range d.panels() { fmt.Fprintf(f,"== %s / %s [%s]\n", d.UID,p.Title,p.FieldConfig.Defaults.Unit)
		for _, q := range p.Targets {
			if q.Instant { s,err:=prometheus.Query(t.Context(), everything.interpolate(q.Expr), end()); fmt.Fprintln(f," ",q.RefID,len(s),err); for i,x := range s { if i<4 { delete(x.Metric,"job");delete(x.Metric,"instance"); fmt.Fprintln(f,"     ",x.Metric,x.Value[1]) } }
			} else { s,err:=prometheus.QueryRange(t.Context(), everything.interpolate(q.Expr), end().Add(-length), end(), interval*12); fmt.Fprintln(f," ",q.RefID,len(s),err); for i,x := range s { if i<4 { delete(x.Metric,"job");delete(x.Metric,"instance"); fmt.Fprint(f,"     ",x.Metric); for _,v:=range x.Values { fmt.Fprint(f," ",v[1]) }; fmt.Fprintln(f) } } }
		} } }
}
