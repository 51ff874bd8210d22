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

// A gRPC service that lets in whom the cloud knows, as Google's APIs do, called with a TokenSource
// as it is.
func TestATokenSourceIsGRPCsPerRPCCredentials(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	certified := httptest.NewUnstartedServer(nil) // for its certificate
	certified.StartTLS()
	defer certified.Close()

	judge := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		received, _ := metadata.FromIncomingContext(ctx)
		bearer := strings.TrimPrefix(strings.Join(received.Get("authorization"), ","), "Bearer ")
		if _, err := cloud.Check(bearer); err != nil {
			return nil, status.Error(codes.Unauthenticated, err.Error())
		}
		return handle(ctx, req)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])), grpc.UnaryInterceptor(judge))
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	defer server.Stop()

	roots := certified.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	dial := func(options ...grpc.DialOption) healthpb.HealthClient {
		options = append(options, grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, "example.com")))
		conn, err := grpc.NewClient(listener.Addr().String(), options...)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, conn.Close()) })
		return healthpb.NewHealthClient(conn)
	}
	_, err = dial().Check(t.Context(), &healthpb.HealthCheckRequest{})
	assert.Equal(t, codes.Unauthenticated, status.Code(err), "nobody")
	_, err = dial(grpc.WithPerRPCCredentials(newSource(t, cloud))).Check(t.Context(), &healthpb.HealthCheckRequest{})
	assert.NoError(t, err)
}
