package fakegoogle_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	issuerURL   = "https://issuer.example"
	jwtType     = "urn:ietf:params:oauth:token-type:jwt"
	idTokenType = "urn:ietf:params:oauth:token-type:id_token"
)

// oidcAttempt is the exchange of an OpenID Connect token in which nothing is wrong until a test
// breaks it.
type oidcAttempt struct {
	cloud     *testCloud
	provider  fakegoogle.OIDCProvider
	key       crypto.Signer
	algorithm string
	kid       string
	claims    map[string]any
	token     string // in place of key, algorithm, kid and claims
	tokenType string
	sent      func() // called between signing and sending
}

func newOIDCAttempt(t *testing.T) *oidcAttempt {
	a := &oidcAttempt{cloud: newCloud(fakegoogle.Options{}), algorithm: "ES256", kid: "key-1", tokenType: jwtType, sent: func() {}}
	a.key = newECDSA(t, elliptic.P256())
	a.provider = fakegoogle.OIDCProvider{
		Provider: a.cloud.Google.Provider(), Issuer: issuerURL,
		Keys: func(kid string) crypto.PublicKey {
			if kid != "key-1" {
				return nil
			}
			return a.key.Public()
		},
	}
	a.provider.ID = "my-oidc-provider"
	now := a.cloud.Now().Unix()
	a.claims = map[string]any{"iss": issuerURL, "sub": "workload", "aud": "https:" + a.provider.Audience(), "iat": now, "exp": now + 600}
	return a
}

func newECDSA(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

// signed is the token that the attempt exchanges.
func (a *oidcAttempt) signed(t *testing.T) string {
	t.Helper()
	header, err := json.Marshal(map[string]string{"alg": a.algorithm, "kid": a.kid})
	require.NoError(t, err)
	payload, err := json.Marshal(a.claims)
	require.NoError(t, err)
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest256, digest384 := sha256.Sum256([]byte(text)), sha512.Sum384([]byte(text))
	var signature []byte
	switch key := a.key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest256[:])
		require.NoError(t, err)
	case *ecdsa.PrivateKey:
		digest := digest256[:]
		if a.algorithm == "ES384" {
			digest = digest384[:]
		}
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		require.NoError(t, err)
		half := (key.Params().BitSize + 7) / 8
		signature = make([]byte, 2*half)
		r.FillBytes(signature[:half])
		s.FillBytes(signature[half:])
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// send adds the provider and exchanges the token there.
func (a *oidcAttempt) send(t *testing.T) (*http.Response, map[string]any) {
	t.Helper()
	require.NoError(t, a.cloud.Google.AddOIDCProvider(a.provider))
	if a.token == "" {
		a.token = a.signed(t)
	}
	a.sent()
	form := exchangeForm(a.token)
	form.Set("audience", a.provider.Audience())
	form.Set("subject_token_type", a.tokenType)
	return postForm(t, a.cloud, form)
}

func TestAnOIDCTokenGivesAFederatedToken(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *oidcAttempt)
		want   time.Duration // default: 599 s
	}{
		"signed with ES256": {change: func(*testing.T, *oidcAttempt) {}},
		"signed with ES384": {change: func(t *testing.T, a *oidcAttempt) {
			a.key, a.algorithm = newECDSA(t, elliptic.P384()), "ES384"
		}},
		"signed with RS256": {change: func(t *testing.T, a *oidcAttempt) {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			require.NoError(t, err)
			a.key, a.algorithm = key, "RS256"
		}},
		"as an ID token":                       {change: func(_ *testing.T, a *oidcAttempt) { a.tokenType = idTokenType }},
		"for the resource name without https:": {change: func(_ *testing.T, a *oidcAttempt) { a.claims["aud"] = a.provider.Audience() }},
		"for several, the provider among them": {change: func(_ *testing.T, a *oidcAttempt) { a.claims["aud"] = []string{"x", a.provider.Audience()} }},
		"for an audience that the provider allows": {change: func(_ *testing.T, a *oidcAttempt) {
			a.provider.Audiences = []string{"one", "two"}
			a.claims["aud"] = "two"
		}},
		"of an hour":                     {func(_ *testing.T, a *oidcAttempt) { a.claims["exp"] = a.cloud.Now().Unix() + 3600 }, 3599 * time.Second},
		"of a day":                       {func(_ *testing.T, a *oidcAttempt) { a.claims["exp"] = a.cloud.Now().Unix() + 86400 }, 3599 * time.Second},
		"with two seconds left":          {func(_ *testing.T, a *oidcAttempt) { a.sent = func() { a.cloud.SetClock(598 * time.Second) } }, time.Second},
		"where federated ones are short": {func(_ *testing.T, a *oidcAttempt) { a.cloud.Google.SetFederatedLifetime(90 * time.Second) }, 90 * time.Second},
		"issued a minute from now":       {change: func(_ *testing.T, a *oidcAttempt) { a.claims["iat"] = a.cloud.Now().Unix() + 60 }},
		"issued a day ago":               {change: func(_ *testing.T, a *oidcAttempt) { a.claims["iat"] = a.cloud.Now().Unix() - 86400 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newOIDCAttempt(t)
				test.change(t, a)
				response, answer := a.send(t)
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				lifetime := 599 * time.Second
				if test.want != 0 {
					lifetime = test.want
				}
				assert.Equal(t, lifetime.Seconds(), answer["expires_in"])
				access, err := a.cloud.Google.Check(answer["access_token"].(string))
				require.NoError(t, err)
				assert.Equal(t, fakegoogle.Access{
					Kind: fakegoogle.FederatedToken, Principal: a.provider.Subject("workload"),
					Scopes: []string{cloudPlatform}, Expires: a.cloud.Now().Add(lifetime),
				}, access)
			})
		})
	}
}

