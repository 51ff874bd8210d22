package cloudauth_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/storage/control/apiv2/controlpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// An api is Cloud Storage for callers that a cloud knows: over HTTP it lists one bucket, over gRPC
// it has every folder.
type api struct {
	controlpb.UnimplementedStorageControlServer
	cloud *awsfedtest.Cloud

	mu       sync.Mutex
	requests []request
}

// A request is what an api let in.
type request struct {
	principal    string
	token        string
	quotaProject string
}

// last is the newest request; the zero value when there was none.
func (a *api) last() request {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.requests) == 0 {
		return request{}
	}
	return a.requests[len(a.requests)-1]
}

func (a *api) admit(authorization, quotaProject string) error {
	token := strings.TrimPrefix(authorization, "Bearer ")
	access, err := a.cloud.Check(token)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, request{access.Principal, token, quotaProject})
	return nil
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.admit(r.Header.Get("Authorization"), r.Header.Get("X-Goog-User-Project")); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"kind": "storage#buckets", "items": [{"name": "acme-orders"}]}`)
}

func (a *api) GetFolder(ctx context.Context, req *controlpb.GetFolderRequest) (*controlpb.Folder, error) {
	received, _ := metadata.FromIncomingContext(ctx)
	if err := a.admit(strings.Join(received.Get("authorization"), ","), strings.Join(received.Get("x-goog-user-project"), ",")); err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	return &controlpb.Folder{Name: req.GetName()}, nil
}

func (a *api) serveGRPC(t *testing.T, listener net.Listener, certified *httptest.Server) {
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certified.TLS.Certificates[0])))
	controlpb.RegisterStorageControlServer(server, a)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
}

const folder = "projects/_/buckets/acme-orders/folders/2026"
