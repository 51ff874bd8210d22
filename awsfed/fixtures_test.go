package awsfed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	testAudience   = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"
	testAccount    = "aws-app@my-project.iam.gserviceaccount.com"
	callerIdentity = "?Action=GetCallerIdentity&Version=2011-06-15"

	// Keys of AWS's documentation, which belong to nobody. The token has every sign that base64 and
	// escaping differ in.
	testAccessKey    = "ASIAIOSFODNN7EXAMPLE"
	testSecretKey    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	testSessionToken = "IQoJb3JpZ2luX2VjEXAMPLE+session/token//with+every/sign=="
)

// quiet is a logger that says nothing.
var quiet = slog.New(slog.DiscardHandler)

// newSource makes the source that the tests of refreshing use: quiet, and wired to the cloud.
func newSource(t *testing.T, cloud *awsfedtest.Cloud, change ...func(*awsfed.Config)) *awsfed.TokenSource {
	t.Helper()
	ts, err := awsfed.NewTokenSource(t.Context(), quietConfig(cloud, change...))
	require.NoError(t, err)
	return ts
}

// quietConfig is the configuration of the cloud, quiet and changed.
func quietConfig(cloud *awsfedtest.Cloud, change ...func(*awsfed.Config)) awsfed.Config {
	cfg := cloud.Config()
	cfg.Logger = quiet
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// newExchanger makes the layers that give a federated token.
func newExchanger(t *testing.T, cfg awsfed.Config) *awsfed.Exchanger {
	t.Helper()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	exchanger, err := awsfed.NewExchanger(cfg, builder)
	require.NoError(t, err)
	return exchanger
}

// newAccounts makes sources of that many accounts, which share one federated token.
func newAccounts(t *testing.T, cfg awsfed.Config, count int) (accounts []*awsfed.TokenSource) {
	t.Helper()
	options := &awsfed.CacheOptions{Kind: awsfed.FederatedToken, Logger: quiet}
	federated, err := awsfed.NewCachedTokenSource(newExchanger(t, cfg), options)
	require.NoError(t, err)
	options.Kind = awsfed.ServiceAccountToken
	for range count {
		impersonator, err := awsfed.NewImpersonator(cfg, federated)
		require.NoError(t, err)
		account, err := awsfed.NewCachedTokenSource(impersonator, options)
		require.NoError(t, err)
		accounts = append(accounts, account)
	}
	return accounts
}

// cached is a TokenSource around a source of the test's.
func cached(t *testing.T, f sourceFunc) *awsfed.TokenSource {
	t.Helper()
	ts, err := awsfed.NewCachedTokenSource(f, &awsfed.CacheOptions{Logger: quiet})
	require.NoError(t, err)
	return ts
}

// sourceFunc is a source of the tests' own, for what the real ones do not do on demand.
type sourceFunc func(ctx context.Context) (*oauth2.Token, error)

func (f sourceFunc) TokenContext(ctx context.Context) (*oauth2.Token, error) { return f(ctx) }

// tokenFor is a token with that much life.
func tokenFor(life time.Duration) *oauth2.Token {
	return &oauth2.Token{AccessToken: fmt.Sprintf("token-%d", rand.Uint64()), TokenType: "Bearer", Expiry: time.Now().Round(0).Add(life)}
}

// gives, fails, hangs and takes are steps of a source: a token with that much life, an error, no
// answer, and a token with an hour of life after that time.
func gives(life time.Duration) sourceFunc {
	return func(context.Context) (*oauth2.Token, error) { return tokenFor(life), nil }
}

func fails(err error) sourceFunc {
	return func(context.Context) (*oauth2.Token, error) { return nil, err }
}

func hangs(ctx context.Context) (*oauth2.Token, error) { <-ctx.Done(); return nil, ctx.Err() }

func takes(d time.Duration) sourceFunc {
	return func(ctx context.Context) (*oauth2.Token, error) {
		select {
		case <-time.After(d):
			return tokenFor(time.Hour), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// A script is a source that does what a test says, one step a question; the last step stands.
type script struct {
	steps []sourceFunc
	asked atomic.Int64
}

func (s *script) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	n := int(s.asked.Add(1))
	return s.steps[min(n, len(s.steps))-1](ctx)
}

func scripted(t *testing.T, steps ...sourceFunc) (*awsfed.TokenSource, *script) {
	t.Helper()
	s := &script{steps: steps}
	return cached(t, s.TokenContext), s
}

// fixedFederated is a source of one federated token.
type fixedFederated string

func (s fixedFederated) TokenContext(context.Context) (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: string(s), TokenType: "Bearer", Expiry: time.Now().Add(time.Hour)}, nil
}

// fixedSubject is a source of one subject token.
type fixedSubject struct{ token awsfed.SubjectToken }

func (s fixedSubject) SubjectToken(context.Context) (awsfed.SubjectToken, error) {
	if s.token == (awsfed.SubjectToken{}) {
		return awsfed.NewSubjectToken("subject-token", awsfed.AWSSubjectTokenType), nil
	}
	return s.token, nil
}

// subjectToken is one of a builder of cfg.
func subjectToken(t testing.TB, cfg awsfed.Config) awsfed.SubjectToken {
	t.Helper()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	token, err := builder.SubjectToken(t.Context())
	require.NoError(t, err)
	return token
}

// A signed request as it stands in a subject token.
type signedRequest struct {
	URL, Method string
	Headers     []struct{ Key, Value string }
}

func (r signedRequest) header(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h.Key, name) {
			return h.Value
		}
	}
	return ""
}

