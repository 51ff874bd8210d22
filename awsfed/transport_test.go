package awsfed_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestTransportHonoursTheContextOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
		client := &http.Client{Transport: &awsfed.Transport{Source: newSource(t, cloud), Base: roundTripper(judge)}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://storage.googleapis.com/", nil)
		require.NoError(t, err)
		start := time.Now()
		_, err = client.Do(req)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		cloud.Wait() // the refresh goes on, and the bubble must not end before it
	})
}

func TestTransportNamesTheQuotaProject(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.QuotaProject = "payer" })
	metadata, err := ts.GetRequestMetadata(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "payer", metadata["x-goog-user-project"])
	assert.Contains(t, metadata["authorization"], "Bearer ")
	assert.True(t, ts.RequireTransportSecurity())

	var sent http.Header
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		sent = req.Header
		return judge(req)
	})
	require.NoError(t, get(&http.Client{Transport: &awsfed.Transport{Source: ts, Base: base}})())
	assert.Equal(t, "payer", sent.Get("X-Goog-User-Project"))
}

func TestTransportWithoutASourceFails(t *testing.T) {
	assert.ErrorContains(t, get(&http.Client{Transport: &awsfed.Transport{}})(), "Source")
}

func TestTransportKeepsTheTokenFromOthers(t *testing.T) {
	ts := newSource(t, awsfedtest.New(awsfedtest.Options{}))
	var authorized []string
	base := roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") != "" {
			authorized = append(authorized, req.URL.Host)
		}
		resp := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("")), Request: req, Header: http.Header{}}
		// To somebody else, on within his house, and back.
		next := map[string]string{
			"storage.googleapis.com/storage/v1/b": "https://elsewhere.example/a",
			"elsewhere.example/a":                 "https://elsewhere.example/b",
			"elsewhere.example/b":                 "https://storage.googleapis.com/c",
		}[req.URL.Host+req.URL.Path]
		if next != "" {
			resp.StatusCode = http.StatusFound
			resp.Header.Set("Location", next)
		}
		return resp, nil
	})
	client := &http.Client{Transport: &awsfed.Transport{Source: ts, Base: base}}
	require.NoError(t, get(client)())
	assert.Equal(t, []string{"storage.googleapis.com"}, authorized)

	_, err := client.Get("http://plain.example/")
	assert.ErrorContains(t, err, "does not go over http")

	followed := &http.Request{Method: http.MethodGet, URL: must(url.Parse("https://storage.googleapis.com/")), Response: &http.Response{}}
	_, err = (&awsfed.Transport{Source: ts, Base: roundTripper(judge)}).RoundTrip(followed)
	assert.ErrorContains(t, err, "no token", "a redirect from nobody knows whom")

	_, err = (&awsfed.Transport{Source: ts, Base: roundTripper(judge)}).RoundTrip(&http.Request{Method: http.MethodGet, URL: must(url.Parse("https://storage.googleapis.com/"))})
	assert.NoError(t, err, "a request without a header map")
}
