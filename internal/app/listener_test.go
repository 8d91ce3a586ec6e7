package app

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/crypto/bcrypt"

	"ukcloud_exporter/internal/config"
	"ukcloud_exporter/internal/logging"
	"ukcloud_exporter/internal/testutil"
	"ukcloud_exporter/portal/simulator"
)

// certificate is of a server on 127.0.0.1, signed by itself, which who asks trusts.
type certificate struct {
	pem, key []byte
	pair     tls.Certificate
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: fmt.Sprintf("test %d", serial)},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := certificate{
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
	if c.pair, err = tls.X509KeyPair(c.pem, c.key); err != nil {
		t.Fatal(err)
	}
	return c
}

// client trusts that certificate alone, and keeps no connection.
func (c certificate) client(most uint16) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.pem)
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: most}, //nolint:gosec // the server decides, and is tried
	}}
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWebConfig: with a file of the exporter toolkit every endpoint wants TLS and a
// password, and a certificate and a password that are replaced are those of the next
// connection, without a restart.
func TestWebConfig(t *testing.T) {
	dir := t.TempDir()
	web := filepath.Join(dir, "web.yml")
	arrange := func(user, secret string) certificate {
		c := newCertificate(t)
		hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, "cert.pem"), c.pem)
		put(t, filepath.Join(dir, "key.pem"), c.key)
		put(t, web, []byte(fmt.Sprintf("tls_server_config: {cert_file: cert.pem, key_file: key.pem}\nbasic_auth_users: {%s: %q}\n", user, hash)))
		return c
	}
	first := arrange("prometheus", "Canary1-of-the-scraper")
	address, logs := listen(t, web)

	ask := func(client *http.Client, method, path, user, secret string) (int, error) {
		request, err := http.NewRequestWithContext(t.Context(), method, "https://"+address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			request.SetBasicAuth(user, secret)
		}
		response, err := client.Do(request)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response.StatusCode, err
	}
	want := func(status int, client *http.Client, method, path, user, secret string) {
		t.Helper()
		if got, err := ask(client, method, path, user, secret); got != status || err != nil {
			t.Errorf("%s %s as %q: %d, %v, want %d", method, path, user, got, err, status)
		}
	}
	client := first.client(0)
	for _, path := range []string{"/", "/status", "/metrics", "/-/healthy", "/debug/pprof/"} {
		want(http.StatusOK, client, http.MethodGet, path, "prometheus", "Canary1-of-the-scraper")
		want(http.StatusUnauthorized, client, http.MethodGet, path, "", "")
		want(http.StatusUnauthorized, client, http.MethodGet, path, "prometheus", "wrong")
		want(http.StatusUnauthorized, client, http.MethodGet, path, "somebody", "Canary1-of-the-scraper")
	}
	want(http.StatusUnauthorized, client, http.MethodPost, "/-/reload", "", "")
	want(http.StatusUnauthorized, client, http.MethodPost, "/alerts", "", "")
	want(http.StatusOK, client, http.MethodPost, "/-/reload", "prometheus", "Canary1-of-the-scraper")
	if _, err := ask(first.client(tls.VersionTLS11), http.MethodGet, "/metrics", "", ""); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if status, _, err := testutil.Get(t.Context(), "http://"+address+"/metrics"); err != nil || status != http.StatusBadRequest {
		t.Errorf("without TLS: %d, %v", status, err)
	}

	second := arrange("prometheus", "Canary2-of-the-scraper")
	want(http.StatusOK, second.client(0), http.MethodGet, "/metrics", "prometheus", "Canary2-of-the-scraper")
	want(http.StatusUnauthorized, second.client(0), http.MethodGet, "/metrics", "prometheus", "Canary1-of-the-scraper")
	if _, err := ask(client, http.MethodGet, "/metrics", "prometheus", "Canary2-of-the-scraper"); err == nil {
		t.Error("the old certificate is shown")
	}
	if strings.Contains(logs.String(), "Canary") {
		t.Errorf("a password is in the log:\n%s", logs)
	}
}

// listen runs a daemon with a file of the exporter toolkit on a real socket, before a
// portal that is not there.
func listen(t *testing.T, web string) (address string, logs *syncBuffer) {
	t.Helper()
	listening, ended, logs := make(chan net.Listener, 1), make(chan error, 1), new(syncBuffer)
	ctx, stop := context.WithCancel(context.Background())
	env := map[string]string{"UKCLOUD_URL": "http://127.0.0.1:1/api", "UKCLOUD_EMAIL": email, "UKCLOUD_PASSWORD": password}
	go func() {
		ended <- Run(ctx, logging.New(logs, logging.Options{Level: "debug"}), Options{
			Load:        func() (*config.Config, error) { return config.Load("", func(name string) string { return env[name] }) },
			MetricsPath: "/metrics", Lifecycle: true, Profiling: true, TimeoutOffset: 500 * time.Millisecond,
			Web:       &toolkit.FlagConfig{WebListenAddresses: &[]string{"127.0.0.1:0"}, WebSystemdSocket: new(bool), WebConfigFile: &web},
			Listening: func(l net.Listener) { listening <- l },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ends with %v", err)
		}
	})
	select {
	case l := <-listening:
		return l.Addr().String(), logs
	case err := <-ended:
		ended <- nil
		t.Fatalf("it does not listen: %v\n%s", err, logs)
	case <-time.After(time.Minute):
		t.Fatalf("it does not listen:\n%s", logs)
	}
	return "", nil
}

