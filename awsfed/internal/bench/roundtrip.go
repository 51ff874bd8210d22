package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// Traffic is what a first token asks of a network.
type traffic struct {
	roundTrips float64 // one after the other
	requests   int     // to Google
	dials      int
}

// firstTraffic gets the first token of a contender from the emulator behind TLS 1.3 and HTTP/2. The
// round trips are the time over that of one, so they are exact in a testing/synctest bubble.
func firstTraffic(c contender, delay time.Duration) (traffic, error) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	defer cloud.Wait()
	network := newNetwork(delay)
	server := &httptest.Server{
		Listener:    network,
		EnableHTTP2: true,
		TLS:         &tls.Config{MinVersion: tls.VersionTLS13},
		Config:      &http.Server{Handler: cloud},
	}
	server.StartTLS()
	defer server.Close()

	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport := &http.Transport{
		DialContext:       network.DialContext,
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: "example.com"}, // of the certificate
		ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	cfg, err := environment(cloud)
	if err != nil {
		return traffic{}, err
	}
	cfg.HTTPClient = &http.Client{Transport: transport}
	source, err := c.prepare(cfg)()
	if err != nil {
		return traffic{}, err
	}
	start := time.Now()
	if _, err := source.Token(); err != nil {
		return traffic{}, err
	}
	took := time.Since(start)
	return traffic{
		roundTrips: float64(took) / float64(2*delay),
		requests:   cloud.Count(awsfedtest.GoogleSTS) + cloud.Count(awsfedtest.IAMCredentials),
		dials:      int(network.dials.Load()),
	}, nil
}

// environment is the workload of a cloud with keys that nobody has to be asked for.
func environment(cloud *awsfedtest.Cloud) (awsfed.Config, error) {
	cfg := cloud.Config()
	keys, err := cfg.Credentials.Retrieve(context.Background())
	if err != nil {
		return awsfed.Config{}, err
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken)
	return cfg, nil
}

// roundTrips counts in real time: whole ways of a delay that all the work fits in. The test counts
// exactly.
func roundTrips(e effort) ([]row, error) {
	const delay = 50 * time.Millisecond
	trips, requests := make(figures), make(figures)
	for _, c := range contenders() {
		var all []float64
		for range min(e.rounds, 3) {
			t, err := firstTraffic(c, delay)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			all = append(all, math.Floor(2*t.roundTrips)/2)
			requests[c.name] = float64(t.requests)
		}
		trips[c.name] = median(all)
	}
	return []row{{"first token, round trips", trips}, {"first token, requests", requests}}, nil
}
