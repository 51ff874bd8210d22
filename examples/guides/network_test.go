package guides_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A network is all that a program can reach: whatever is dialed is answered by the cloud, over TLS,
// with a certificate of an authority that nobody else trusts. It notes the addresses.
type network struct {
	cloud  *awsfedtest.Cloud
	server *httptest.Server
	root   []byte            // the authority, in PEM
	names  map[string]string // what a resolver says; a name that is not there stays a name

	mu     sync.Mutex
	dialed []string
}

func newNetwork(t *testing.T) *network {
	t.Helper()
	certificate, root := authority(t)
	cloud := awsfedtest.New(pageWorld())
	n := &network{cloud: cloud, root: root, names: make(map[string]string)}
	n.server = httptest.NewUnstartedServer(cloud)
	n.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	n.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it, or go
	n.server.StartTLS()
	t.Cleanup(n.server.Close)
	return n
}

// DialContext is that of a [net.Dialer], with the resolver of the test.
func (n *network) DialContext(ctx context.Context, kind, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if to, ok := n.names[host]; ok {
		address = net.JoinHostPort(to, port)
	}
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	n.mu.Unlock()
	return new(net.Dialer).DialContext(ctx, kind, n.server.Listener.Addr().String())
}

// reached is each address that was dialed, once.
func (n *network) reached() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	slices.Sort(n.dialed)
	return slices.Compact(slices.Clone(n.dialed))
}

// transport trusts the authority.
func (n *network) transport() *http.Transport {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(n.root)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DialContext = n.DialContext
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	return transport
}

// config is that of the page's program, on this network.
func (n *network) config(t *testing.T) awsfed.Config {
	t.Helper()
	cfg := n.cloud.Config()
	cfg.Logger = silent()
	cfg.HTTPClient = &http.Client{Transport: n.transport()}
	t.Cleanup(cfg.HTTPClient.CloseIdleConnections)
	return cfg
}

// gets asserts that a source of cfg gets a token of the service account.
func (n *network) gets(t *testing.T, cfg awsfed.Config) {
	t.Helper()
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	token, err := ts.Token()
	require.NoError(t, err)
	access, err := n.cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, cfg.ServiceAccount, access.Principal)
}

// startProxy starts an HTTP proxy on loopback that leads each CONNECT into the network, and notes
// where to.
func (n *network) startProxy(t *testing.T) (url string) {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "", http.StatusMethodNotAllowed)
			return
		}
		to, err := n.DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			http.Error(w, "", http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		_, _ = io.WriteString(from, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(to, buffered)
			_ = to.(*net.TCPConn).CloseWrite()
		}()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// authority makes an authority, and a certificate of it for the names of this file's tests.
func authority(t *testing.T) (certificate tls.Certificate, root []byte) {
	t.Helper()
	made := func(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		if parentKey == nil {
			parentKey = key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
		require.NoError(t, err)
		return der, key
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of Acme"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, caKey := made(ca, ca, nil)
	leafDER, leafKey := made(&x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		DNSNames: []string{"*.googleapis.com", "*.p.googleapis.com", "*.europe-west3.rep.googleapis.com", "*.eu-central-1.amazonaws.com",
			"*.sts.eu-central-1.vpce.amazonaws.com"},
	}, ca, caKey)
	return tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: leafKey}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
}
