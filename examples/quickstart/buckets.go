package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// bucketServer is Cloud Storage on loopback, held in memory.
type bucketServer struct {
	URL    string
	server *http.Server
}

// startBuckets serves a few buckets behind protect.
func startBuckets(protect func(http.Handler) http.Handler) (*bucketServer, error) {
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener: true, // it would have no protection
		InitialObjects: []fakestorage.Object{
			object("acme-invoices", "2026/11/0001.pdf"),
			object("acme-orders", "2026-11-23.csv"),
			object("acme-reports", "daily.json"),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("starting fake-gcs-server: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting fake-gcs-server: %w", err)
	}
	b := &bucketServer{
		URL:    "http://" + listener.Addr().String(),
		server: &http.Server{Handler: protect(fake.HTTPHandler())},
	}
	go func() { _ = b.server.Serve(listener) }() // until Close
	return b, nil
}

// Close stops the server.
func (b *bucketServer) Close() error { return b.server.Close() }

// knock asks for the buckets as a client without awsfed would, with a token or, if
// it is empty, without any. It returns the status of the answer.
func (b *bucketServer) knock(ctx context.Context, token string) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+"/storage/v1/b?project="+demoProject, nil)
	if err != nil {
		return 0, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func object(bucket, name string) fakestorage.Object {
	return fakestorage.Object{
		ObjectAttrs: fakestorage.ObjectAttrs{BucketName: bucket, Name: name},
		Content:     []byte("an object of the quickstart\n"),
	}
}
