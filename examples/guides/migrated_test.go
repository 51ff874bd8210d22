package guides_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// newClouds are those that the code of the guides names.
func newClouds() *awsfedtest.Cloud {
	return awsfedtest.New(awsfedtest.Options{Pool: "aws-pool", Provider: "prod", ServiceAccount: account})
}

// withCredentials makes this process one that finds AWS credentials of these clouds as the AWS SDK
// does.
func withCredentials(t *testing.T, cloud *awsfedtest.Cloud, source awsfedtest.CredentialSource) *awsfedtest.Server {
	t.Helper()
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	variables, err := server.Env(source, t.TempDir())
	require.NoError(t, err)
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	return server
}

// credentialFile is what gcloud would write for these clouds, and what a program has to allow to
// read it.
func credentialFile(t *testing.T, server *awsfedtest.Server) (name string, allowed *awsfed.FileOptions) {
	t.Helper()
	content, err := server.CredentialFile()
	require.NoError(t, err)
	name = filepath.Join(t.TempDir(), "credentials.json")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	hosts := []string{server.Addr}
	return name, &awsfed.FileOptions{TokenHosts: hosts, MetadataHosts: hosts, VerificationHosts: hosts}
}

// buckets is Cloud Storage with one bucket, for tokens of the clouds and of the key.
func buckets(t *testing.T, cloud *awsfedtest.Cloud) option.ClientOption {
	t.Helper()
	list := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind": "storage#buckets", "items": [{"name": "acme-orders"}]}`)
	})
	protected := cloud.Protect(list)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+tokenOfKey {
			list(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return option.WithEndpoint(server.URL + "/storage/v1/")
}

func listBuckets(ctx context.Context, client *storage.Client) (names []string, err error) {
	for all := client.Buckets(ctx, "my-project"); ; {
		bucket, err := all.Next()
		if err == iterator.Done {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, bucket.Name)
	}
}

func assertLists(t *testing.T, client *storage.Client, err error) {
	t.Helper()
	require.NoError(t, err)
	defer client.Close()
	names, err := listBuckets(t.Context(), client)
	require.NoError(t, err)
	assert.Equal(t, []string{"acme-orders"}, names)
}

func TestMigrationFromAKeyGoesThroughBothAndBack(t *testing.T) {
	cloud := newClouds()
	server := withCredentials(t, cloud, awsfedtest.SourceECS)
	directory := t.TempDir()
	t.Chdir(directory)
	k := newKey(t, directory)
	endpoint := buckets(t, cloud)
	file, allowed := credentialFile(t, server)

	before, err := storageWithKey(t.Context(), endpoint)
	assertLists(t, before, err)
	cfg, err := awsfed.ConfigFromFile(file, allowed)
	require.NoError(t, err)
	after, err := storageWithoutKey(t.Context(), cfg, endpoint)
	assertLists(t, after, err)

	for _, name := range []string{k.file, file, k.file, file} {
		credentials, err := credentialsOf(t.Context(), name, allowed)
		require.NoError(t, err)
		both, err := storage.NewClient(t.Context(), endpoint, credentials)
		assertLists(t, both, err)
	}

	k.enabled = false // gcloud iam service-accounts keys disable
	after, err = storageWithoutKey(t.Context(), cfg, endpoint)
	assertLists(t, after, err)
	before, err = storageWithKey(t.Context(), endpoint)
	require.NoError(t, err)
	defer before.Close()
	_, err = listBuckets(t.Context(), before)
	assert.ErrorContains(t, err, "invalid_grant")
}

func TestAFileThatIsNeitherIsAnErrorInBoth(t *testing.T) {
	for name, content := range map[string]string{
		"a provider that is none":        `{"type": "external_account", "audience": "prod"}`,
		"a host that nobody has allowed": `{"type": "external_account", "audience": "` + provider + `", "subject_token_type": "` + awsfed.AWSSubjectTokenType + `", "token_url": "https://sts.example.com/v1/token", "credential_source": {"environment_id": "aws1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "credentials.json")
			require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
			_, err := credentialsOf(t.Context(), file, nil)
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		})
	}
}

func assertIsAccount(t *testing.T, cloud *awsfedtest.Cloud, token string) {
	t.Helper()
	access, err := cloud.Check(token)
	require.NoError(t, err)
	assert.Equal(t, account, access.Principal)
}

func TestMigrationFromGooglesLibrariesGivesTheSameIdentity(t *testing.T) {
	for _, source := range awsfedtest.CredentialSources() {
		if source == awsfedtest.SourceECSRelative {
			continue // leads there by a proxy
		}
		t.Run(string(source), func(t *testing.T) {
			cloud := newClouds()
			withCredentials(t, cloud, source)
			cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
			require.NoError(t, err)

			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, cloud.Client())
			before, err := oauth2Before(ctx, cfg)
			require.NoError(t, err)
			token, err := before.Token()
			require.NoError(t, err)
			assertIsAccount(t, cloud, token.AccessToken)
			after, err := oauth2After(t.Context(), cloud.Client())
			require.NoError(t, err)
			token, err = after.Token()
			require.NoError(t, err)
			assertIsAccount(t, cloud, token.AccessToken)

			authOld, err := authBefore(cfg, cloud.Client())
			require.NoError(t, err)
			old, err := authOld.Token(t.Context())
			require.NoError(t, err)
			assertIsAccount(t, cloud, old.Value)
			authNew, err := authAfter(t.Context(), cloud.Client())
			require.NoError(t, err)
			young, err := authNew.Token(t.Context())
			require.NoError(t, err)
			assertIsAccount(t, cloud, young.Value)
		})
	}
}

func TestMigrationOfAFileIsThatOfOneCall(t *testing.T) {
	cloud := newClouds()
	server := withCredentials(t, cloud, awsfedtest.SourceEnvironment)
	file, allowed := credentialFile(t, server)
	old, err := fileBefore(file, http.DefaultClient)
	require.NoError(t, err)
	before, err := old.Token(t.Context())
	require.NoError(t, err)
	assertIsAccount(t, cloud, before.Value)
	ts, err := fileAfter(t.Context(), file, allowed)
	require.NoError(t, err)
	after, err := ts.TokenContext(t.Context())
	require.NoError(t, err)
	assertIsAccount(t, cloud, after.AccessToken)
}

// keys are what a vault gives.
type keys struct {
	ID, Secret, Token string
	Expires           time.Time
}

type vaultOf struct{ session aws.Credentials }

func (v vaultOf) Keys(context.Context) (keys, error) {
	s := v.session
	return keys{s.AccessKeyID, s.SecretAccessKey, s.SessionToken, s.Expires}, nil
}

func TestMigrationFromASupplierOfKeys(t *testing.T) {
	cloud := newClouds()
	session, err := cloud.AddSession("app", "from-the-vault", time.Hour)
	require.NoError(t, err)
	ts, err := awsfed.NewTokenSource(t.Context(), withKeysOf(vaultOf{session}, quietly(cloud)))
	require.NoError(t, err)
	token, err := ts.Token()
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/from-the-vault", access.Identity.ARN)
}

func TestMigrationFromASupplierOfTokens(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	cloud := newClouds()
	oidc := cloud.Provider()
	oidc.ID = "oidc"
	require.NoError(t, cloud.AddOIDCProvider(awsfedtest.OIDCProvider{
		Provider: oidc, Issuer: "https://issuer.example", Keys: func(string) crypto.PublicKey { return &private.PublicKey },
	}))
	require.NoError(t, cloud.Grant(account, "roles/iam.workloadIdentityUser", oidc.Subject("build-7")))
	sign := func(context.Context) (string, error) {
		part := func(v any) string { text, _ := json.Marshal(v); return base64.RawURLEncoding.EncodeToString(text) }
		text := part(map[string]any{"alg": "RS256", "kid": "1"}) + "." + part(map[string]any{
			"iss": "https://issuer.example", "sub": "build-7", "aud": oidc.Audience(),
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		})
		hash := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, hash[:])
		return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
	}
	cfg := quietly(cloud)
	cfg.Audience = oidc.Audience()
	ts, err := awsfed.NewTokenSource(t.Context(), withSubjectOf(sign, cfg))
	require.NoError(t, err)
	token, err := ts.Token()
	require.NoError(t, err)
	assertIsAccount(t, cloud, token.AccessToken)
}
