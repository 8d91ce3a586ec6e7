package tickets

import (
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"time"
)

// group is one of Alertmanager's groups with its ticket: a file of the journal.
type group struct {
	Key         string            `json:"key"` // Alertmanager's groupKey
	Labels      map[string]string `json:"labels,omitzero"`
	Receiver    string            `json:"receiver,omitzero"`
	ExternalURL string            `json:"external_url,omitzero"`
	Alerts      []alert           `json:"alerts,omitzero"` // by fingerprint

	Ticket  *ticket     `json:"ticket,omitzero"`
	Start   time.Time   `json:"start,omitzero"`   // of the ticket that is to be opened; its mark comes from it
	Opened  []time.Time `json:"opened,omitzero"`  // when tickets were opened for it, while the brake counts them
	Intent  *intent     `json:"intent,omitzero"`  // what was about to be sent
	Waiting time.Time   `json:"waiting,omitzero"` // since when something is to be done; zero is nothing
	Changed time.Time   `json:"changed,omitzero"` // when anything came about last

	// Covered since then by the collective ticket, for want of one of its own.
	Covered time.Time `json:"covered,omitzero"`
	DryRun  bool      `json:"dry_run,omitzero"` // Ticket or Covered are words of a dry run

	// What a restart may forget.
	saved     string    // what the file holds for certain
	notBefore time.Time // when the next attempt may be
	attempts  int       // that failed in a row
	failed    bool      // the last one was refused by the portal
	lastError string
	held      string // of a real ticket, said once in a dry run
}

// alert is what was last heard of one alert.
type alert struct {
	Fingerprint  string            `json:"fingerprint"`
	Firing       bool              `json:"firing"`
	Told         bool              `json:"told"` // that it fires, on the ticket
	Since        time.Time         `json:"since"`
	StartsAt     time.Time         `json:"starts_at"`
	EndsAt       time.Time         `json:"ends_at,omitzero"` // when it was resolved
	Labels       map[string]string `json:"labels,omitzero"`
	Annotations  map[string]string `json:"annotations,omitzero"`
	GeneratorURL string            `json:"generator_url,omitzero"`
}

// ticket is a ticket that the bridge opened.
type ticket struct {
	ID           string    `json:"id"`
	Mark         string    `json:"mark"`
	Start        time.Time `json:"start"`
	Opened       time.Time `json:"opened"`
	Notes        int       `json:"notes"`         // that it has from the bridge
	SaidResolved bool      `json:"said_resolved"` // the last note said that all is resolved
	SaidAt       time.Time `json:"said_at"`       // when something was said last
	Ended        time.Time `json:"ended,omitzero"`
}

// kind is what may be done.
type kind string

const (
	nothing    kind = ""
	create     kind = "create"
	tell       kind = "note"     // a note that alerts fire
	tellBetter kind = "resolved" // a note that all is resolved
	closing    kind = "close"
	reopen     kind = "reopen"
)

// intent is a call that is about to be made.
type intent struct {
	Kind    kind      `json:"kind"`
	At      time.Time `json:"at"`
	Mark    string    `json:"mark,omitzero"` // what the summary or the note begins with
	Summary string    `json:"summary,omitzero"`
	Text    string    `json:"text,omitzero"` // details or note
	Tells   []telling `json:"tells,omitzero"`
	Witness string    `json:"witness,omitzero"` // a ticket that the portal listed before a new one was asked for
}

// telling names an alert of which a text speaks.
type telling struct {
	Fingerprint string    `json:"fingerprint"`
	StartsAt    time.Time `json:"starts_at"`
}

// next is what the ticket lacks. It does not depend on the time, but for reopenWithin:
// whether a new ticket takes the place of one that has ended.
func (g *group) next(now time.Time, s Settings) kind {
	untold, t := g.untold(), g.Ticket
	switch {
	case !g.Covered.IsZero():
		return nothing // the collective ticket speaks for it
	case len(untold) > 0 && (t == nil || !t.Ended.IsZero() && now.Sub(t.Ended) > s.ReopenWithin):
		return create
	case len(untold) > 0:
		return tell
	case t == nil || !t.Ended.IsZero() || g.firing():
		return nothing
	case !t.SaidResolved:
		return tellBetter
	case s.Close:
		return closing
	}
	return nothing
}

// idle reports whether nothing is to be done.
func (g *group) idle() bool { return g.Waiting.IsZero() }

// mind brings Waiting up to date. A ticket that needs no closing any more than a note
// ends with that note, so the answer is the same for every setting.
func (g *group) mind(now time.Time) {
	t := g.Ticket
	work := g.Covered.IsZero() &&
		(len(g.untold()) > 0 || t != nil && t.Ended.IsZero() && !g.firing())
	switch {
	case !work && g.Intent == nil:
		g.Waiting = time.Time{}
	case g.Waiting.IsZero():
		g.Waiting = now
	}
}

func (g *group) untold() (list []alert) {
	for _, a := range g.Alerts {
		if !a.Told {
			list = append(list, a)
		}
	}
	return list
}

func (g *group) firing() bool {
	return slices.ContainsFunc(g.Alerts, func(a alert) bool { return a.Firing })
}

// retryWindow is longer than Alertmanager tries to deliver what it had to say at some
// moment: the group_interval, five minutes by default. What another Alertmanager of the
// cluster says with more delay than that is news.
const retryWindow = 5 * time.Minute

