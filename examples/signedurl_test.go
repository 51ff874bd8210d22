package examples_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// signedURL is what a program gets from Google's storage package with a signer.
func signedURL(t *testing.T, signer *awsfed.Signer, name string, options storage.SignedURLOptions) string {
	t.Helper()
	options.Scheme = storage.SigningSchemeV4
	options.GoogleAccessID, options.SignBytes = signer.Email(), signer.SignBytes
	options.Expires = time.Now().Add(15 * time.Minute)
	signed, err := storage.SignedURL("acme-orders", name, &options)
	require.NoError(t, err)
	return signed
}

func TestSignedURLsPutAnObjectAndGetIt(t *testing.T) {
	for name, federated := range map[string]bool{
		"signed by the federated token":     true,
		"signed by the account's own token": false,
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.AcceptFederatedSigning(federated)
			signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
			server := startObjects(t, cloud, 0, signer.Email())

			const object = "orders of 2026/ä+&=?#%.csv"
			put := signedURL(t, signer, object, storage.SignedURLOptions{
				Method: http.MethodPut, Hostname: server.host(), Insecure: true,
				ContentType: "text/csv", Headers: []string{"x-goog-meta-order: 17", "X-Goog-Meta-Note:two  words"},
			})
			resp, body := exchange(t, http.DefaultClient, newRequest(t, http.MethodPut, put, "an order", http.Header{
				"Content-Type": {"text/csv"}, "X-Goog-Meta-Order": {"17"}, "X-Goog-Meta-Note": {"two words"},
			}))
			require.Equal(t, http.StatusOK, resp.StatusCode, body)

			const disposition = `attachment; filename="a b+c.csv"`
			got := signedURL(t, signer, object, storage.SignedURLOptions{
				Method: http.MethodGet, Hostname: server.host(), Insecure: true,
				QueryParameters: url.Values{"response-content-disposition": {disposition}, "generation": {"17"}},
			})
			resp, body = exchange(t, http.DefaultClient, newRequest(t, http.MethodGet, got, "", nil))
			require.Equal(t, http.StatusOK, resp.StatusCode, body)
			assert.Equal(t, "an order", body)
			assert.Equal(t, "text/csv", resp.Header.Get("Content-Type"))
			assert.Equal(t, "17", resp.Header.Get("X-Goog-Meta-Order"))
			assert.Equal(t, disposition, resp.Header.Get("Content-Disposition"))
			assert.NotEqual(t, federated, slices.ContainsFunc(cloud.Requests(), func(r awsfedtest.Request) bool {
				return r.Action == "generateAccessToken"
			}))
		})
	}
}

func TestSignedURLsOfEveryStyleAreAccepted(t *testing.T) {
	for host, test := range map[string]struct {
		style storage.URLStyle
		path  string
	}{
		"storage.googleapis.com":             {storage.PathStyle(), "/acme-orders/order.csv"},
		"acme-orders.storage.googleapis.com": {storage.VirtualHostedStyle(), "/order.csv"},
		"orders.example.com":                 {storage.BucketBoundHostname("orders.example.com"), "/order.csv"},
	} {
		t.Run(host, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
			objects := newObjects(cloud, 0, signer.Email())
			objects.put(test.path, object{body: []byte("an order")})
			cloud.Handle(host, objects)
			signed := signedURL(t, signer, "order.csv", storage.SignedURLOptions{Method: http.MethodGet, Style: test.style})
			resp, body := exchange(t, cloud.Client(), newRequest(t, http.MethodGet, signed, "", nil))
			assert.Equal(t, host, resp.Request.URL.Host)
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Equal(t, "an order", body)
		})
	}
}

// The storage client signs by itself, if it is told for whom: with signBlob, over its own HTTP
// client.
func TestBucketHandleSignsURLs(t *testing.T) {
	for name, bySigner := range map[string]bool{"with a Signer": true, "by its own means, with a TokenSource": false} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
			objects := newObjects(cloud, 0, signer.Email())
			objects.put("/acme-orders/order.csv", object{body: []byte("an order")})
			cloud.Handle("storage.googleapis.com", objects)
			transport := &awsfed.Transport{Source: newSource(t, cloud), Base: cloud.Client().Transport}
			client, err := storage.NewClient(t.Context(), option.WithHTTPClient(&http.Client{Transport: transport}))
			require.NoError(t, err)
			defer func() { assert.NoError(t, client.Close()) }()

			options := &storage.SignedURLOptions{
				Scheme: storage.SigningSchemeV4, Method: http.MethodGet, Expires: time.Now().Add(time.Minute), GoogleAccessID: signer.Email(),
			}
			if bySigner {
				options.SignBytes = signer.SignBytes
			}
			signed, err := client.Bucket("acme-orders").SignedURL("order.csv", options)
			require.NoError(t, err)
			resp, body := exchange(t, cloud.Client(), newRequest(t, http.MethodGet, signed, "", nil))
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Equal(t, "an order", body)
		})
	}
}

func TestSignedURLIsNotMadeForWhoMayNotSign(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	signer, err := awsfed.NewSigner(t.Context(), cfg)
	require.NoError(t, err)
	_, err = storage.SignedURL("acme-orders", "order.csv", &storage.SignedURLOptions{
		Scheme: storage.SigningSchemeV4, Method: http.MethodGet, Expires: time.Now().Add(time.Minute),
		GoogleAccessID: signer.Email(), SignBytes: signer.SignBytes,
	})
	var failure *awsfed.Error
	require.ErrorAs(t, err, &failure, "storage keeps the error of the signer")
	assert.Equal(t, awsfed.StageSigning, failure.Stage)
	assert.ErrorIs(t, err, awsfed.ErrPermissionDenied)
	assert.Contains(t, failure.Hint, tokenCreator)
}
