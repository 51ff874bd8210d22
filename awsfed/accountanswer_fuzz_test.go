package awsfed_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// unsignedJWT is a JWT of these claims.
func unsignedJWT(claims string) string {
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(`{"alg":"RS256"}`)) + "." + part([]byte(claims)) + ".c2ln"
}

// fuzzed has the fuzzer make answers for ask, which asserts what a success has to be.
func fuzzed(f *testing.F, secrets []string, ask func(t *testing.T, cfg awsfed.Config) error) {
	f.Helper()
	errorSeeds(f)
	f.Fuzz(func(t *testing.T, header string, status int, body string) {
		answer := hostileAnswer{header, status, body}
		if !answer.possible() {
			return
		}
		err := ask(t, awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, HTTPClient: answer.client(secrets)})
		if err == nil {
			require.Equal(t, http.StatusOK, status)
			return
		}
		requireFit(t, err, secrets)
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Hint)
	})
}

func FuzzIDTokenAnswer(f *testing.F) {
	for _, claims := range []string{
		`{"aud":"` + runService + `","exp":4102444800,"iat":4102441200}`,
		`{"aud":["` + runService + `"],"exp":4102444800.5}`,
		`{"aud":5,"exp":1e309}`,
		`{"aud":"` + runService + `","exp":-1,"iat":"CANARY0"}`,
		`{"aud":"a","aud":"` + runService + `"}`,
	} {
		f.Add("", 200, `{"token":"`+unsignedJWT(claims)+`"}`)
	}
	f.Add("Date: Sat, 01 Jan 2000 00:00:00 GMT", 200, `{"token":"a.b.c"}`)
	secrets := []string{"ya29.d.canary-of-a-federated-token"}
	fuzzed(f, secrets, func(t *testing.T, cfg awsfed.Config) error {
		start := time.Now()
		token, err := awsfed.AskIDToken(t.Context(), cfg, fixedFederated(secrets[0]), runService)
		if err == nil {
			requireUsable(t, token, start)
			require.Equal(t, 2, strings.Count(token.AccessToken, "."))
		}
		return err
	})
}

func FuzzSignatureAnswer(f *testing.F) {
	f.Add("", 200, `{"keyId":"0123abcd","signedBlob":"c2lnbmF0dXJl","signedJwt":"`+unsignedJWT("{}")+`"}`)
	f.Add("", 200, `{"keyId":"a\nb","signedBlob":"====","signedJwt":"a.b"}`)
	f.Add("", 200, `{"keyId":5,"signedBlob":[],"signedJwt":null}`)
	secrets := []string{"ya29.d.canary-of-a-federated-token"}
	fuzzed(f, secrets, func(t *testing.T, cfg awsfed.Config) error {
		keyID, _, blob, blobErr := awsfed.AskSignature(t.Context(), cfg, fixedFederated(secrets[0]), "signBlob", "cGF5bG9hZA==")
		if blobErr == nil {
			require.Regexp(t, `^[!-~]+$`, keyID)
			require.NotEmpty(t, blob)
		} else {
			require.Empty(t, blob)
			requireFit(t, blobErr, secrets)
		}
		_, jwt, _, err := awsfed.AskSignature(t.Context(), cfg, fixedFederated(secrets[0]), "signJwt", "{}")
		if err == nil {
			require.Regexp(t, `^[!-~]+\.[!-~]+\.[!-~]+$`, jwt)
		}
		return err
	})
}

func FuzzUserTokenAnswer(f *testing.F) {
	f.Add("", 200, `{"access_token":"ya29.x","token_type":"Bearer","expires_in":3599}`)
	f.Add("", 200, `{"access_token":"ya29.x","token_type":"mac","expires_in":"1"}`)
	f.Add("", 401, `{"error":"unauthorized_client","error_description":"Client is unauthorized."}`)
	assertion := unsignedJWT(`{"sub":"`+workspaceUser+`"}`) + "-of-a-canary"
	secrets := []string{assertion, assertion[strings.LastIndex(assertion, ".")+1:]}
	fuzzed(f, secrets, func(t *testing.T, cfg awsfed.Config) error {
		start := time.Now()
		token, err := awsfed.AskUserToken(t.Context(), cfg, assertion)
		if err == nil {
			requireUsable(t, token, start)
		}
		return err
	})
}
