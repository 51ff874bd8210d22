package examples_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/iamcredentials/v1"
	"google.golang.org/api/idtoken"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A Cloud Run service is such an audience.
const idTokenAudience = "https://reports-912480652101.us-central1.run.app"

// idToken gets an ID token as an AWS workload does: with the federated token, from the Service
// Account Credentials API by Google's own client of it.
func idToken(t *testing.T, cloud *awsfedtest.Cloud) string {
	t.Helper()
	cfg := cloud.Config()
	account := cfg.ServiceAccount
	cfg.ServiceAccount = ""
	source, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	client := &http.Client{Transport: &awsfed.Transport{Source: source, Base: cloud.Client().Transport}}
	service, err := iamcredentials.NewService(t.Context(), option.WithHTTPClient(client))
	require.NoError(t, err)
	answer, err := service.Projects.ServiceAccounts.GenerateIdToken("projects/-/serviceAccounts/"+account,
		&iamcredentials.GenerateIdTokenRequest{Audience: idTokenAudience, IncludeEmail: true}).Do()
	require.NoError(t, err)
	return answer.Token
}

// validate is what a service does with an ID token by Google's library, which fetches Google's keys
// from the emulator.
func validate(ctx context.Context, cloud *awsfedtest.Cloud, token, audience string) (*idtoken.Payload, error) {
	validator, err := idtoken.NewValidator(ctx, option.WithHTTPClient(cloud.Client()))
	if err != nil {
		return nil, err
	}
	return validator.Validate(ctx, token, audience)
}

func TestGooglesValidatorAcceptsAnIDTokenOfTheEmulator(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	payload, err := validate(t.Context(), cloud, idToken(t, cloud), idTokenAudience)
	require.NoError(t, err)
	assert.Equal(t, "https://accounts.google.com", payload.Issuer)
	assert.Equal(t, idTokenAudience, payload.Audience)
	assert.Equal(t, cloud.Config().ServiceAccount, payload.Claims["email"])
	assert.Equal(t, true, payload.Claims["email_verified"])
	assert.Regexp(t, `^\d{21}$`, payload.Subject)
	assert.InDelta(t, time.Now().Add(time.Hour).Unix(), payload.Expires, 60)
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleKeys))
}

func TestGooglesValidatorRefusesWhatTheEmulatorDidNotSignForIt(t *testing.T) {
	for name, test := range map[string]struct {
		audience string
		change   func(t *testing.T, token string) string
		want     string
	}{
		"another audience": {"https://another.run.app", nil, "audience provided does not match aud claim in the JWT"},
		"claims that were changed": {idTokenAudience, func(t *testing.T, token string) string {
			return changePart(t, token, 1, func(claims map[string]any) { claims["email"] = "admin@my-project.iam.gserviceaccount.com" })
		}, "verification error"},
		"a signature that was changed": {idTokenAudience, func(t *testing.T, token string) string {
			parts := strings.Split(token, ".")
			signature, err := base64.RawURLEncoding.DecodeString(parts[2])
			require.NoError(t, err)
			signature[0] ^= 1
			parts[2] = base64.RawURLEncoding.EncodeToString(signature)
			return strings.Join(parts, ".")
		}, "verification error"},
		"a key that is not served": {idTokenAudience, func(t *testing.T, token string) string {
			return changePart(t, token, 0, func(header map[string]any) { header["kid"] = "another" })
		}, "could not find matching cert keyId"},
		"another emulator's token": {idTokenAudience, func(t *testing.T, _ string) string {
			return idToken(t, awsfedtest.New(awsfedtest.Options{}))
		}, "could not find matching cert keyId"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			token := idToken(t, cloud)
			_, err := validate(t.Context(), cloud, token, idTokenAudience)
			require.NoError(t, err, "before any change")
			if test.change != nil {
				token = test.change(t, token)
			}
			_, err = validate(t.Context(), cloud, token, test.audience)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestGooglesValidatorRefusesAnIDTokenThatHasExpired(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.SetClock(-2 * time.Hour)
	_, err := validate(t.Context(), cloud, idToken(t, cloud), idTokenAudience)
	assert.ErrorContains(t, err, "token expired")
}

// changePart changes the JSON of a part of a token: 0 is its header, 1 its claims.
func changePart(t *testing.T, token string, part int, change func(map[string]any)) string {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	text, err := base64.RawURLEncoding.DecodeString(parts[part])
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(text, &object))
	change(object)
	text, err = json.Marshal(object)
	require.NoError(t, err)
	parts[part] = base64.RawURLEncoding.EncodeToString(text)
	return strings.Join(parts, ".")
}
