package cloudauth_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"cloud.google.com/go/storage"
	control "cloud.google.com/go/storage/control/apiv2"
	"cloud.google.com/go/storage/control/apiv2/controlpb"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"
	"google.golang.org/api/option/internaloption"
	htransport "google.golang.org/api/transport/http"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/test/bufconn"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A caller makes one request.
type caller func(context.Context) error

// A wire connects clients to an api.
type wire struct {
	*api
	base http.RoundTripper // nil for the network
	url  string            // of the api over HTTP, on the network
	dial func() (net.Conn, error)
	tls  credentials.TransportCredentials
}

// inProcess is for a bubble: no sockets. The certificate comes from outside, since its server has
// one.
func inProcess(t *testing.T, cloud *awsfedtest.Cloud, certified *httptest.Server) *wire {
	a := &api{cloud: cloud}
	cloud.Handle("storage.googleapis.com", a)
	listener := bufconn.Listen(1 << 16)
	a.serveGRPC(t, listener, certified)
	return &wire{api: a, base: cloud.Client().Transport, dial: listener.Dial, tls: clientTLS(certified)}
}

// onLoopback has sockets.
func onLoopback(t *testing.T, cloud *awsfedtest.Cloud) *wire {
	a := &api{cloud: cloud}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	certified := newCertified(t)
	a.serveGRPC(t, listener, certified)
	dial := func() (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) }
	return &wire{api: a, url: server.URL + "/storage/v1/", dial: dial, tls: clientTLS(certified)}
}

// newCertified is a server with a certificate for example.com.
func newCertified(t *testing.T) *httptest.Server {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func clientTLS(certified *httptest.Server) credentials.TransportCredentials {
	roots := x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	return credentials.NewTLS(&tls.Config{RootCAs: roots, ServerName: "example.com"})
}

// storage is the real client of Cloud Storage, over HTTP.
func (w *wire) storage(t *testing.T, options ...option.ClientOption) caller {
	ctx := context.Background()
	if w.base != nil {
		// What storage.NewClient does, but for the base.
		transport, err := htransport.NewTransport(ctx, w.base, append(options, internaloption.EnableNewAuthLibrary())...)
		require.NoError(t, err)
		return storageWith(t, &http.Client{Transport: transport})
	}
	return storageClient(t, append(options, option.WithEndpoint(w.url))...)
}

func storageWith(t *testing.T, client *http.Client) caller {
	return storageClient(t, option.WithHTTPClient(client))
}

func storageClient(t *testing.T, options ...option.ClientOption) caller {
	client, err := storage.NewClient(context.Background(), options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return func(ctx context.Context) error {
		_, err := client.Buckets(ctx, "my-project").Next()
		return err
	}
}

// control is the real client of Storage Control, over gRPC.
func (w *wire) control(t *testing.T, options ...option.ClientOption) caller {
	options = append(options, option.WithEndpoint("passthrough:///api"))
	for _, o := range w.dialOptions() {
		options = append(options, option.WithGRPCDialOption(o))
	}
	client, err := control.NewStorageControlClient(context.Background(), options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return func(ctx context.Context) error {
		_, err := client.GetFolder(ctx, &controlpb.GetFolderRequest{Name: folder})
		return err
	}
}

func (w *wire) dialOptions() []grpc.DialOption {
	dial := func(context.Context, string) (net.Conn, error) { return w.dial() }
	return []grpc.DialOption{grpc.WithContextDialer(dial), grpc.WithTransportCredentials(w.tls)}
}

func newSource(t *testing.T, cloud *awsfedtest.Cloud) *awsfed.TokenSource {
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	require.NoError(t, err)
	return ts
}
