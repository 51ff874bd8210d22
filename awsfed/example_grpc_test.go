package awsfed_test

import (
	"context"
	"fmt"
	"log"
	"maps"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A TokenSource is gRPC's credentials.PerRPCCredentials as it is:
//
//	conn, err := grpc.NewClient(target, grpc.WithPerRPCCredentials(ts), grpc.WithTransportCredentials(tls))
//
// gRPC then asks it for the metadata of each call, under the ctx of that call.
func ExampleTokenSource_GetRequestMetadata() {
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	cfg := cloud.Config()
	cfg.QuotaProject = "payer"
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := ts.GetRequestMetadata(context.Background(), "https://pubsub.googleapis.com/google.pubsub.v1.Publisher")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		word, _, _ := strings.Cut(metadata[name], " ") // not the token
		fmt.Println(name, word)
	}
	fmt.Println("TLS only:", ts.RequireTransportSecurity())
	// Output:
	// authorization Bearer
	// x-goog-user-project payer
	// TLS only: true
}