// TestSecretsAreReadAgain: the authority of the portal's certificate, a header's
// secret and the password are read again when the portal has new ones: the next
// refresh succeeds, without a restart and without a reload.
func TestSecretsAreReadAgain(t *testing.T) {
	first, second := newCertificate(t), newCertificate(t)
	var shown atomic.Pointer[tls.Certificate]
	shown.Store(&first.pair)
	var gate atomic.Value
	gate.Store("Canary-gate-1")
	var portal atomic.Pointer[simulator.Portal]
	became := func(password string) {
		o := smallEstate()
		o.Password, o.Now = password, time.Now
		next, err := simulator.New(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(next.Close)
		portal.Store(next)
	}
	became("Canary-password-1")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Gate") != gate.Load() {
			http.Error(w, "gate", http.StatusForbidden)
			return
		}
		portal.Load().ServeHTTP(w, r)
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*shown.Load()}}, nil
	}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()

	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	put(t, file("ca.pem"), first.pem)
	put(t, file("gate"), []byte("Canary-gate-1"))
	put(t, file("password"), []byte("Canary-password-1\n"))
	put(t, file("config.yml"), []byte(fmt.Sprintf(`portal:
  url: %s/api
  email: %s
  password_file: password
  timeout: 5s
  http_client:
    tls_config: {ca_file: ca.pem}
    http_headers: {X-Gate: {files: [gate]}}
collectors:
  builds: {min_interval: 1ms}
`, server.URL, email)))
	logs := new(syncBuffer)
	options := Options{
		Load: func() (*config.Config, error) {
			return config.Load(file("config.yml"), func(string) string { return "" })
		},
		MetricsPath: "/metrics", TimeoutOffset: 500 * time.Millisecond,
	}
	only("builds")(&options)
	d, err := start(logging.New(logs, logging.Options{Level: "debug"}), options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}()
	s := &setup{t: t, Daemon: d, handler: d.server().Handler}
	succeeds := func(when string, want bool) {
		t.Helper()
		testutil.Eventually(t, 30*time.Second, func() error {
			body := s.scrape()
			if line := fmt.Sprintf(`ukcloud_collector_success{collector="builds"} %d`, map[bool]int{true: 1}[want]); !strings.Contains(body, line+"\n") {
				return fmt.Errorf("%s: not %s:\n%.3000s", when, line, logs)
			}
			return nil
		})
	}
	succeeds("at first", true)

	shown.Store(&second.pair)
	server.CloseClientConnections()
	succeeds("a certificate of another authority", false)
	put(t, file("ca.pem"), second.pem)
	succeeds("its authority in ca_file", true)

	gate.Store("Canary-gate-2")
	succeeds("another secret of the header", false)
	put(t, file("gate"), []byte("Canary-gate-2"))
	succeeds("the secret in its file", true)

	// The file is there first: a wrong password would be a rejected login, and the next
	// is tried an hour later.
	put(t, file("password"), []byte("Canary-password-2\n"))
	became("Canary-password-2")
	succeeds("another password, and no session", true)
	if strings.Contains(logs.String(), "Canary") {
		t.Errorf("a secret is in the log:\n%s", logs)
	}
}

// TestConnectionsEnd: a connection on which nobody asks any more ends after five
// minutes, and a header without an end is refused.
func TestConnectionsEnd(t *testing.T) {
	t.Run("idle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			clockTo(noon)
			s := newSetup(t, estate(), "", only())
			conn := s.served()()
			response := ask(t, conn, "GET /-/healthy HTTP/1.1\nHost: a")
			if _, err := io.Copy(io.Discard, response.Body); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("read %d, %v", n, err)
			}
			if idle := time.Since(began); idle != 5*time.Minute {
				t.Errorf("closed after %s", idle)
			}
		})
	})
	t.Run("endless header", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			clockTo(noon)
			s := newSetup(t, estate(), "", only())
			conn := s.served()()
			go func() { // as much of it as is read
				_, _ = io.Copy(conn, io.MultiReader(
					strings.NewReader("GET /metrics HTTP/1.1\r\nHost: a\r\nX-Long: "), bytes.NewReader(bytes.Repeat([]byte("x"), 1<<20))))
			}()
			answer, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 431 ") {
				t.Errorf("answered %q, %v", answer, err)
			}
		})
	})
}
