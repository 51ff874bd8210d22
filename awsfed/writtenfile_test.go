package awsfed_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"

	"github.com/awsfed/awsfed-go/awsfed"
)

// hostOf is the host of a URL with its port, as it stands there.
func hostOf(raw string) string {
	_, rest, _ := strings.Cut(raw, "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	return host
}

// Every combination of what a file can hold comes back as it was.
func TestCredentialFileIsReadBackAsItWasWritten(t *testing.T) {
	combinations := 0
	for _, account := range []string{"", testAccount, "112233445566778899001", "912480652101-compute@developer.gserviceaccount.com"} {
		for _, lifetime := range []time.Duration{0, time.Second, time.Hour, 12 * time.Hour} {
			for _, tokenURL := range []string{"", "https://sts.europe-west4.rep.googleapis.com/v1/token", "https://proxy.example/a%2Fb/", "http://127.0.0.1:8085/v1/token"} {
				for _, iam := range []string{"", "https://iamcredentials.mtls.googleapis.com", "https://proxy.example:8443/iam", "http://[::1]:8085"} {
					for _, verification := range []string{"", "https://sts-fips.{region}.amazonaws.com" + callerIdentity, "https://sts.amazonaws.com/" + callerIdentity, "http://127.0.0.1:8085" + callerIdentity} {
						for _, metadata := range []string{"", "http://[fd00:ec2::254]", "https://proxy.example", "http://127.0.0.1:8085"} {
							for _, universe := range []string{"", "cloud.example"} {
								cfg := awsfed.Config{Audience: testAudience, ServiceAccount: account, TokenURL: tokenURL, VerificationURL: verification,
									MetadataEndpoint: metadata, UniverseDomain: universe, QuotaProject: "payer"}
								if account != "" {
									cfg.Lifetime, cfg.IAMCredentialsEndpoint = lifetime, iam
								}
								if universe != "" && (tokenURL == "https://sts.europe-west4.rep.googleapis.com/v1/token" || iam == "https://iamcredentials.mtls.googleapis.com") {
									continue // of another universe
								}
								combinations++
								file, err := cfg.CredentialFile()
								require.NoError(t, err)
								got, err := awsfed.ConfigFromJSON(file, &awsfed.FileOptions{TokenHosts: []string{"proxy.example", "proxy.example:8443", "127.0.0.1:8085", "[::1]:8085"}, VerificationHosts: []string{"127.0.0.1:8085"}, MetadataHosts: []string{"proxy.example", "127.0.0.1:8085"}, Universes: []string{"cloud.example"}})
								if !assert.NoError(t, err) || !assert.Equal(t, cfg, got) {
									return // one is enough
								}
							}
						}
					}
				}
			}
		}
	}
	assert.Greater(t, combinations, 4000)
}

func TestCredentialFileLeavesOutWhatItCannotHold(t *testing.T) {
	cfg := offlineConfig(nil)
	cfg.Scopes, cfg.Timeout = []string{"scope"}, time.Minute
	file, err := cfg.CredentialFile()
	require.NoError(t, err)
	got, err := awsfed.ConfigFromJSON(file, nil)
	require.NoError(t, err)
	assert.Equal(t, awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}, got)
	assert.NotContains(t, string(file), "service_account_impersonation\"", "no lifetime, no object for it")

	cfg.Delegates = []string{testAccount}
	file, err = cfg.CredentialFile()
	assert.Equal(t, []string{"Delegates"}, faultyFields(err), "without them the file would not work")
	assert.Nil(t, file)
}

func TestCredentialFileThatIsWrittenIsThatOfGcloud(t *testing.T) {
	file, err := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}.CredentialFile()
	require.NoError(t, err)
	gcloud, err := os.ReadFile("testdata/credentialfile/gcloud-enable-imdsv2.json")
	require.NoError(t, err)
	assert.JSONEq(t, string(gcloud), string(file))
}

// Google's own library gets a token with the file, and from the places that the file names.
func TestCredentialFileThatIsWrittenIsReadByGooglesLibrary(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", testAccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", testSecretKey)
	t.Setenv("AWS_SESSION_TOKEN", testSessionToken)
	t.Setenv("AWS_REGION", "eu-west-1")
	for name, cfg := range map[string]awsfed.Config{
		"the usual one":  {ServiceAccount: testAccount},
		"direct access":  {},
		"with a life":    {ServiceAccount: testAccount, Lifetime: 2 * time.Hour},
		"other services": {ServiceAccount: testAccount, TokenURL: "https://sts.mtls.googleapis.com/v1/token", IAMCredentialsEndpoint: "https://iamcredentials.mtls.googleapis.com/"},
		"another AWS":    {VerificationURL: "https://sts.{region}.api.aws" + callerIdentity},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Audience = testAudience
			file, err := cfg.CredentialFile()
			require.NoError(t, err)
			var fields struct {
				Audience         string `json:"audience"`
				SubjectTokenType string `json:"subject_token_type"`
				TokenURL         string `json:"token_url"`
				ImpersonationURL string `json:"service_account_impersonation_url"`
				Impersonation    struct {
					TokenLifetimeSeconds int `json:"token_lifetime_seconds"`
				} `json:"service_account_impersonation"`
				Source externalaccount.CredentialSource `json:"credential_source"`
			}
			require.NoError(t, json.Unmarshal(file, &fields))
			theirs, ours := &scriptedGoogle{}, &scriptedGoogle{}
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: theirs})
			source, err := externalaccount.NewTokenSource(ctx, externalaccount.Config{
				Audience: fields.Audience, SubjectTokenType: fields.SubjectTokenType, TokenURL: fields.TokenURL,
				ServiceAccountImpersonationURL:             fields.ImpersonationURL,
				ServiceAccountImpersonationLifetimeSeconds: fields.Impersonation.TokenLifetimeSeconds,
				CredentialSource:                           &fields.Source,
				Scopes:                                     []string{awsfed.CloudPlatformScope},
			})
			require.NoError(t, err)
			_, err = source.Token()
			require.NoError(t, err)

			offline := offlineConfig(ours)
			cfg.Credentials, cfg.Region, cfg.HTTPClient, cfg.Logger = offline.Credentials, offline.Region, offline.HTTPClient, offline.Logger
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)

			assert.Equal(t, theirs.urls(), ours.urls())
			assert.Equal(t, signedURL(t, theirs.bodies[0]), signedURL(t, ours.bodies[0]))
			if cfg.ServiceAccount != "" {
				assert.JSONEq(t, theirs.bodies[1], ours.bodies[1])
			}
		})
	}
}

// signedURL is the one that Google is to call, in the form that was posted to STS.
func signedURL(t *testing.T, form string) string {
	t.Helper()
	values, err := url.ParseQuery(form)
	require.NoError(t, err)
	text, err := url.QueryUnescape(values.Get("subject_token"))
	require.NoError(t, err)
	var token struct{ URL string }
	require.NoError(t, json.Unmarshal([]byte(text), &token))
	require.NotEmpty(t, token.URL)
	return token.URL
}
