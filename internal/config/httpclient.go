package config

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"ukcloud_exporter/portal"
)

// httpClient holds the keys of Prometheus's HTTPClientConfig that make sense
// towards the portal. The others are in refused.
type httpClient struct {
	TLSConfig            tlsConfig                  `key:"tls_config"`
	ProxyURL             promconfig.URL             `key:"proxy_url" doc:"Proxy for portal calls: http, https or socks5; may hold user and password."`
	NoProxy              string                     `key:"no_proxy" doc:"Comma-separated hosts, networks and domains that are called without the proxy."`
	ProxyFromEnvironment bool                       `key:"proxy_from_environment" doc:"Takes the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY instead."`
	ProxyConnectHeader   map[string][]portal.Secret `key:"proxy_connect_header" doc:"Headers sent to the proxy with CONNECT."`
	EnableHTTP2          bool                       `key:"enable_http2" doc:"Whether HTTP/2 is offered."`
	HTTPHeaders          map[string]httpHeader      `key:"http_headers"`
}

type tlsConfig struct {
	CA                 string                `key:"ca" doc:"CA certificates in PEM that the portal's certificate is checked against, instead of the system's."`
	CAFile             filePath              `key:"ca_file" doc:"File of such CA certificates, read again when it changes."`
	Cert               string                `key:"cert" doc:"Client certificate in PEM."`
	CertFile           filePath              `key:"cert_file" doc:"File of the client certificate, read again when it changes."`
	Key                portal.Secret         `key:"key" doc:"Key of the client certificate in PEM."`
	KeyFile            filePath              `key:"key_file" doc:"File of the client certificate's key, read again when it changes."`
	ServerName         string                `key:"server_name" doc:"Name that the portal's certificate must have, instead of the host of the URL."`
	InsecureSkipVerify bool                  `key:"insecure_skip_verify" doc:"Accepts any certificate; whoever sits in between reads the password."`
	MinVersion         promconfig.TLSVersion `key:"min_version" doc:"Oldest TLS version that is accepted; empty means Go's default."`
	MaxVersion         promconfig.TLSVersion `key:"max_version" doc:"Newest TLS version that is offered; empty means Go's default."`
}

type httpHeader struct {
	Values  []string        `key:"values" doc:"Values of this header of every portal call."`
	Secrets []portal.Secret `key:"secrets" doc:"Values that are never printed."`
	Files   []filePath      `key:"files" doc:"Files that hold a value each, read at every call."`
}

// refused are keys of HTTPClientConfig that would break the login. The portal
// knows a session by its cookies; what it does with an Authorization header is
// not documented, and a 401 to it would count as a rejected login, of which a
// few lock the account.
var refused = map[string]string{
	"portal.http_client.basic_auth":        noAuthorization,
	"portal.http_client.authorization":     noAuthorization,
	"portal.http_client.oauth2":            noAuthorization,
	"portal.http_client.bearer_token":      noAuthorization,
	"portal.http_client.bearer_token_file": noAuthorization,
	"portal.http_client.follow_redirects": "is not supported: an expired session answers with a redirect, " +
		"so the exporter itself decides which to follow and never leaves the host",
}

const noAuthorization = "is not supported: the portal's only login is portal.email with its password"

// ownHeaders are set by the exporter beside those that Prometheus reserves.
var ownHeaders = []string{"Accept", "Cookie", "If-None-Match"}

// config is the same in Prometheus's own type.
func (h httpClient) config() promconfig.HTTPClientConfig {
	c := promconfig.HTTPClientConfig{
		EnableHTTP2: h.EnableHTTP2,
		TLSConfig:   h.TLSConfig.config(),
		ProxyConfig: promconfig.ProxyConfig{
			ProxyURL:             h.ProxyURL,
			NoProxy:              h.NoProxy,
			ProxyFromEnvironment: h.ProxyFromEnvironment,
		},
	}
	for name, values := range h.ProxyConnectHeader {
		if c.ProxyConnectHeader == nil {
			c.ProxyConnectHeader = promconfig.ProxyHeader{}
		}
		c.ProxyConnectHeader[name] = reveal(values)
	}
	for name, header := range h.HTTPHeaders {
		if c.HTTPHeaders == nil {
			c.HTTPHeaders = &promconfig.Headers{Headers: map[string]promconfig.Header{}}
		}
		c.HTTPHeaders.Headers[name] = promconfig.Header{
			Values: header.Values, Secrets: reveal(header.Secrets), Files: plain(header.Files),
		}
	}
	return c
}

