package tickets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxBody bounds a webhook's body.
const maxBody = 4 << 20

// webhook is what Alertmanager posts to a webhook receiver (version 4).
type webhook struct {
	Version         string            `json:"version"`
	GroupKey        string            `json:"groupKey"`
	TruncatedAlerts int               `json:"truncatedAlerts"`
	Status          string            `json:"status"`
	Receiver        string            `json:"receiver"`
	GroupLabels     map[string]string `json:"groupLabels"`
	ExternalURL     string            `json:"externalURL"`
	Alerts          []webhookAlert    `json:"alerts"`
}

type webhookAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

const (
	statusFiring   = "firing"
	statusResolved = "resolved"
)

// ServeHTTP takes Alertmanager's webhook. 200 says that it is durable, 400 and 413 that
// it will never be taken, 503 that Alertmanager shall try again.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(w, fmt.Sprintf("the body has more than %d bytes", maxBody), http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	message, err := parseWebhook(body)
	if err != nil {
		b.Metrics.failed(reasonWebhook)
		b.Log.Warn("What was posted to /alerts is no webhook of Alertmanager", "err", err, "from", r.RemoteAddr)
		http.Error(w, "not a webhook of Alertmanager: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := b.receive(message); err != nil {
		b.Metrics.failed(reasonState)
		b.Log.Error("Alerts were not taken; Alertmanager tries again", "err", err)
		http.Error(w, "the alerts cannot be kept now: try again", http.StatusServiceUnavailable)
	}
}

// parseWebhook reads a body. Its errors hold nothing of what the body says.
func parseWebhook(body []byte) (*webhook, error) {
	m := new(webhook)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, jsonError(err)
	}
	switch {
	case m.Version != "4":
		return nil, errors.New(`version is not "4"`)
	case m.GroupKey == "":
		return nil, errors.New("groupKey is missing")
	case m.Status != statusFiring && m.Status != statusResolved:
		return nil, errors.New("status is neither firing nor resolved")
	case len(m.Alerts) == 0:
		return nil, errors.New("alerts is empty")
	}
	for i := range m.Alerts {
		if err := m.Alerts[i].complete(); err != nil {
			return nil, fmt.Errorf("alerts[%d]: %w", i, err)
		}
	}
	return m, nil
}

// jsonError is the error of a body without the body's own words.
func jsonError(err error) error {
	if e := new(json.SemanticError); errors.As(err, &e) {
		return fmt.Errorf("%s at byte %d is not what it should be", pointer(e.JSONPointer), e.ByteOffset)
	}
	if e := new(jsontext.SyntacticError); errors.As(err, &e) {
		return fmt.Errorf("not JSON at byte %d", e.ByteOffset)
	}
	return errors.New("not JSON")
}

// pointer keeps names that the webhook has; others may be anything.
func pointer(p jsontext.Pointer) string {
	known := []string{"version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "externalURL", "alerts",
		"labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}
	name := "the body"
	for token := range p.Tokens() {
		if slices.Contains(known, token) {
			name = token
		}
	}
	return name
}

// complete refuses an alert that says too little, and fills in what follows from the
// rest.
func (a *webhookAlert) complete() error {
	switch {
	case a.Status != statusFiring && a.Status != statusResolved:
		return errors.New("status is neither firing nor resolved")
	case len(a.Labels) == 0:
		return errors.New("labels is empty")
	case a.StartsAt.IsZero():
		return errors.New("startsAt is missing")
	}
	if a.Fingerprint == "" { // before Alertmanager 0.19
		h := sha256.New()
		for _, name := range slices.Sorted(maps.Keys(a.Labels)) {
			fmt.Fprintf(h, "%q=%q\n", name, a.Labels[name])
		}
		a.Fingerprint = hex.EncodeToString(h.Sum(nil)[:8])
	}
	return nil
}

// heard are the alerts of a webhook that may open tickets.
func (b *Bridge) heard(m *webhook, now time.Time) (list []alert) {
	for _, a := range m.Alerts {
		if !slices.ContainsFunc(b.allowed, func(f allowed) bool { return f.matches(a.Labels) }) {
			continue
		}
		h := alert{
			Fingerprint: a.Fingerprint, Firing: a.Status == statusFiring, StartsAt: a.StartsAt.UTC(),
			Labels: a.Labels, Annotations: a.Annotations, GeneratorURL: a.GeneratorURL,
		}
		if !h.Firing {
			if h.EndsAt = a.EndsAt.UTC(); a.EndsAt.IsZero() {
				h.EndsAt = now.UTC()
			}
		}
		list = append(list, h)
	}
	return list
}

var errStopped = errors.New("the bridge has stopped")

// receive makes durable what Alertmanager says, and wakes the worker.
func (b *Bridge) receive(m *webhook) error {
	now := time.Now().UTC()
	alerts := b.heard(m, now)
	if len(alerts) == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return errStopped
	}
	if err := b.load(); err != nil {
		return err
	}
	g := b.groups[m.GroupKey]
	if g == nil {
		if !slices.ContainsFunc(alerts, func(a alert) bool { return a.Firing }) {
			return nil // it is over, and there is no ticket of it
		}
		g = &group{Key: m.GroupKey}
		b.groups[g.Key] = g
	}
	covered, changed := !g.Covered.IsZero(), g.Changed
	g.Labels, g.Receiver, g.ExternalURL = m.GroupLabels, m.Receiver, m.ExternalURL
	g.hear(now, alerts, m.Status == statusResolved, m.TruncatedAlerts == 0)
	if covered && !g.Changed.Equal(changed) {
		b.recountSoon(now)
		b.poke()
	}
	if err := b.save(g); err != nil {
		return err
	}
	if !g.idle() {
		b.poke()
	}
	return nil
}

// poke has the worker look for work.
func (b *Bridge) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
