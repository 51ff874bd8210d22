package guides_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestAProgramReachesTheHostsOfItsTokensAndNoOthers(t *testing.T) {
	for name, test := range map[string]struct {
		use  func(t *testing.T, n *network, cfg awsfed.Config)
		want []string
	}{
		"a federated token": {func(t *testing.T, _ *network, cfg awsfed.Config) {
			cfg.ServiceAccount = ""
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)
		}, []string{"sts.googleapis.com:443"}},
		"a service account's token": {func(t *testing.T, _ *network, cfg awsfed.Config) {
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)
		}, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443"}},
		"an ID token": {func(t *testing.T, _ *network, cfg awsfed.Config) {
			ts, err := awsfed.NewIDTokenSource(t.Context(), cfg, "https://reports.example")
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)
		}, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443"}},
		"a signature": {func(t *testing.T, n *network, cfg awsfed.Config) {
			require.NoError(t, n.cloud.Grant(cfg.ServiceAccount, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+cfg.ServiceAccount))
			signer, err := awsfed.NewSigner(t.Context(), cfg)
			require.NoError(t, err)
			_, err = signer.SignBytes([]byte("a URL"))
			require.NoError(t, err)
		}, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443"}},
		"a Workspace user's token": {func(t *testing.T, n *network, cfg awsfed.Config) {
			require.NoError(t, n.cloud.Grant(cfg.ServiceAccount, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+cfg.ServiceAccount))
			require.NoError(t, n.cloud.AddWorkspaceUser("ada@example.com"))
			require.NoError(t, n.cloud.DelegateDomain(cfg.ServiceAccount, "https://www.googleapis.com/auth/calendar.readonly"))
			cfg.Scopes = []string{"https://www.googleapis.com/auth/calendar.readonly"}
			ts, err := awsfed.NewDelegatedTokenSource(t.Context(), cfg, "ada@example.com")
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)
		}, []string{"iamcredentials.googleapis.com:443", "oauth2.googleapis.com:443", "sts.googleapis.com:443"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			test.use(t, n, n.config(t))
			assert.Equal(t, test.want, n.reached())
		})
	}
}

func TestARegionalEndpointIsReached(t *testing.T) {
	n := newNetwork(t)
	cfg := n.config(t)
	// [regional]
	cfg.TokenURL = "https://sts.europe-west3.rep.googleapis.com/v1/token"
	// [end]
	n.gets(t, cfg)
	assert.Equal(t, []string{"iamcredentials.googleapis.com:443", "sts.europe-west3.rep.googleapis.com:443"}, n.reached())
}

func TestGooglesPrivateNamesInACredentialFileNeedNoPermission(t *testing.T) {
	for _, host := range []string{"sts.europe-west3.rep.googleapis.com", "sts-awsfed.p.googleapis.com"} {
		cfg := awsfedtest.New(pageWorld()).Config()
		cfg.TokenURL = "https://" + host + "/v1/token"
		file, err := cfg.CredentialFile()
		require.NoError(t, err)
		read, err := awsfed.ConfigFromJSON(file, nil)
		require.NoError(t, err)
		assert.Equal(t, cfg.TokenURL, read.TokenURL)
	}
}

func TestNamesOfPrivateServiceConnectAreReached(t *testing.T) {
	n := newNetwork(t)
	cfg := n.config(t)
	// [psc]
	cfg.TokenURL = "https://sts-awsfed.p.googleapis.com/v1/token"
	cfg.IAMCredentialsEndpoint = "https://iamcredentials-awsfed.p.googleapis.com"
	// [end]
	n.names["sts-awsfed.p.googleapis.com"] = "10.10.0.5"
	n.names["iamcredentials-awsfed.p.googleapis.com"] = "10.10.0.5"
	n.gets(t, cfg)
	assert.Equal(t, []string{"10.10.0.5:443"}, n.reached())
}

// [through]
// through leads the names of Google to one address, without DNS; dial is that of a net.Dialer.
func through(address string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, to string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(to)
		if err == nil && strings.HasSuffix(host, ".googleapis.com") {
			to = net.JoinHostPort(address, port)
		}
		return dial(ctx, network, to)
	}
	return transport
}

// [end]

func TestAnAddressStandsForGooglesNamesWithoutDNS(t *testing.T) {
	n := newNetwork(t)
	cfg := n.config(t)
	transport := through("199.36.153.8", n.DialContext)
	transport.Proxy, transport.TLSClientConfig = nil, n.transport().TLSClientConfig
	cfg.HTTPClient = &http.Client{Transport: transport}
	defer cfg.HTTPClient.CloseIdleConnections()
	n.gets(t, cfg)
	assert.Equal(t, []string{"199.36.153.8:443"}, n.reached())
}

