package examples_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

var _ credentials.PerRPCCredentials = (*awsfed.TokenSource)(nil)

// serveGRPC serves gRPC's health service over TLS on loopback to callers whose bearer token the
// judge has no error for. dial gives a client of it.
func serveGRPC(t *testing.T, judge func(ctx context.Context, bearer string) error) (dial func(...grpc.DialOption) healthpb.HealthClient) {
	t.Helper()
	certified := httptest.NewUnstartedServer(nil) // for its certificate
	certified.StartTLS()
	t.Cleanup(certified.Close)

	intercept := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		received, _ := metadata.FromIncomingContext(ctx)
		bearer := strings.TrimPrefix(strings.Join(received.Get("authorization"), ","), "Bearer ")
		if err := judge(ctx, bearer); err != nil {
			return nil, status.Error(codes.Unauthenticated, err.Error())
		}
		return handle(ctx, req)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])), grpc.UnaryInterceptor(intercept))
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)

	roots := certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return func(options ...grpc.DialOption) healthpb.HealthClient {
		options = append(options, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, "example.com")))
		conn, err := grpc.NewClient(listener.Addr().String(), options...)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, conn.Close()) })
		return healthpb.NewHealthClient(conn)
	}
}

// A gRPC service that lets in whom the cloud knows, as Google's APIs do, called with a TokenSource
// as it is.
func TestATokenSourceIsGRPCsPerRPCCredentials(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	dial := serveGRPC(t, func(_ context.Context, bearer string) error {
		_, err := cloud.Check(bearer)
		return err
	})
	_, err := dial().Check(t.Context(), &healthpb.HealthCheckRequest{})
	assert.Equal(t, codes.Unauthenticated, status.Code(err), "nobody")
	_, err = dial(grpc.WithPerRPCCredentials(newSource(t, cloud))).Check(t.Context(), &healthpb.HealthCheckRequest{})
	assert.NoError(t, err)
}
