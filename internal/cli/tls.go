package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// tlsListener is a listener of TLS. The portal spoke HTTP/1.1 and so does this:
// HTTP/2 is not offered.
type tlsListener struct{ net.Listener }

const certificateLife = 30 * 24 * time.Hour

// secure wraps a listener in TLS with a certificate for its own address and for
// localhost, signed by an authority that exists only for that. The authority's
// certificate is written to caFile, its key nowhere.
func secure(listener net.Listener, caFile string) (net.Listener, error) {
	authority, authorityKey, err := makeCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Simulated portal authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsUnspecified() {
		leaf.IPAddresses = append(leaf.IPAddresses, address.IP)
	}
	if name, err := os.Hostname(); err == nil {
		leaf.DNSNames = append(leaf.DNSNames, name)
	}
	leaf, key, err := makeCertificate(leaf, authority, authorityKey)
	if err != nil {
		return nil, err
	}
	if caFile != "" {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw})
		if err := os.WriteFile(caFile, text, 0o644); err != nil {
			return nil, fmt.Errorf("write the authority's certificate: %w", err)
		}
	}
	return &tlsListener{tls.NewListener(listener, &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw, authority.Raw}, PrivateKey: key}},
	})}, nil
}

// makeCertificate completes a template and signs it, by itself without a parent.
func makeCertificate(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, nil, fmt.Errorf("make a serial number: %w", err)
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(certificateLife)
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a certificate: %w", err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read the certificate: %w", err)
	}
	return made, key, nil
}