func TestDNSAloneLeadsToPrivateAndRestrictedGoogle(t *testing.T) {
	for name, address := range map[string]string{
		"private.googleapis.com": "199.36.153.8", "restricted.googleapis.com": "199.36.153.4",
		"restricted.googleapis.com, over IPv6": "2600:2d00:2:1000::1",
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			n.names["sts.googleapis.com"] = address
			n.names["iamcredentials.googleapis.com"] = address
			n.gets(t, n.config(t))
			assert.Equal(t, []string{net.JoinHostPort(address, "443")}, n.reached())
		})
	}
}

// [proxy]
// viaProxy asks a proxy, such as http://proxy.internal.example:3128, for every host.
func viaProxy(proxy string) (*http.Client, error) {
	address, err := url.Parse(proxy)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(address)
	return &http.Client{Transport: transport}, nil
}

// [end]

func TestAProxyOfOneSourceIsAskedForEveryHost(t *testing.T) {
	n := newNetwork(t)
	proxy := n.startProxy(t)
	client, err := viaProxy(proxy)
	require.NoError(t, err)
	transport := client.Transport.(*http.Transport)
	transport.TLSClientConfig = n.transport().TLSClientConfig
	transport.DialContext = func(ctx context.Context, kind, address string) (net.Conn, error) {
		if "http://"+address != proxy {
			return nil, errors.New("not by the proxy: " + address)
		}
		return new(net.Dialer).DialContext(ctx, kind, address)
	}
	defer client.CloseIdleConnections()
	cfg := n.config(t)
	cfg.HTTPClient = client
	n.gets(t, cfg)
	assert.Equal(t, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443"}, n.reached())
}

// [authority]
// trusting takes the certificates of an authority, which are in a file, besides the system's.
func trusting(file string) (*http.Client, error) {
	authority, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s has no certificate in PEM", file)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	return &http.Client{Transport: transport}, nil
}

// [end]

func TestACompanysAuthorityIsTrusted(t *testing.T) {
	n := newNetwork(t)
	client, err := trusting(writtenFile(t, "acme-ca.pem", string(n.root)))
	require.NoError(t, err)
	transport := client.Transport.(*http.Transport)
	transport.Proxy, transport.DialContext = nil, n.DialContext
	defer client.CloseIdleConnections()
	cfg := n.config(t)
	cfg.HTTPClient = client
	n.gets(t, cfg)
	assert.Equal(t, []string{"iamcredentials.googleapis.com:443", "sts.googleapis.com:443"}, n.reached())
}

func TestWhatAPrivateNetworkSaysWhenItFails(t *testing.T) {
	said := make(map[string]string)
	for name, broken := range map[string]func(t *testing.T, n *network, cfg *awsfed.Config){
		"unknown-authority": func(_ *testing.T, n *network, cfg *awsfed.Config) {
			transport := n.transport()
			transport.TLSClientConfig = nil
			cfg.HTTPClient.Transport = transport
		},
		"no-route": func(_ *testing.T, n *network, cfg *awsfed.Config) {
			transport := n.transport()
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(142, 250, 1, 95), Port: 443}, Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}
			}
			cfg.HTTPClient.Transport = transport
		},
		"no-name": func(_ *testing.T, n *network, cfg *awsfed.Config) {
			cfg.TokenURL = "https://sts-awsfed.p.googleapis.com/v1/token"
			transport := n.transport()
			transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sts-awsfed.p.googleapis.com", Server: "10.0.0.2:53", IsNotFound: true}}
			}
			cfg.HTTPClient.Transport = transport
		},
		"perimeter": func(t *testing.T, n *network, _ *awsfed.Config) {
			fault, ok := awsfedtest.FaultByName("vpc-service-controls")
			require.True(t, ok)
			fault.Inject(n.cloud)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t)
			cfg := n.config(t)
			broken(t, n, &cfg)
			said[name] = inFull(t, firstAttempt(t, cfg))
		})
	}
	if !t.Failed() {
		recorded(t, "network.golden", said)
	}
}

// firstAttempt is what one attempt says, where a TokenSource would make more of them.
func firstAttempt(t *testing.T, cfg awsfed.Config) error {
	t.Helper()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	exchanger, err := awsfed.NewExchanger(cfg, builder)
	require.NoError(t, err)
	impersonator, err := awsfed.NewImpersonator(cfg, exchanger)
	require.NoError(t, err)
	_, err = impersonator.TokenContext(t.Context())
	return err
}
