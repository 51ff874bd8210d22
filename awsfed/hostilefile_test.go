package awsfed_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Files that no change of one field makes.
func TestHostileJSONIsRefused(t *testing.T) {
	base := string(changedFile(t, jsonObject{"future": 1}))
	replaced := func(old, new string) string {
		require.Contains(t, base, old)
		return strings.Replace(base, old, new, 1)
	}
	const (
		token = `"token_url":"https://sts.googleapis.com/v1/token"`
		url   = `"url":"http://169.254.169.254/latest/meta-data/iam/security-credentials"`
	)
	for _, row := range []struct{ name, file string }{
		{"a type in capital letters", replaced(`"type"`, `"Type"`)},
		{"a type with a letter that folds", replaced(`"subject_token_type"`, `"\u017fubject_token_type"`)},
		{"an audience in capital letters", replaced(`"audience"`, `"AUDIENCE"`)},
		{"a source in capital letters", replaced(`"credential_source"`, `"Credential_Source"`)},
		{"two token URLs, the first of somebody", replaced(token, `"token_url":"https://evil.example/v1/token",`+token)},
		{"two token URLs that are the same", replaced(token, token+","+token)},
		{"two token URLs, one in escapes", replaced(token, token+`,"\u0074oken_url":"https://sts.googleapis.com/v1/token"`)},
		{"two audiences", replaced(`"audience":`, `"audience":"a","audience":`)},
		{"two types", replaced(`"type":`, `"type":"service_account","type":`)},
		{"two URLs in the source", replaced(url, `"url":"http://evil.example/latest/meta-data/iam/security-credentials",`+url)},
		{"64 KiB and a byte", base + strings.Repeat(" ", 64<<10+1-len(base))},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := awsfed.ConfigFromJSON([]byte(row.file))
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
		})
	}
}