// brokenOIDCTokens has a row for each rule on the tokens of OpenID Connect providers, in an
// exchange that breaks just that one. A want that begins with "emulator: " is no text of Google's.
var brokenOIDCTokens = []struct {
	name   string
	spoil  func(*testing.T, *oidcAttempt)
	reason fakegoogle.Reason
	status int // default: 400
	code   string
	want   string
}{
	{name: "a signed AWS request", spoil: func(t *testing.T, a *oidcAttempt) {
		a.token, a.tokenType = signSubject(t, a.cloud, verificationURL).encode(t), "urn:ietf:params:aws:token-type:aws4_request"
	}, reason: fakegoogle.ReasonSubjectTokenType, code: "invalid_request", want: "emulator: subject_token_type must be " + jwtType + " or " + idTokenType + " for an OpenID Connect provider"},
	{name: "a provider that is disabled", spoil: func(t *testing.T, a *oidcAttempt) {
		a.sent = func() {
			require.NoError(t, a.cloud.Google.SetProviderState(a.provider.Provider, fakegoogle.StateDisabled))
		}
	}, reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a pool that is disabled", spoil: func(_ *testing.T, a *oidcAttempt) { a.cloud.Google.DisablePool() },
		reason: fakegoogle.ReasonTarget, code: "invalid_target", want: unknownTarget},
	{name: "a token over 32 KiB", spoil: func(_ *testing.T, a *oidcAttempt) { a.token = strings.Repeat("x", 32<<10+1) },
		reason: fakegoogle.ReasonTokenSize, code: "invalid_grant", want: "emulator: subject_token has 32769 bytes, more than 32768"},
	{name: "no JWT", spoil: func(_ *testing.T, a *oidcAttempt) { a.token = "x.y.z" },
		reason: fakegoogle.ReasonJWTFormat, code: "invalid_grant", want: "emulator: subject_token is not a JWT"},
	{name: "a part too many", spoil: func(t *testing.T, a *oidcAttempt) { a.token = a.signed(t) + "." },
		reason: fakegoogle.ReasonJWTFormat, code: "invalid_grant", want: "emulator: subject_token is not a JWT"},
	{name: "an extension that must be understood", spoil: func(t *testing.T, a *oidcAttempt) {
		_, rest, _ := strings.Cut(a.signed(t), ".")
		a.token = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"key-1","crit":["b64"]}`)) + "." + rest
	}, reason: fakegoogle.ReasonJWTFormat, code: "invalid_grant", want: "emulator: subject_token is not a JWT"},
	{name: "no kid", spoil: func(_ *testing.T, a *oidcAttempt) { a.kid = "" },
		reason: fakegoogle.ReasonJWTFormat, code: "invalid_grant", want: "emulator: the header of the JWT has no kid"},
	{name: "no algorithm", spoil: func(_ *testing.T, a *oidcAttempt) { a.algorithm = "none" },
		reason: fakegoogle.ReasonJWTAlgorithm, code: "invalid_grant", want: "emulator: the alg of the JWT must be RS256 or ES256"},
	{name: "ES384 where it is refused", spoil: func(t *testing.T, a *oidcAttempt) {
		u := a.cloud.Google.Unsettled()
		u.AcceptES384 = false
		a.cloud.Google.SetUnsettled(u)
		a.key, a.algorithm = newECDSA(t, elliptic.P384()), "ES384"
	}, reason: fakegoogle.ReasonJWTAlgorithm, code: "invalid_grant", want: "emulator: the alg of the JWT must be RS256 or ES256"},
	{name: "another issuer", spoil: func(_ *testing.T, a *oidcAttempt) { a.claims["iss"] = issuerURL + "/" },
		reason: fakegoogle.ReasonIssuer, code: "invalid_grant", want: `emulator: the issuer "https://issuer.example/" of the JWT is not the provider's`},
	{name: "a key that the issuer does not have", spoil: func(_ *testing.T, a *oidcAttempt) { a.kid = "key-2" },
		reason: fakegoogle.ReasonIssuerKeys, code: "invalid_grant", want: "Error connecting to the given credential's issuer."},
	{name: "another key", spoil: func(t *testing.T, a *oidcAttempt) {
		other := newECDSA(t, elliptic.P256())
		a.provider.Keys = func(string) crypto.PublicKey { return other.Public() }
	}, reason: fakegoogle.ReasonJWTSignature, code: "invalid_grant", want: "emulator: the signature of the JWT is not the issuer's"},
	{name: "a key of another kind than the algorithm's", spoil: func(_ *testing.T, a *oidcAttempt) { a.algorithm = "RS256" },
		reason: fakegoogle.ReasonJWTSignature, code: "invalid_grant", want: "emulator: the signature of the JWT is not the issuer's"},
	{name: "a key of another curve than the algorithm's", spoil: func(t *testing.T, a *oidcAttempt) { a.key = newECDSA(t, elliptic.P384()) },
		reason: fakegoogle.ReasonJWTSignature, code: "invalid_grant", want: "emulator: the signature of the JWT is not the issuer's"},
	{name: "a key that is a nil pointer", spoil: func(_ *testing.T, a *oidcAttempt) {
		a.provider.Keys = func(string) crypto.PublicKey { return (*ecdsa.PublicKey)(nil) }
	}, reason: fakegoogle.ReasonJWTSignature, code: "invalid_grant", want: "emulator: the signature of the JWT is not the issuer's"},
	{name: "claims that were changed after signing", spoil: func(t *testing.T, a *oidcAttempt) {
		parts := strings.Split(a.signed(t), ".")
		a.claims["sub"] = "root"
		a.token = parts[0] + "." + strings.Split(a.signed(t), ".")[1] + "." + parts[2]
	}, reason: fakegoogle.ReasonJWTSignature, code: "invalid_grant", want: "emulator: the signature of the JWT is not the issuer's"},
	{name: "another audience", spoil: func(_ *testing.T, a *oidcAttempt) {
		a.provider.Audiences = []string{"one"}
		a.claims["aud"] = []any{a.provider.Audience(), 1}
	}, reason: fakegoogle.ReasonJWTAudience, code: "invalid_grant", want: `emulator: the aud of the JWT is none of ["one"]`},
	{name: "no audience", spoil: func(_ *testing.T, a *oidcAttempt) {
		a.provider.Audiences = []string{"one"}
		delete(a.claims, "aud")
	}, reason: fakegoogle.ReasonJWTAudience, code: "invalid_grant", want: `emulator: the aud of the JWT is none of ["one"]`},
	{name: "no issue", spoil: func(_ *testing.T, a *oidcAttempt) { delete(a.claims, "iat") },
		reason: fakegoogle.ReasonJWTTimes, code: "invalid_grant", want: "emulator: the JWT has no iat or no exp"},
	{name: "an end in a string", spoil: func(_ *testing.T, a *oidcAttempt) { a.claims["exp"] = "4102444800" },
		reason: fakegoogle.ReasonJWTTimes, code: "invalid_grant", want: "emulator: the JWT has no iat or no exp"},
	{name: "an issue in the future", spoil: func(_ *testing.T, a *oidcAttempt) { a.claims["iat"] = a.cloud.Now().Unix() + 61 },
		reason: fakegoogle.ReasonJWTTimes, code: "invalid_grant", want: "emulator: the iat of the JWT is in the future"},
	{name: "an issue over a day ago", spoil: func(_ *testing.T, a *oidcAttempt) { a.claims["iat"] = a.cloud.Now().Unix() - 86401 },
		reason: fakegoogle.ReasonJWTTimes, code: "invalid_grant", want: "emulator: the iat of the JWT is more than 24 hours ago"},
	{name: "an end that has come", spoil: func(_ *testing.T, a *oidcAttempt) { a.sent = func() { a.cloud.SetClock(600 * time.Second) } },
		reason: fakegoogle.ReasonJWTTimes, code: "invalid_grant", want: "emulator: the JWT has expired"},
	{name: "an end in a second", spoil: func(_ *testing.T, a *oidcAttempt) { a.sent = func() { a.cloud.SetClock(599 * time.Second) } },
		reason: fakegoogle.ReasonJWTEnding, status: 500, code: "server_error", want: "emulator: the JWT ends within a second"},
	{name: "no subject", spoil: func(_ *testing.T, a *oidcAttempt) { delete(a.claims, "sub") },
		reason: fakegoogle.ReasonSubjectEmpty, code: "invalid_request", want: "emulator: the attribute mapping yields no google.subject"},
	{name: "a subject of 128 bytes", spoil: func(_ *testing.T, a *oidcAttempt) { a.claims["sub"] = strings.Repeat("s", 128) },
		reason: fakegoogle.ReasonSubjectSize, code: "invalid_request", want: subjectTooLong},
	{name: "a mapping that fails", spoil: func(_ *testing.T, a *oidcAttempt) {
		a.provider.Mapping = func(map[string]any) (principal.Attributes, error) {
			return principal.Attributes{}, errors.New("no such key")
		}
	}, reason: fakegoogle.ReasonMapping, code: "invalid_request", want: "emulator: the attribute mapping failed: no such key"},
	{name: "a condition that is false", spoil: func(_ *testing.T, a *oidcAttempt) {
		a.provider.Condition = func(claims map[string]any, _ principal.Attributes) (bool, error) { return claims["sub"] == "root", nil }
	}, reason: fakegoogle.ReasonCondition, code: "unauthorized_client", want: notTheCondition},
}

func TestAnOIDCTokenThatBreaksOneRuleIsRefusedForIt(t *testing.T) {
	for _, test := range brokenOIDCTokens {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newOIDCAttempt(t)
				test.spoil(t, a)
				response, answer := a.send(t)
				assert.Equal(t, max(test.status, http.StatusBadRequest), response.StatusCode)
				assert.Equal(t, map[string]any{"error": test.code, "error_description": test.want}, answer)
			})
		})
	}
}
