package awsfedtest_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestCloudServesTheClientThatItRequires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		cloud := awsfedtest.New(awsfedtest.Options{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		cfg := cloud.Config()
		keys, err := cfg.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		form := url.Values{
			"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"audience":             {cfg.Audience},
			"scope":                {cloudPlatform},
			"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
			"subject_token":        {signSubject(t.Context(), t, cfg, keys)},
			"subject_token_type":   {"urn:ietf:params:aws:token-type:aws4_request"},
			"options":              {`{"userProject":"billed-project"}`},
		}
		exchange := func(authorization string) (int, map[string]any) {
			var answer map[string]any
			status, err := post(t.Context(), cloud.Client(), "https://sts.googleapis.com/v1/token", "application/x-www-form-urlencoded", authorization, form.Encode(), &answer)
			require.NoError(t, err)
			return status, answer
		}

		cloud.RequireClient("my-client", "my-secret")
		for _, authorization := range []string{"", "Basic bXktY2xpZW50Om90aGVy"} {
			status, answer := exchange(authorization)
			assert.Equal(t, http.StatusUnauthorized, status)
			assert.Equal(t, "invalid_client", answer["error"])
		}
		status, answer := exchange("Basic bXktY2xpZW50Om15LXNlY3JldA==")
		require.Equal(t, http.StatusOK, status, answer)
		access, err := cloud.Check(answer["access_token"].(string))
		require.NoError(t, err)
		assert.Equal(t, "billed-project", access.QuotaProject)
		for _, text := range []string{lines.String(), fmt.Sprintf("%+v", cloud.Requests())} {
			assert.NotContains(t, text, "bXkt")
			assert.NotContains(t, text, "my-secret")
		}

		cloud.RequireClient("", "")
		status, answer = exchange("")
		assert.Equal(t, http.StatusOK, status, answer)
	})
}