func (t tlsConfig) config() promconfig.TLSConfig {
	return promconfig.TLSConfig{
		CA: t.CA, CAFile: string(t.CAFile),
		Cert: t.Cert, CertFile: string(t.CertFile),
		Key: promconfig.Secret(t.Key.Reveal()), KeyFile: string(t.KeyFile),
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify,
		MinVersion:         t.MinVersion,
		MaxVersion:         t.MaxVersion,
	}
}

func reveal(secrets []portal.Secret) []promconfig.Secret {
	var out []promconfig.Secret
	for _, s := range secrets {
		out = append(out, promconfig.Secret(s.Reveal()))
	}
	return out
}

func plain[T ~string](texts []T) []string {
	var out []string
	for _, t := range texts {
		out = append(out, string(t))
	}
	return out
}

// checkHTTPClient checks what one key alone does not show. Prometheus's own
// checks name keys, never values; its errors about certificates quote what they
// found, so those are made here.
func (l *loader) checkHTTPClient(h httpClient) {
	const path = "portal.http_client"
	c := h.config()
	if err := c.ProxyConfig.Validate(); err != nil {
		l.add(path, err.Error())
	}
	if u := h.ProxyURL.URL; u != nil && (u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)) {
		l.add(path+".proxy_url", "is not an http, https or socks5 URL with a host")
	}
	l.checkTLS(path+".tls_config", c.TLSConfig)
	for _, name := range slices.Sorted(maps.Keys(h.HTTPHeaders)) {
		header, at := h.HTTPHeaders[name], path+".http_headers."+name
		canonical := http.CanonicalHeaderKey(name)
		if _, reserved := promconfig.ReservedHeaders[canonical]; reserved || slices.Contains(ownHeaders, canonical) {
			l.add(at, "is a header that the exporter sets itself")
		}
		if len(header.Values)+len(header.Secrets)+len(header.Files) == 0 {
			l.add(at, "has no values")
		}
		for _, file := range header.Files {
			if _, err := os.ReadFile(string(file)); err != nil {
				l.add(at+".files", fileReason(err))
			}
		}
		for _, value := range slices.Concat(header.Values, plain(reveal(header.Secrets))) {
			if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				l.add(at, "holds a control character")
			}
		}
	}
}

// checkTLS reads the certificates, so that a missing file is found at start and
// not at the first call.
func (l *loader) checkTLS(path string, c promconfig.TLSConfig) {
	if err := c.Validate(); err != nil {
		l.add(path, err.Error())
		return
	}
	if c.MinVersion != 0 && c.MaxVersion != 0 && c.MaxVersion < c.MinVersion {
		l.add(path+".max_version", "is older than min_version")
	}
	ca, caKey, caOK := l.pem(path, "ca", c.CA, c.CAFile)
	if caOK && ca != nil && !x509.NewCertPool().AppendCertsFromPEM(ca) {
		l.add(caKey, "holds no PEM certificate")
	}
	cert, _, certOK := l.pem(path, "cert", c.Cert, c.CertFile)
	key, keyKey, keyOK := l.pem(path, "key", string(c.Key), c.KeyFile)
	if certOK && keyOK && cert != nil {
		if _, err := tls.X509KeyPair(cert, key); err != nil {
			l.add(keyKey, "and the client certificate are not a pair in PEM")
		}
	}
}

// pem returns what stands in the key or in the file that its twin with _file
// names, nil when both are left out, and which of the two it is.
func (l *loader) pem(path, key, inline, file string) (data []byte, at string, ok bool) {
	if inline != "" || file == "" {
		if inline != "" {
			data = []byte(inline)
		}
		return data, path + "." + key, true
	}
	at = path + "." + key + "_file"
	data, err := os.ReadFile(file)
	if err != nil {
		l.add(at, fileReason(err))
		return nil, at, false
	}
	return data, at, true
}
