package examples_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A bucketServer is Cloud Storage with one bucket, for callers that a cloud knows.
type bucketServer struct {
	*httptest.Server

	mu      sync.Mutex
	callers []string // whose tokens were let in
}

func startBuckets(t *testing.T, cloud *awsfedtest.Cloud) *bucketServer {
	t.Helper()
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener: true,
		InitialObjects: []fakestorage.Object{{
			ObjectAttrs: fakestorage.ObjectAttrs{BucketName: "acme-orders", Name: "2026-11-23.csv"},
			Content:     []byte("an order"),
		}},
	})
	require.NoError(t, err)
	b := new(bucketServer)
	storage := fake.HTTPHandler()
	b.Server = httptest.NewServer(cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access, _ := awsfedtest.AccessFrom(r.Context())
		b.mu.Lock()
		b.callers = append(b.callers, access.Principal)
		b.mu.Unlock()
		storage.ServeHTTP(w, r)
	})))
	t.Cleanup(b.Close)
	return b
}

// lastCaller is whose token came last; "" for nobody's.
func (b *bucketServer) lastCaller() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.callers) == 0 {
		return ""
	}
	return b.callers[len(b.callers)-1]
}

// client is the real client of Cloud Storage, with a token source as its only
// credential.
func (b *bucketServer) client(t *testing.T, ts *awsfed.TokenSource) *storage.Client {
	t.Helper()
	client, err := storage.NewClient(t.Context(), option.WithTokenSource(ts), option.WithEndpoint(b.URL+"/storage/v1/"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

func bucketNames(t *testing.T, client *storage.Client) ([]string, error) {
	t.Helper()
	var names []string
	for buckets := client.Buckets(t.Context(), "my-project"); ; {
		bucket, err := buckets.Next()
		if errors.Is(err, iterator.Done) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, bucket.Name)
	}
}

func TestStorageClientListsBucketsWhereverTheAWSCredentialsComeFrom(t *testing.T) {
	for _, source := range awsfedtest.CredentialSources() {
		if source == awsfedtest.SourceECSRelative {
			continue // its proxy variable works only in a process of its own
		}
		t.Run(string(source), func(t *testing.T) {
			cloud, server := start(t, source, awsfedtest.Options{})
			ts, err := awsfed.NewTokenSource(t.Context(), server.Config())
			require.NoError(t, err)
			buckets := startBuckets(t, cloud)
			names, err := bucketNames(t, buckets.client(t, ts))
			require.NoError(t, err)
			assert.Equal(t, []string{"acme-orders"}, names)
			assert.Equal(t, cloud.Config().ServiceAccount, buckets.lastCaller())
		})
	}
}

func TestStorageClientWorksWithTheFederatedTokenItself(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	cfg.ServiceAccount = ""
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	buckets := startBuckets(t, cloud)
	names, err := bucketNames(t, buckets.client(t, ts))
	require.NoError(t, err)
	assert.Equal(t, []string{"acme-orders"}, names)
	assert.Equal(t, cloud.Provider().Subject("arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"), buckets.lastCaller())
}

func TestStorageIsClosedToTokensOfADisabledPool(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	cfg.ServiceAccount = ""
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	client := startBuckets(t, cloud).client(t, ts)
	_, err = bucketNames(t, client)
	require.NoError(t, err)

	disabled, _ := awsfedtest.FaultByName("pool-disabled")
	undo := disabled.Inject(cloud)
	_, err = bucketNames(t, client)
	var refused *googleapi.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusUnauthorized, refused.Code)
	assert.Contains(t, refused.Message, "Request had invalid authentication credentials.")

	undo()
	_, err = bucketNames(t, client)
	require.NoError(t, err)
}

func TestStorageClientReportsWhatFailedOnTheWayToTheToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	missing, _ := awsfedtest.FaultByName("missing-binding")
	missing.Inject(cloud)
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	buckets := startBuckets(t, cloud)
	_, err = bucketNames(t, buckets.client(t, ts))
	// Google's adapter keeps this error of the chain and drops all others.
	var failure *oauth2.RetrieveError
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "PERMISSION_DENIED", failure.ErrorCode)
	assert.Contains(t, failure.ErrorDescription, "iam.serviceAccounts.getAccessToken")
	assert.Contains(t, failure.ErrorDescription, "gcloud iam service-accounts add-iam-policy-binding", "the hint survives")
	assert.Empty(t, buckets.lastCaller(), "nothing is asked of storage without a token")
}

func TestClientsThatShareATokenSourceShareItsToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts, err := awsfed.NewTokenSource(t.Context(), cloud.Config())
	require.NoError(t, err)
	buckets := startBuckets(t, cloud)
	var clients sync.WaitGroup
	for range 8 {
		client := buckets.client(t, ts)
		clients.Go(func() {
			_, err := bucketNames(t, client)
			assert.NoError(t, err)
		})
	}
	clients.Wait()
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
}
