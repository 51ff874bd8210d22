package awsfed_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/awsfed/awsfed-go/awsfed"
)

type canned struct{}

func (canned) RoundTrip(req *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, req.Body)
	req.Body.Close()
	body := `{"access_token":"ya29.d.` + "x" + `","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3599}`
	if strings.HasPrefix(req.URL.Host, "iam") {
		body = `{"accessToken":"ya29.c.y","expireTime":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: req, ContentLength: int64(len(body))}, nil
}

func cannedConfig() awsfed.Config {
	return awsfed.Config{
		Audience:       "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/aws-pool/providers/prod",
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "ASIAAAAAAAAAAAAAAAAA", SecretAccessKey: "secretsecretsecretsecretsecret", SessionToken: strings.Repeat("s", 400)}, nil
		}),
		Region: "us-east-1", HTTPClient: &http.Client{Transport: canned{}}, Logger: quiet,
	}
}

func BenchmarkZFirst(b *testing.B) {
	b.ReportAllocs()
	cfg := cannedConfig()
	for b.Loop() {
		ts, err := awsfed.NewTokenSource(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ts.Token(); err != nil {
			b.Fatal(err)
		}
	}
}
func BenchmarkZCached(b *testing.B) {
	b.ReportAllocs()
	ts, _ := awsfed.NewTokenSource(context.Background(), cannedConfig())
	ts.Token()
	for b.Loop() {
		ts.Token()
	}
}
func BenchmarkZCached64(b *testing.B) {
	b.ReportAllocs()
	ts, _ := awsfed.NewTokenSource(context.Background(), cannedConfig())
	ts.Token()
	b.SetParallelism(32)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			ts.Token()
		}
	})
}
func BenchmarkZTransport(b *testing.B) {
	b.ReportAllocs()
	ts, _ := awsfed.NewTokenSource(context.Background(), cannedConfig())
	ts.Token()
	tr := &awsfed.Transport{Source: ts, Base: nothing{}}
	req, _ := http.NewRequest("GET", "https://storage.googleapis.com/a", nil)
	req.Header.Set("User-Agent", "x")
	req.Header.Set("Accept", "x")
	for b.Loop() {
		tr.RoundTrip(req)
	}
}

type nothing struct{}

func (nothing) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }
