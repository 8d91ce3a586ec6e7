package testutil

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Alertmanager is a running Alertmanager.
type Alertmanager struct{ *server }

// StartAlertmanager runs Alertmanager, alone and without a cluster port, until
// the test ends.
func StartAlertmanager(t *testing.T, config string) *Alertmanager {
	t.Helper()
	program := Need(t, "prometheus-alertmanager")[0]
	address := FreeAddress(t)
	return &Alertmanager{start(t, address, program,
		"--config.file="+config, "--storage.path="+t.TempDir(), "--web.listen-address="+address,
		"--cluster.listen-address=", "--log.level=warn",
	)}
}

// Notification is what Alertmanager says of one alert.
type Notification struct {
	Status      string            `json:"status"` // firing or resolved
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Receiver    string            `json:"-"`
}

// Webhook receives notifications.
type Webhook struct {
	URL string

	mu       sync.Mutex
	received []Notification
}

// StartWebhook serves a webhook until the test ends.
func StartWebhook(t *testing.T) *Webhook {
	t.Helper()
	w := new(Webhook)
	server := httptest.NewServer(http.HandlerFunc(w.receive))
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

func (w *Webhook) receive(response http.ResponseWriter, r *http.Request) {
	var message struct {
		Receiver string         `json:"receiver"`
		Alerts   []Notification `json:"alerts"`
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range message.Alerts {
		n.Receiver = message.Receiver
		w.received = append(w.received, n)
	}
}

// Received returns all notifications, oldest first.
func (w *Webhook) Received() []Notification {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Notification(nil), w.received...)
}
