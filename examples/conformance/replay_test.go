package conformance_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// No Java runs here. Google's library for Java puts x-goog-cloud-target-resource into its subject
// token twice, once signed and once added afterwards, and its integration test runs against Google.
// The token of this test is one of awsfed's that is changed to be like it.
func TestSubjectTokenOfJavaWithTheTargetResourceTwiceGivesAToken(t *testing.T) {
	w := newWorld(t)
	cfg := w.Config()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	built, err := builder.SubjectToken(t.Context())
	require.NoError(t, err)
	text, err := url.QueryUnescape(built.Value())
	require.NoError(t, err)
	type header struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	var request struct {
		Headers []header `json:"headers"`
		Method  string   `json:"method"`
		URL     string   `json:"url"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &request))
	request.Headers = append(request.Headers, header{"x-goog-cloud-target-resource", cfg.Audience})
	token, err := json.Marshal(request)
	require.NoError(t, err)

	response, err := w.Client().PostForm("https://sts.googleapis.com/v1/token", url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type":   {"urn:ietf:params:aws:token-type:aws4_request"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"scope":                {awsfed.CloudPlatformScope},
		"audience":             {cfg.Audience},
		"subject_token":        {url.QueryEscape(string(token))},
	})
	require.NoError(t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode, "%s", answer)
}
