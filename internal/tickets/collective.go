package tickets

import (
	"fmt"
	"strings"
	"time"
)

// The collective ticket stands for the groups that got none of their own, because
// max_new_per_hour were opened already. It is a group like others, whose alerts are
// those groups.
const collectiveKey = " collective" // no groupKey begins with a blank

const (
	// collectiveWait is how long the groups that come with the first one are waited
	// for, so that the ticket says how many they are.
	collectiveWait = time.Minute
	// collectivePause is the least time between two things that are said on it.
	collectivePause = 10 * time.Minute
)

// free is how many tickets may be opened now. Those that have their place and are not
// opened yet count.
func (b *Bridge) free(now time.Time) int {
	free := b.Settings.MaxNewPerHour
	for _, g := range b.groups {
		if g.Key == collectiveKey {
			continue
		}
		if !g.Start.IsZero() {
			free--
		}
		for _, at := range g.Opened {
			if now.Sub(at) < time.Hour {
				free--
			}
		}
	}
	return max(free, 0)
}

// cover gives a group to the collective ticket, durably.
func (b *Bridge) cover(g *group, now time.Time) error {
	g.Covered, g.DryRun, g.Start, g.Changed = now, b.Settings.DryRun, time.Time{}, now
	for i := range g.Alerts {
		g.Alerts[i].Told = true
	}
	b.recountSoon(now)
	if err := b.save(g); err != nil {
		return err
	}
	b.Metrics.failed(reasonBrake)
	b.Log.Warn("No ticket for a group of alerts: max_new_per_hour have been opened; the collective ticket stands for it", "group", g.name())
	return nil
}

// recountSoon has collect look again a little later: groups come in crowds.
func (b *Bridge) recountSoon(now time.Time) {
	if b.recount.IsZero() {
		b.recount = now.Add(5 * time.Second)
	}
}

// collect brings the collective group up to date with the groups that are covered.
func (b *Bridge) collect(now time.Time) {
	collective := b.groups[collectiveKey]
	var alerts []alert
	covered := map[string]bool{}
	for _, g := range b.groups {
		if g.Covered.IsZero() {
			continue
		}
		a := alert{
			Fingerprint: fileName(g.Key), Firing: g.firing(), StartsAt: g.Covered, Since: now,
			Labels: map[string]string{"alertname": "", "group": g.name()},
		}
		if len(g.Alerts) > 0 {
			a.Labels["alertname"] = g.Alerts[0].Labels["alertname"]
		}
		if !a.Firing {
			a.EndsAt = now
		}
		covered[a.Fingerprint] = true
		alerts = append(alerts, a)
	}
	if collective == nil {
		if len(alerts) == 0 {
			return
		}
		collective = &group{Key: collectiveKey, Changed: now}
		b.groups[collectiveKey] = collective
	}
	for _, a := range collective.Alerts { // a group that has a ticket of its own by now, or is forgotten
		if a.Firing && !covered[a.Fingerprint] {
			a.Firing, a.EndsAt, a.Since = false, now, now
			alerts = append(alerts, a)
		}
	}
	collective.hear(now, alerts, false, true)
	collective.mind(now)
}

// collectiveFrom is when the collective ticket may say what it has to.
func (b *Bridge) collectiveFrom(g *group, now time.Time) time.Time {
	switch t := g.Ticket; {
	case g.Intent != nil:
	case t == nil || !t.Ended.IsZero():
		return g.Waiting.Add(collectiveWait)
	case g.next(now, b.Settings) == tell:
		return t.SaidAt.Add(collectivePause)
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// collectiveText is what the collective ticket says: how many groups it stands for, and
// which.
func (g *group) collectiveText(i *intent, limit int) {
	d := g.data()
	switch i.Kind {
	case create:
		i.Summary = marked(i.Mark, clean(fmt.Sprintf("%d more groups of alerts: %s", len(d.New), kinds(d.New)), maxDetails), maxSummary)
		i.Text = fmt.Sprintf("More than %d tickets an hour are not opened (max_new_per_hour). This one stands for %d more groups of alerts:\n%s",
			limit, len(d.New), clean(groupList(d.New), maxDetails))
	case tell:
		i.Text = marked(i.Mark, clean(fmt.Sprintf("%d more groups of alerts; this ticket stands for %d that fire now:\n%s",
			len(d.New), len(d.Firing), groupList(d.New)), maxNote), maxNote)
	case tellBetter:
		i.Text = marked(i.Mark, fmt.Sprintf("All %d groups of alerts that this ticket stood for are resolved, or have one of their own.", len(d.Alerts)), maxNote)
	}
}

func kinds(alerts Alerts) string {
	var list []string
	seen := map[string]bool{}
	for _, a := range alerts {
		if name := alertWords(a.Labels["alertname"]); !seen[name] && len(list) < 5 {
			seen[name] = true
			list = append(list, name)
		}
	}
	return strings.Join(list, ", ")
}

func groupList(alerts Alerts) string {
	const most = 100
	var b strings.Builder
	for _, a := range alerts[:min(len(alerts), most)] {
		fmt.Fprintf(&b, "- %s\n", a.Labels["group"])
	}
	if more := len(alerts) - most; more > 0 {
		fmt.Fprintf(&b, "and %d more.\n", more)
	}
	return b.String()
}
