package examples_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	authdownscope "cloud.google.com/go/auth/credentials/downscope"
	"cloud.google.com/go/storage"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/downscope"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	bucketResource = "//storage.googleapis.com/projects/_/buckets/"
	objectViewer   = "inRole:roles/storage.objectViewer"
)

// startBoundedBuckets is Cloud Storage with two buckets, and callers may read in them what the
// boundary of their token leaves them, and write nothing.
func startBoundedBuckets(t *testing.T, cloud *awsfedtest.Cloud) *httptest.Server {
	t.Helper()
	var objects []fakestorage.Object
	for _, bucket := range []string{"acme-orders", "acme-salaries"} {
		objects = append(objects, fakestorage.Object{
			ObjectAttrs: fakestorage.ObjectAttrs{BucketName: bucket, Name: "2026.csv"}, Content: []byte("of " + bucket),
		})
	}
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, InitialObjects: objects})
	require.NoError(t, err)
	buckets := fake.HTTPHandler()
	server := httptest.NewServer(cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access, _ := awsfedtest.AccessFrom(r.Context())
		_, after, _ := strings.Cut(r.URL.Path, "/b/") // of the JSON API
		bucket, _, _ := strings.Cut(after, "/")
		if r.Method != http.MethodGet || !access.MayUse(bucketResource+bucket, objectViewer) {
			http.Error(w, `{"error": {"code": 403, "message": "`+access.Principal+` does not have storage.objects access"}}`, http.StatusForbidden)
			return
		}
		buckets.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	return server
}

// downscopers are Google's packages that narrow a source's tokens to reading one bucket.
func downscopers() map[string]func(t *testing.T, cloud *awsfedtest.Cloud, ts *awsfed.TokenSource, bucket string) option.ClientOption {
	return map[string]func(t *testing.T, cloud *awsfedtest.Cloud, ts *awsfed.TokenSource, bucket string) option.ClientOption{
		"oauth2/google/downscope": func(t *testing.T, cloud *awsfedtest.Cloud, ts *awsfed.TokenSource, bucket string) option.ClientOption {
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, cloud.Client())
			narrow, err := downscope.NewTokenSource(ctx, downscope.DownscopingConfig{RootSource: ts, Rules: []downscope.AccessBoundaryRule{
				{AvailableResource: bucketResource + bucket, AvailablePermissions: []string{objectViewer}},
			}})
			require.NoError(t, err)
			return option.WithTokenSource(oauth2.ReuseTokenSource(nil, narrow))
		},
		"auth/credentials/downscope": func(t *testing.T, cloud *awsfedtest.Cloud, ts *awsfed.TokenSource, bucket string) option.ClientOption {
			narrow, err := authdownscope.NewCredentials(&authdownscope.Options{
				Credentials: authCredentials(ts), Client: cloud.Client(),
				Rules: []authdownscope.AccessBoundaryRule{
					{AvailableResource: bucketResource + bucket, AvailablePermissions: []string{objectViewer}},
				},
			})
			require.NoError(t, err)
			return option.WithAuthCredentials(narrow)
		},
	}
}

func newBoundedClient(t *testing.T, server *httptest.Server, credentials option.ClientOption) *storage.Client {
	t.Helper()
	client, err := storage.NewClient(t.Context(), credentials, option.WithEndpoint(server.URL+"/storage/v1/"), storage.WithJSONReads())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// readAll reads the objects of a bucket one after the other.
func readAll(t *testing.T, client *storage.Client, bucket string) (content string, err error) {
	t.Helper()
	for objects := client.Bucket(bucket).Objects(t.Context(), nil); ; {
		found, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return content, nil
		}
		if err != nil {
			return "", err
		}
		r, err := client.Bucket(bucket).Object(found.Name).NewReader(t.Context())
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		content += string(text)
	}
}

func TestDownscopedTokenOpensOneBucketToTheStorageClient(t *testing.T) {
	for name, narrow := range downscopers() {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := startBoundedBuckets(t, cloud)
			ts := newSource(t, cloud)
			whole := newBoundedClient(t, server, option.WithTokenSource(ts))
			for _, bucket := range []string{"acme-orders", "acme-salaries"} {
				content, err := readAll(t, whole, bucket)
				require.NoError(t, err, "the token before it is narrowed")
				assert.Equal(t, "of "+bucket, content)
			}

			client := newBoundedClient(t, server, narrow(t, cloud, ts, "acme-orders"))
			content, err := readAll(t, client, "acme-orders")
			require.NoError(t, err)
			assert.Equal(t, "of acme-orders", content)
			_, err = readAll(t, client, "acme-salaries")
			var refused *googleapi.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, http.StatusForbidden, refused.Code)
			assert.Equal(t, cloud.Config().ServiceAccount+" does not have storage.objects access", refused.Message)
			assert.Equal(t, 2, cloud.Count(awsfedtest.GoogleSTS), "the federated token, and the narrow one")
			assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
		})
	}
}

func TestDownscopedTokensForManyPartiesShareOneToken(t *testing.T) {
	for name, narrow := range downscopers() {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := startBoundedBuckets(t, cloud)
			ts := newSource(t, cloud)
			for _, bucket := range []string{"acme-orders", "acme-salaries"} {
				content, err := readAll(t, newBoundedClient(t, server, narrow(t, cloud, ts, bucket)), bucket)
				require.NoError(t, err)
				assert.Equal(t, "of "+bucket, content)
			}
			assert.Equal(t, 3, cloud.Count(awsfedtest.GoogleSTS), "the federated token, and two narrow ones")
			assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
		})
	}
}
