package guides_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// A record of CloudTrail, as far as docs/operating.md has one: the fields of AWS's reference of
// record contents and of userIdentity.
type record struct {
	EventSource        string `json:"eventSource"`
	EventName          string `json:"eventName"`
	AWSRegion          string `json:"awsRegion"`
	EventTime          string `json:"eventTime"`
	SourceIPAddress    string `json:"sourceIPAddress"`
	UserAgent          string `json:"userAgent"`
	ReadOnly           bool   `json:"readOnly"`
	RecipientAccountID string `json:"recipientAccountId"`
	UserIdentity       struct {
		Type           string `json:"type"`
		ARN            string `json:"arn"`
		AccountID      string `json:"accountId"`
		PrincipalID    string `json:"principalId"`
		SessionContext struct {
			SessionIssuer struct {
				Type      string `json:"type"`
				ARN       string `json:"arn"`
				AccountID string `json:"accountId"`
				UserName  string `json:"userName"`
			} `json:"sessionIssuer"`
		} `json:"sessionContext"`
	} `json:"userIdentity"`
	TLSDetails struct {
		ClientProvidedHostHeader string `json:"clientProvidedHostHeader"`
	} `json:"tlsDetails"`
}

// The entries of both clouds on the page are of one token: what CloudTrail has as the ARN, Google
// has as the subject, and maps to the principal.
func TestTheLogEntriesOfBothCloudsAreOfOneIdentity(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "cloudtrail.json"))
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var r record
	require.NoError(t, decoder.Decode(&r))
	assert.Equal(t, "GetCallerIdentity", r.EventName)
	assert.Equal(t, r.RecipientAccountID, r.UserIdentity.AccountID)

	id := principal.Identity{Account: r.UserIdentity.AccountID, ARN: r.UserIdentity.ARN, UserID: r.UserIdentity.PrincipalID}
	attributes, err := principal.DefaultMapping(id)
	require.NoError(t, err)
	named, err := principal.ParseAudience(provider)
	require.NoError(t, err)
	page, err := os.ReadFile(filepath.Join(root, "docs", "operating.md"))
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(page), `"principalSubject": "`+r.UserIdentity.ARN+`"`), "the exchange")
	assert.Equal(t, 1, strings.Count(string(page), `"mapped_principal": "`+named.Subject(attributes.Subject)+`"`), "the exchange")
	assert.Equal(t, 2, strings.Count(string(page), `"principalSubject": "`+named.Subject(attributes.Subject)+`"`), "the token, and its use")
}
