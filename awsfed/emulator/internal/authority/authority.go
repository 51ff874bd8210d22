// Package authority is a certificate authority for one run of a program. Its key is never written
// anywhere, and its certificate says for which names it may speak, so that a client that trusts it
// trusts it for these alone.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Lifetime is how long the certificates are good.
const Lifetime = 7 * 24 * time.Hour

// Authority issues certificates for its own server. It is made by [New] and safe for concurrent
// use.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey // of the authority
	serverKey   *ecdsa.PrivateKey
	served      []string // names and addresses that every certificate has
}

// New makes an authority for loopback addresses, localhost and the given hosts, which are names or
// IP addresses and come into every certificate, and for domains with all names in them, which come
// into the certificate of a client that asks for them.
func New(hosts, domains []string, now time.Time) (*Authority, error) {
	a := &Authority{served: []string{"localhost", "127.0.0.1", "::1"}}
	template := &x509.Certificate{
		// Each has a name of its own, for clients that trust the authorities of two runs.
		Subject:               pkix.Name{Organization: []string{"awsfed emulator"}, CommonName: "awsfed emulator CA " + now.UTC().Format(time.RFC3339Nano)},
		NotBefore:             now.Add(-time.Hour), // a client's clock may be behind
		NotAfter:              now.Add(Lifetime),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,

		// RFC 5280 §4.2.1.10. A client must refuse what it does not understand of it.
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         append([]string{"localhost"}, domains...),
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	for _, host := range hosts {
		host = strings.ToLower(host)
		if slices.Contains(a.served, host) {
			continue
		}
		a.served = append(a.served, host)
		if ip, err := netip.ParseAddr(host); err == nil {
			ip = ip.Unmap()
			template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(ip.BitLen(), ip.BitLen())})
		} else {
			template.PermittedDNSDomains = append(template.PermittedDNSDomains, host)
		}
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	if a.serverKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	// One more look at what New got: a name that no certificate can have shows here.
	if _, err := a.issue(a.served...); err != nil {
		return nil, fmt.Errorf("making a certificate for %q: %w", a.served, err)
	}
	return a, nil
}

// PEM returns the authority's certificate, for those who are to trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// Config returns the TLS of a server that has a certificate for every name of the authority. A
// client that asks for another name gets one that it must refuse.
func (a *Authority) Config() *tls.Config {
	return &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		names := a.served
		if name := strings.ToLower(hello.ServerName); name != "" && a.speaksFor(name) && !slices.Contains(names, name) {
			names = append(slices.Clone(names), name)
		}
		// A client that goes to an address asks for no name: 127.0.0.2, for example.
		if at, err := netip.ParseAddrPort(hello.Conn.LocalAddr().String()); err == nil && at.Addr().IsLoopback() {
			if ip := at.Addr().Unmap().String(); !slices.Contains(names, ip) {
				names = append(slices.Clone(names), ip)
			}
		}
		return a.issue(names...)
	}}
}

// speaksFor reports whether name is in one of the authority's domains.
func (a *Authority) speaksFor(name string) bool {
	return slices.ContainsFunc(a.certificate.PermittedDNSDomains, func(domain string) bool {
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}

// issue makes a certificate of the server. With P-256 it takes so little time that none is kept.
func (a *Authority) issue(names ...string) (*tls.Certificate, error) {
	template := &x509.Certificate{
		Subject:     pkix.Name{Organization: []string{"awsfed emulator"}},
		NotBefore:   a.certificate.NotBefore,
		NotAfter:    a.certificate.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, a.serverKey.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.serverKey}, nil
}
