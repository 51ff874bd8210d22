package awsfed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
}

// What it would not work without is an error, and a secret is one too.
func TestCredentialFileIsNotWrittenWithoutWhatItNeeds(t *testing.T) {
	federated, err := awsfed.NewCachedTokenSource(fixedFederated("x"), nil)
	require.NoError(t, err)
	for field, change := range map[string]func(*awsfed.Config){
		"Subject.WebIdentity": func(c *awsfed.Config) { c.Subject.WebIdentity = &awsfed.WebIdentityOptions{} },
		"Subject.Source": func(c *awsfed.Config) {
			c.Subject.Source = fixedSubject{awsfed.NewSubjectToken(plantedSecret, jwtType)}
		},
		"Subject.Headers": func(c *awsfed.Config) {
			c.Subject = awsfed.Subject{URL: allowedURL, Headers: map[string]string{"A": plantedSecret}}
		},
		"Subject.File":  func(c *awsfed.Config) { c.Subject.File = "token" },
		"Subject.Field": func(c *awsfed.Config) { c.Subject = awsfed.Subject{File: allowedPath, Field: "\xff"} },
		"Subject.Type":  func(c *awsfed.Config) { c.Subject = awsfed.Subject{File: allowedPath, Type: saml2Type} },
		"Federated":     func(c *awsfed.Config) { c.Federated = federated },
		"ClientSecret":  func(c *awsfed.Config) { c.ClientID, c.ClientSecret = "client", plantedSecret },
	} {
		t.Run(field, func(t *testing.T) {
			cfg := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}
			change(&cfg)
			file, err := cfg.CredentialFile()
			assert.Equal(t, []string{field}, faultyFields(err))
			assert.Nil(t, file)
			assert.NotContains(t, fmt.Sprintf("%+v", err), plantedSecret)
		})
	}
}

func TestCredentialFileWithATokenOrDelegatesIsReadBackAsItWasWritten(t *testing.T) {
	for name, subject := range map[string]awsfed.Subject{
		"AWS":           {},
		"a file":        {File: allowedPath},
		"a file's JSON": {File: allowedPath, Field: "id_token", Type: idTokenType},
		"a URL":         {URL: allowedURL},
		"a URL's JSON":  {URL: allowedURL, Field: "a \"b\" <&>"},
	} {
		for _, delegates := range [][]string{nil, {otherAccount}, {fullAccount, otherAccount}} {
			for _, lifetime := range []time.Duration{0, 2 * time.Hour} {
				for _, universe := range []string{"", "cloud.example"} {
					cfg := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, Delegates: delegates, Lifetime: lifetime, UniverseDomain: universe,
						Subject: subject, QuotaProject: "payer", TokenURL: "https://proxy.example/v1/token", IAMCredentialsEndpoint: "https://proxy.example"}
					file, err := cfg.CredentialFile()
					require.NoError(t, err)
					options := subjectOptions()
					options.TokenHosts, options.Universes = []string{"proxy.example"}, []string{"cloud.example"}
					got, err := awsfed.ConfigFromJSON(file, options)
					require.NoError(t, err, "%s: %s", name, file)
					assert.Equal(t, cfg, got, name)
				}
			}
		}
	}
}

func TestCredentialFileWithDelegatesHasThemWhereGooglesLibrariesLook(t *testing.T) {
	file, err := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, Delegates: []string{otherAccount}, Subject: awsfed.Subject{File: allowedPath}}.CredentialFile()
	require.NoError(t, err)
	assert.JSONEq(t, `{"type": "impersonated_service_account", "universe_domain": "googleapis.com",
		"service_account_impersonation_url": "https://iamcredentials.googleapis.com`+impersonationPath+`", "delegates": ["`+otherAccount+`"],
		"source_credentials": {"type": "external_account", "universe_domain": "googleapis.com", "audience": "`+testAudience+`",
			"subject_token_type": "`+jwtType+`", "token_url": "https://sts.googleapis.com/v1/token", "credential_source": {"file": "`+allowedPath+`"}}}`, string(file))
}

// Google's own library gets a token with what is written for a file and for a URL.
func TestCredentialFileWithATokenIsReadByGooglesLibrary(t *testing.T) {
	path := writeFile(t, "token", `{"id_token":"`+testJWT+`"}`)
	for name, subject := range map[string]awsfed.Subject{
		"a file": {File: path, Field: "id_token"},
		"a URL":  {URL: allowedURL, Field: "id_token"},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := awsfed.Config{Audience: testAudience, Subject: subject}.CredentialFile()
			require.NoError(t, err)
			var fields struct {
				TokenURL         string                           `json:"token_url"`
				SubjectTokenType string                           `json:"subject_token_type"`
				Source           externalaccount.CredentialSource `json:"credential_source"`
			}
			require.NoError(t, json.Unmarshal(file, &fields))
			var form string
			ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				if req.Method == http.MethodGet {
					return jsonAnswer(200, `{"id_token":"`+testJWT+`"}`), nil
				}
				body, err := io.ReadAll(req.Body)
				form = string(body)
				return jsonAnswer(200, goodExchange), err
			})})
			source, err := externalaccount.NewTokenSource(ctx, externalaccount.Config{Audience: testAudience, SubjectTokenType: fields.SubjectTokenType,
				TokenURL: fields.TokenURL, CredentialSource: &fields.Source})
			require.NoError(t, err)
			_, err = source.Token()
			require.NoError(t, err)
			assert.Contains(t, form, "subject_token="+testJWT+"&")
		})
	}
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
