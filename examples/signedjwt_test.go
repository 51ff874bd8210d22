package examples_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	signedJWTAudience = "https://reports.example.com"
	accountKeySets    = "https://www.googleapis.com/service_accounts/v1/metadata/jwk/"
)

// accountKeySet is the JSON Web Key Set of a service account, from where Google has it.
func accountKeySet(t *testing.T, cloud *awsfedtest.Cloud, email string) *jose.JSONWebKeySet {
	t.Helper()
	resp, body := exchange(t, cloud.Client(), newRequest(t, http.MethodGet, accountKeySets+email, "", nil))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	keys := new(jose.JSONWebKeySet)
	require.NoError(t, json.Unmarshal([]byte(body), keys))
	return keys
}

// signedJWT is one for half an hour that go-jose's own type of claims encodes.
func signedJWT(t *testing.T, signer *awsfed.Signer) (token, keyID string) {
	t.Helper()
	now := time.Now()
	token, keyID, err := signer.SignJWT(t.Context(), jwt.Claims{
		Issuer: signer.Email(), Subject: signer.Email(), Audience: jwt.Audience{signedJWTAudience}, ID: "17",
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(30 * time.Minute)),
	})
	require.NoError(t, err)
	return token, keyID
}

// verifyJWT is what a service does with a JSON Web Token by go-jose.
func verifyJWT(token string, keys *jose.JSONWebKeySet, want jwt.Expected) (jwt.Claims, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return jwt.Claims{}, err
	}
	var claims jwt.Claims
	if err := parsed.Claims(keys, &claims); err != nil {
		return jwt.Claims{}, err
	}
	return claims, claims.ValidateWithLeeway(want, 0)
}

func TestSignedJWTIsAcceptedByGoJose(t *testing.T) {
	for name, federated := range map[string]bool{
		"signed by the federated token":     true,
		"signed by the account's own token": false,
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.AcceptFederatedSigning(federated)
			signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
			token, keyID := signedJWT(t, signer)
			keys := accountKeySet(t, cloud, signer.Email())
			claims, err := verifyJWT(token, keys, jwt.Expected{
				Issuer: signer.Email(), Subject: signer.Email(), AnyAudience: jwt.Audience{signedJWTAudience}, ID: "17", Time: time.Now(),
			})
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(30*time.Minute), claims.Expiry.Time(), time.Minute)
			assert.Len(t, keys.Key(keyID), 1, "the ID of the key is that of the set")
			parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
			require.NoError(t, err)
			require.Len(t, parsed.Headers, 1)
			assert.Equal(t, keyID, parsed.Headers[0].KeyID)
		})
	}
}

func TestSignedJWTIsRefusedByGoJoseForWhatItIsNot(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(t *testing.T, token string) string
		account string // whose keys verify; "" for the signer's
		want    func(expected *jwt.Expected)
		err     error
	}{
		"claims that were changed": {change: func(t *testing.T, token string) string {
			return changePart(t, token, 1, func(claims map[string]any) { claims["sub"] = "admin@my-project.iam.gserviceaccount.com" })
		}, err: jose.ErrCryptoFailure},
		"another account's key": {account: "other", err: jose.ErrJWKSKidNotFound},
		"another issuer":        {want: func(e *jwt.Expected) { e.Issuer = "other@my-project.iam.gserviceaccount.com" }, err: jwt.ErrInvalidIssuer},
		"another audience":      {want: func(e *jwt.Expected) { e.AnyAudience = jwt.Audience{"https://another.example.com"} }, err: jwt.ErrInvalidAudience},
		"an hour later":         {want: func(e *jwt.Expected) { e.Time = e.Time.Add(time.Hour) }, err: jwt.ErrExpired},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
			account := signer.Email()
			expected := jwt.Expected{Issuer: account, AnyAudience: jwt.Audience{signedJWTAudience}, Time: time.Now()}
			token, _ := signedJWT(t, signer)
			_, err := verifyJWT(token, accountKeySet(t, cloud, account), expected)
			require.NoError(t, err, "before any change")

			if test.change != nil {
				token = test.change(t, token)
			}
			if test.account != "" {
				account = addAccount(t, cloud, test.account)
			}
			if test.want != nil {
				test.want(&expected)
			}
			_, err = verifyJWT(token, accountKeySet(t, cloud, account), expected)
			assert.ErrorIs(t, err, test.err)
		})
	}
}

// A gateway is told an account as an issuer, with where its keys are.
func TestSignedJWTIsAcceptedByGoOIDCOfTheAccountAsAnIssuer(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	signer := newSigner(t, cloud, cloud.Config().ServiceAccount)
	other := newSigner(t, cloud, addAccount(t, cloud, "other"))
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(t.Context(), cloud.Client()), accountKeySets+signer.Email())
	verifier := oidc.NewVerifier(signer.Email(), keys, &oidc.Config{ClientID: signedJWTAudience})
	token, _ := signedJWT(t, signer)
	verified, err := verifier.Verify(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, signer.Email(), verified.Subject)

	forged, _, err := other.SignJWT(t.Context(), map[string]any{
		"iss": signer.Email(), "sub": signer.Email(), "aud": signedJWTAudience, "exp": time.Now().Add(time.Minute).Unix(),
	})
	require.NoError(t, err)
	_, err = verifier.Verify(t.Context(), forged)
	assert.ErrorContains(t, err, "failed to verify signature")
}
