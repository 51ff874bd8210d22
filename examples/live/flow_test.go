package live_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

const serviceAudience = "https://live.example.com"

// runFlow is what a workload does, on each kind of credentials.
func runFlow(t *testing.T, at target) {
	t.Helper()
	for _, k := range at.Kinds(t) {
		t.Run(k.name, func(t *testing.T) {
			report, err := awsfed.Diagnose(t.Context(), k.config, nil)
			require.NoError(t, err)
			require.NotEqual(t, awsfed.VerdictFailed, report.Worst(), "%s", report)

			ts, err := awsfed.NewTokenSource(t.Context(), k.config)
			require.NoError(t, err)
			token, err := ts.TokenContext(t.Context())
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(time.Hour), token.Expiry, 2*time.Minute)

			direct := k.config
			direct.ServiceAccount = ""
			ts, err = awsfed.NewTokenSource(t.Context(), direct)
			require.NoError(t, err)
			token, err = ts.TokenContext(t.Context())
			require.NoError(t, err)
			assert.True(t, token.Expiry.After(time.Now()))

			ids, err := awsfed.NewIDTokenSource(t.Context(), k.config, serviceAudience)
			require.NoError(t, err)
			token, err = ids.TokenContext(t.Context())
			require.NoError(t, err)
			claims := claimsOf(t, token.AccessToken)
			assert.Equal(t, serviceAudience, claims["aud"])
			assert.Equal(t, "https://accounts.google.com", claims["iss"])

			signer, err := awsfed.NewSigner(t.Context(), k.config)
			require.NoError(t, err)
			signature, keyID, err := signer.SignBlob(t.Context(), []byte("to be signed"))
			require.NoError(t, err)
			assert.Len(t, signature, 256, "RSA of 2048 bits")
			assert.NotEmpty(t, keyID)
		})
	}
}

// claimsOf reads a token without verifying it: who issued it is who was asked.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(text, &claims))
	return claims
}
