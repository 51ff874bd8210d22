package live_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxText bounds the text of an answer, in bytes.
const maxText = 300

// ofSTS tells what STS answered, without the token if there is one.
func (a answer) ofSTS(t *testing.T) string {
	t.Helper()
	var body struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
		AccessToken string          `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal(a.body, &body), "%d", a.status)
	if a.status == http.StatusOK {
		require.NotEmpty(t, body.AccessToken)
		return "200, a token"
	}
	require.NotEmpty(t, body.Error)
	return fmt.Sprintf("%d %s: %s", a.status, brief(strings.Trim(string(body.Error), `"`)), brief(body.Description))
}

// ofAPI tells what IAM Credentials answered, without what it gave.
func (a answer) ofAPI(t *testing.T) string {
	t.Helper()
	var body struct {
		Error struct {
			Status  string `json:"status"`
			Message string `json:"message"`
			Details []struct {
				Reason string `json:"reason"`
			} `json:"details"`
		} `json:"error"`
		ExpireTime string `json:"expireTime"`
	}
	require.NoError(t, json.Unmarshal(a.body, &body), "%d", a.status)
	if a.status == http.StatusOK {
		if body.ExpireTime != "" {
			return "200, until " + body.ExpireTime
		}
		return "200"
	}
	require.NotEmpty(t, body.Error.Status)
	reasons := ""
	for _, d := range body.Error.Details {
		reasons += " " + d.Reason
	}
	return fmt.Sprintf("%d %s%s: %s", a.status, body.Error.Status, reasons, brief(body.Error.Message))
}

// brief is a text on one line, of bounded length.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
