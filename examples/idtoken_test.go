package examples_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	authidtoken "cloud.google.com/go/auth/credentials/idtoken"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/idtoken"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A Cloud Run service is such an audience.
const idTokenAudience = "https://reports-912480652101.us-central1.run.app"

func newIDTokenSource(t *testing.T, cfg awsfed.Config, audience string) *awsfed.TokenSource {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	ts, err := awsfed.NewIDTokenSource(t.Context(), cfg, audience)
	require.NoError(t, err)
	return ts
}

func idToken(t *testing.T, cloud *awsfedtest.Cloud) string {
	t.Helper()
	token, err := newIDTokenSource(t, cloud.Config(), idTokenAudience).TokenContext(t.Context())
	require.NoError(t, err)
	return token.AccessToken
}

// idClaims are those of an ID token that a service decides by.
type idClaims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	Expires  int64  `json:"exp"`
}

// An idTokenVerifier is what a service does with an ID token, by a library that fetches Google's
// keys from the emulator.
type idTokenVerifier func(ctx context.Context, cloud *awsfedtest.Cloud, token, audience string) (idClaims, error)

// idTokenVerifiers are Google's two, and the one that knows nothing of Google.
func idTokenVerifiers() map[string]idTokenVerifier {
	return map[string]idTokenVerifier{
		"api/idtoken": func(ctx context.Context, cloud *awsfedtest.Cloud, token, audience string) (idClaims, error) {
			validator, err := idtoken.NewValidator(ctx, option.WithHTTPClient(cloud.Client()))
			if err != nil {
				return idClaims{}, err
			}
			p, err := validator.Validate(ctx, token, audience)
			if err != nil {
				return idClaims{}, err
			}
			return claimsOfPayload(p.Issuer, p.Audience, p.Subject, p.Expires, p.Claims), nil
		},
		"auth/credentials/idtoken": func(ctx context.Context, cloud *awsfedtest.Cloud, token, audience string) (idClaims, error) {
			validator, err := authidtoken.NewValidator(&authidtoken.ValidatorOptions{Client: cloud.Client()})
			if err != nil {
				return idClaims{}, err
			}
			p, err := validator.Validate(ctx, token, audience)
			if err != nil {
				return idClaims{}, err
			}
			return claimsOfPayload(p.Issuer, p.Audience, p.Subject, p.Expires, p.Claims), nil
		},
		"go-oidc": func(ctx context.Context, cloud *awsfedtest.Cloud, token, audience string) (claims idClaims, err error) {
			keys := oidc.NewRemoteKeySet(oidc.ClientContext(ctx, cloud.Client()), "https://www.googleapis.com/oauth2/v3/certs")
			verified, err := oidc.NewVerifier("https://accounts.google.com", keys, &oidc.Config{ClientID: audience}).Verify(ctx, token)
			if err != nil {
				return idClaims{}, err
			}
			return claims, verified.Claims(&claims)
		},
	}
}

func claimsOfPayload(issuer, audience, subject string, expires int64, others map[string]any) idClaims {
	email, _ := others["email"].(string)
	verified, _ := others["email_verified"].(bool)
	return idClaims{issuer, audience, subject, email, verified, expires}
}

func TestIDTokenIsAcceptedByEachVerifier(t *testing.T) {
	for name, verify := range idTokenVerifiers() {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			token, err := newIDTokenSource(t, cloud.Config(), idTokenAudience).TokenContext(t.Context())
			require.NoError(t, err)
			claims, err := verify(t.Context(), cloud, token.AccessToken, idTokenAudience)
			require.NoError(t, err)
			assert.Equal(t, "https://accounts.google.com", claims.Issuer)
			assert.Equal(t, idTokenAudience, claims.Audience)
			assert.Equal(t, cloud.Config().ServiceAccount, claims.Email)
			assert.True(t, claims.Verified)
			assert.Regexp(t, `^\d{21}$`, claims.Subject)
			assert.InDelta(t, time.Now().Add(time.Hour).Unix(), claims.Expires, 60)
			assert.InDelta(t, claims.Expires, token.Expiry.Unix(), 5, "the source knows when it ends")
			assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleKeys))
		})
	}
}

func TestEachVerifierRefusesWhatGoogleDidNotSignForIt(t *testing.T) {
	for name, test := range map[string]struct {
		audience   string
		change     func(t *testing.T, cloud *awsfedtest.Cloud, token string) string
		want       string // of Google's libraries
		wantGoOIDC string
	}{
		"another audience": {"https://another.run.app", nil,
			"audience provided does not match aud claim in the JWT", "expected audience"},
		"claims that were changed": {idTokenAudience, func(t *testing.T, _ *awsfedtest.Cloud, token string) string {
			return changePart(t, token, 1, func(claims map[string]any) { claims["email"] = "admin@my-project.iam.gserviceaccount.com" })
		}, "verification error", "failed to verify"},
		"a signature that was changed": {idTokenAudience, func(t *testing.T, _ *awsfedtest.Cloud, token string) string {
			parts := strings.Split(token, ".")
			signature, err := base64.RawURLEncoding.DecodeString(parts[2])
			require.NoError(t, err)
			signature[0] ^= 1
			parts[2] = base64.RawURLEncoding.EncodeToString(signature)
			return strings.Join(parts, ".")
		}, "verification error", "failed to verify"},
		"a key that is not served": {idTokenAudience, func(t *testing.T, _ *awsfedtest.Cloud, token string) string {
			return changePart(t, token, 0, func(header map[string]any) { header["kid"] = "another" })
		}, "could not find matching cert keyId", "failed to verify"},
		"another emulator's token": {idTokenAudience, func(t *testing.T, _ *awsfedtest.Cloud, _ string) string {
			return idToken(t, awsfedtest.New(awsfedtest.Options{}))
		}, "could not find matching cert keyId", "failed to verify"},
		"what the account itself signed in Google's name": {idTokenAudience, func(t *testing.T, cloud *awsfedtest.Cloud, token string) string {
			text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
			require.NoError(t, err)
			signed, _, err := newSigner(t, cloud, cloud.Config().ServiceAccount).SignJWT(t.Context(), json.RawMessage(text))
			require.NoError(t, err)
			return signed
		}, "could not find matching cert keyId", "failed to verify"},
	} {
		for library, verify := range idTokenVerifiers() {
			t.Run(name+" in "+library, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				token := idToken(t, cloud)
				_, err := verify(t.Context(), cloud, token, idTokenAudience)
				require.NoError(t, err, "before any change")
				if test.change != nil {
					token = test.change(t, cloud, token)
				}
				want := test.want
				if library == "go-oidc" {
					want = test.wantGoOIDC
				}
				_, err = verify(t.Context(), cloud, token, test.audience)
				assert.ErrorContains(t, err, want)
			})
		}
	}
}

func TestEachVerifierRefusesAnIDTokenThatHasExpired(t *testing.T) {
	for name, verify := range idTokenVerifiers() {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.SetClock(-2 * time.Hour)
			_, err := verify(t.Context(), cloud, idToken(t, cloud), idTokenAudience)
			assert.ErrorContains(t, err, "expired")
		})
	}
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
