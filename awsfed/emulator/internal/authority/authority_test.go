package authority_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/authority"
)

func newAuthority(t *testing.T) (*authority.Authority, *x509.CertPool) {
	t.Helper()
	ca, err := authority.New([]string{"Emulator", "192.0.2.7", "2001:db8::7", "::ffff:192.0.2.8"}, []string{"googleapis.com", "amazonaws.com"}, time.Now())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca.PEM()))
	return ca, roots
}

// handshake asks a server of the authority at addr for a name.
func handshake(t *testing.T, ca *authority.Authority, roots *x509.CertPool, addr, name string) error {
	t.Helper()
	listener, err := tls.Listen("tcp", addr, ca.Config())
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			_ = connection.(*tls.Conn).Handshake()
			connection.Close()
		}
	}()
	client, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: name})
	if err != nil {
		return err
	}
	return client.Close()
}

func TestTheServerHasACertificateForEveryNameThatItServes(t *testing.T) {
	ca, roots := newAuthority(t)
	for _, name := range []string{
		"localhost", "127.0.0.1", "::1", "emulator", "192.0.2.7", "192.0.2.8", "2001:db8::7",
		"sts.googleapis.com", "sts.europe-west1.rep.googleapis.com", "STS.eu-central-1.amazonaws.com",
	} {
		assert.NoError(t, handshake(t, ca, roots, "127.0.0.1:0", name), name)
	}
	assert.NoError(t, handshake(t, ca, roots, "127.0.0.2:0", "127.0.0.2"))
}

func TestTheServerHasNoCertificateForOtherNames(t *testing.T) {
	ca, roots := newAuthority(t)
	for _, name := range []string{"example.com", "notgoogleapis.com", "googleapis.com.example.com", "192.0.2.9"} {
		assert.ErrorAs(t, handshake(t, ca, roots, "127.0.0.1:0", name), new(x509.HostnameError), name)
	}
}

func TestACertificateOfTheAuthorityForOtherNamesIsRefused(t *testing.T) {
	ca, roots := newAuthority(t)
	verify := func(name string) error {
		issued, err := ca.Issue(name)
		require.NoError(t, err)
		certificate, err := x509.ParseCertificate(issued.Certificate[0])
		require.NoError(t, err)
		_, err = certificate.Verify(x509.VerifyOptions{DNSName: name, Roots: roots})
		return err
	}
	for _, name := range []string{"storage.googleapis.com", "127.9.9.9"} {
		assert.NoError(t, verify(name), name)
	}
	for _, name := range []string{
		"example.com", "notgoogleapis.com", "emulator.example.internal", "accounts.google.com", "console.aws.amazon.com",
		"192.0.2.9", "2001:db8::8", "169.254.169.254",
	} {
		err := verify(name)
		refusal, ok := errors.AsType[x509.CertificateInvalidError](err)
		require.True(t, ok, "%s: %v", name, err)
		assert.Equal(t, x509.CANotAuthorizedForThisName, refusal.Reason, name)
	}
}

func TestTheAuthorityEndsInDaysAndSignsNoOther(t *testing.T) {
	ca, _ := newAuthority(t)
	block, rest := pem.Decode(ca.PEM())
	assert.Empty(t, rest, "nothing but the certificate")
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(authority.Lifetime), certificate.NotAfter, time.Minute)
	assert.Equal(t, elliptic.P256(), certificate.PublicKey.(*ecdsa.PublicKey).Curve)
	assert.True(t, certificate.MaxPathLenZero)
	assert.True(t, certificate.PermittedDNSDomainsCritical)
	assert.Equal(t, x509.KeyUsageCertSign, certificate.KeyUsage)
	for _, ipRange := range certificate.PermittedIPRanges {
		ones, bits := ipRange.Mask.Size()
		assert.True(t, ones == bits || ipRange.IP.Equal(net.IPv4(127, 0, 0, 0)), ipRange)
	}
}

func TestAHostThatNoCertificateCanHaveIsAnError(t *testing.T) {
	_, err := authority.New([]string{"bücher.example"}, nil, time.Now())
	require.Error(t, err)
}