// hear takes what Alertmanager says of the group. resolved is what it says of the whole
// group; complete is false where alerts were left out of it.
func (g *group) hear(now time.Time, alerts []alert, resolved, complete bool) {
	wasFiring := g.firing()
	heard := map[string]bool{}
	for _, a := range alerts {
		heard[a.Fingerprint] = true
		a.Since = now
		if g.hearAlert(a) {
			g.Changed = now
		}
	}
	if resolved && complete {
		for i := range g.Alerts {
			a := &g.Alerts[i]
			// One that Alertmanager has forgotten; or another Alertmanager told of it
			// just now.
			if a.Firing && !heard[a.Fingerprint] && now.Sub(a.Since) >= retryWindow {
				a.Firing, a.Since, a.EndsAt, g.Changed = false, now, now, now
			}
		}
	}
	if !g.Covered.IsZero() {
		g.hearCovered(wasFiring)
	}
	g.forget(now)
}

// hearCovered: what joins a group that the collective ticket stands for is not told one
// by one; a group that comes back asks for a ticket of its own.
func (g *group) hearCovered(wasFiring bool) {
	if !wasFiring && g.firing() {
		g.Covered = time.Time{}
		return
	}
	for i := range g.Alerts {
		g.Alerts[i].Told = true
	}
}

// hearAlert takes what is said of one alert and reports whether that was news. It is
// not when it is older than what is known: two Alertmanagers of a cluster tell of one
// group, and each tries again for a while what it had to say once.
func (g *group) hearAlert(a alert) (news bool) {
	i, known := slices.BinarySearchFunc(g.Alerts, a.Fingerprint, func(a alert, f string) int { return strings.Compare(a.Fingerprint, f) })
	if !known {
		a.Told = !a.Firing // what was over before it was heard of is not worth a ticket
		g.Alerts = slices.Insert(g.Alerts, i, a)
		return true
	}
	old := &g.Alerts[i]
	switch {
	case old.Firing == a.Firing: // a repeat; what is written about it may have changed
		old.Labels, old.Annotations, old.GeneratorURL = a.Labels, a.Annotations, a.GeneratorURL
		return false
	case a.Firing:
		if news = !a.StartsAt.Before(old.EndsAt) || a.Since.Sub(old.Since) >= retryWindow; news {
			*old = a
		}
	default:
		if news = !a.EndsAt.Before(old.StartsAt); news {
			old.Firing, old.Since, old.EndsAt = false, a.Since, a.EndsAt
		}
	}
	return news
}

// forgetAfter is how long an alert is remembered that is over and was told.
const forgetAfter = 24 * time.Hour

// forget drops alerts that are long over, so that a group that never ends stays small.
func (g *group) forget(now time.Time) {
	g.Alerts = slices.DeleteFunc(g.Alerts, func(a alert) bool {
		return !a.Firing && a.Told && now.Sub(a.Since) > forgetAfter
	})
}

// over reports whether the group may be forgotten.
func (g *group) over(now time.Time, s Settings) bool {
	return g.idle() && !g.firing() && (g.Ticket == nil || !g.Ticket.Ended.IsZero()) &&
		now.Sub(g.Changed) > max(s.ReopenWithin, time.Hour)
}

// begin sets the start of the ticket that is to be opened: that of its first alert, and
// later than that of the ticket before.
func (g *group) begin() {
	if !g.Start.IsZero() {
		return
	}
	for _, a := range g.untold() {
		if g.Start.IsZero() || a.StartsAt.Before(g.Start) {
			g.Start = a.StartsAt
		}
	}
	if t := g.Ticket; t != nil && !g.Start.After(t.Start) {
		g.Start = t.Start.Add(1)
	}
}

// mark is what the summary of a ticket begins with, and by which it is found again. It
// stands in front because nobody knows how long a summary the portal keeps.
func (g *group) mark() string {
	sum := sha256.Sum256([]byte("ukcloud_exporter ticket\x00" + g.Key + "\x00" + g.Start.UTC().Format(time.RFC3339Nano)))
	return markOpens + "ukx-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:10] + "]"
}

// done notes that what an intent was for has been done at the portal: by this call, or
// by one before.
func (g *group) done(i *intent, now time.Time, ticketID string, s Settings) {
	g.Intent = nil
	g.Changed = now
	switch t := g.Ticket; i.Kind {
	case create:
		g.Ticket = &ticket{ID: ticketID, Mark: i.Mark, Start: g.Start, Opened: now, SaidAt: now}
		g.Start = time.Time{}
		g.Opened = append(g.Opened, now)
	case tell:
		t.Notes, t.SaidResolved, t.SaidAt, t.Ended = t.Notes+1, false, now, time.Time{}
	case tellBetter:
		t.Notes, t.SaidResolved, t.SaidAt = t.Notes+1, true, now
		if !s.Close {
			t.Ended = now
		}
	case closing:
		t.Ended = now
	case reopen:
		t.Ended, t.SaidAt = time.Time{}, now
	}
	for _, told := range i.Tells {
		for j := range g.Alerts {
			if a := &g.Alerts[j]; a.Fingerprint == told.Fingerprint && a.StartsAt.Equal(told.StartsAt) {
				a.Told = true
			}
		}
	}
}

// leaveDryRun forgets the tickets that a dry run only spoke of. What still fires gets a
// real one.
func (g *group) leaveDryRun() {
	if !g.DryRun {
		return
	}
	g.Ticket, g.Intent, g.Opened, g.Covered, g.Start, g.DryRun = nil, nil, nil, time.Time{}, time.Time{}, false
	g.Alerts = slices.DeleteFunc(g.Alerts, func(a alert) bool { return !a.Firing || g.Key == collectiveKey })
	for i := range g.Alerts {
		g.Alerts[i].Told = false
	}
}