// decode gives the request in a subject token of AWS.
func decode(t testing.TB, token awsfed.SubjectToken) signedRequest {
	t.Helper()
	text, err := url.QueryUnescape(token.Value())
	require.NoError(t, err)
	var request signedRequest
	require.NoError(t, json.Unmarshal([]byte(text), &request))
	return request
}

// signedSubject is a subject token of a builder of cfg, and its secrets: itself, its signature and
// its session token.
func signedSubject(t testing.TB, cfg awsfed.Config) (awsfed.SubjectToken, []string) {
	t.Helper()
	token := subjectToken(t, cfg)
	request := decode(t, token)
	_, signature, _ := strings.Cut(request.header("Authorization"), "Signature=")
	require.Len(t, signature, 64)
	session := request.header("X-Amz-Security-Token")
	require.NotEmpty(t, session)
	return token, []string{token.Value(), signature, session}
}

// staticCredentials is a provider of these keys.
func staticCredentials(c aws.Credentials) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

// rotating is a cache of credentials like the SDK's, whose content a test sets.
type rotating struct{ now, next aws.Credentials }

func (r *rotating) Retrieve(context.Context) (aws.Credentials, error) { return r.now, nil }

func (r *rotating) Invalidate() { r.now = r.next }

// exchangeOnce is what an Exchanger makes of the answers that client gets.
func exchangeOnce(t testing.TB, client *http.Client) (*oauth2.Token, error) {
	t.Helper()
	exchanger, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, HTTPClient: client},
		fixedSubject{awsfed.NewSubjectToken("a JWT", "urn:ietf:params:oauth:token-type:jwt")})
	require.NoError(t, err)
	return exchanger.TokenContext(t.Context())
}

// impersonateOnce is what an Impersonator makes of them.
func impersonateOnce(t testing.TB, client *http.Client) (*oauth2.Token, error) {
	t.Helper()
	impersonator, err := awsfed.NewImpersonator(awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, HTTPClient: client}, gives(time.Hour))
	require.NoError(t, err)
	return impersonator.TokenContext(t.Context())
}

const goodExchange = `{"access_token":"ya29.d.x","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3599}`

// exchangeAnswer and impersonationAnswer are answers like Google's, with that token.
func exchangeAnswer(token string) string {
	text, _ := json.Marshal(map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3599,
		"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
	return string(text)
}

func impersonationAnswer(token string) string {
	text, _ := json.Marshal(map[string]any{"accessToken": token, "expireTime": time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)})
	return string(text)
}

// invalidAnswer asserts that err is of an answer that may be better the next time, and gives it.
func invalidAnswer(t *testing.T, err error) *awsfed.Error {
	t.Helper()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "InvalidAnswer", e.Code)
	assert.True(t, e.Transient)
	assert.NotContains(t, e.Error(), "ya29", "a token is never in an error")
	assert.Less(t, len(e.Error()), 8<<10)
	return e
}

// usable makes a call of a Google API with the token of ts.
func usable(cloud *awsfedtest.Cloud, ts *awsfed.TokenSource) error {
	token, err := ts.Token()
	if err != nil {
		return err
	}
	_, err = cloud.Check(token.AccessToken)
	return err
}

// offlineConfig needs nothing of this machine: neither its environment nor its network.
func offlineConfig(google http.RoundTripper) awsfed.Config {
	return awsfed.Config{
		Audience:       testAudience,
		ServiceAccount: testAccount,
		Credentials:    credentials.NewStaticCredentialsProvider(testAccessKey, testSecretKey, testSessionToken),
		Region:         "eu-west-1",
		HTTPClient:     &http.Client{Transport: google},
		Logger:         quiet,
	}
}

// must gives v, where there is no test to fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
