package main

import (
	"context"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"
	grpccredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/oauth"

	"github.com/awsfed/awsfed-go/awsfed"
)

// free is a base of transports that costs nothing.
type free struct{ response *http.Response }

// RoundTrip implements [http.RoundTripper].
func (f free) RoundTrip(*http.Request) (*http.Response, error) { return f.response, nil }

// httpRequests send requests with a cached token: awsfed by its own Transport, the others by that
// of x/oauth2.
func httpRequests() ([]operation, error) {
	req, err := http.NewRequest(http.MethodGet, "https://storage.googleapis.com/storage/v1/b/orders/o", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "orders/1.0")
	return headerOperations(func(source oauth2.TokenSource) func() error {
		base := free{&http.Response{StatusCode: http.StatusOK, Body: http.NoBody}}
		var transport http.RoundTripper = &oauth2.Transport{Source: source, Base: base}
		if ours, ok := source.(*awsfed.TokenSource); ok {
			transport = &awsfed.Transport{Source: ours, Base: base}
		}
		return func() error {
			_, err := transport.RoundTrip(req)
			return err
		}
	})
}

// rpcs make the metadata of RPCs with a cached token: awsfed itself, the others by gRPC's package
// oauth.
func rpcs() ([]operation, error) {
	common := grpccredentials.CommonAuthInfo{SecurityLevel: grpccredentials.PrivacyAndIntegrity}
	ctx := grpccredentials.NewContextWithRequestInfo(context.Background(),
		grpccredentials.RequestInfo{Method: "/google.storage.v2.Storage/ReadObject", AuthInfo: grpccredentials.TLSInfo{CommonAuthInfo: common}})
	return headerOperations(func(source oauth2.TokenSource) func() error {
		var credentials grpccredentials.PerRPCCredentials = oauth.TokenSource{TokenSource: source}
		if ours, ok := source.(*awsfed.TokenSource); ok {
			credentials = ours
		}
		return func() error {
			_, err := credentials.GetRequestMetadata(ctx, "https://storage.googleapis.com/google.storage.v2.Storage")
			return err
		}
	})
}

// headerOperations make one operation of each contender's source.
func headerOperations(once func(oauth2.TokenSource) func() error) ([]operation, error) {
	sources, err := ready()
	if err != nil {
		return nil, err
	}
	var operations []operation
	for name, source := range sources {
		operations = append(operations, operation{name, repeat(once(source))})
	}
	return operations, nil
}

// headers is what a request or an RPC pays for its token.
func headers(e effort) ([]row, error) {
	var rows []row
	for _, part := range []struct {
		what string
		make func() ([]operation, error)
	}{{"HTTP request over a free base", httpRequests}, {"gRPC metadata of an RPC", rpcs}} {
		operations, err := part.make()
		if err != nil {
			return nil, err
		}
		allocations := make(figures)
		for _, op := range operations {
			if _, allocations[op.contender], err = allocated(1000, op); err != nil {
				return nil, fmt.Errorf("%s: %w", op.contender, err)
			}
		}
		wall, err := compare(e, wallTime(), operations)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{part.what + ", allocations", allocations}, row{part.what + ", ns", wall})
	}
	return rows, nil
}
