package awsfed_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// impersonatedFile is what Google's libraries read delegates of, with some fields changed.
func impersonatedFile(t *testing.T, inner, fields jsonObject) []byte {
	t.Helper()
	source := jsonObject{impersonationURL: nil, "universe_domain": nil}
	maps.Copy(source, inner)
	all := jsonObject{
		"type":               "impersonated_service_account",
		impersonationURL:     "https://iamcredentials.googleapis.com" + impersonationPath,
		"delegates":          []any{otherAccount, fullAccount},
		"source_credentials": json.RawMessage(changedFile(t, source)),
	}
	maps.Copy(all, fields)
	for name, value := range all {
		if value == nil {
			delete(all, name)
		}
	}
	return must(json.Marshal(all))
}

func TestImpersonatedServiceAccountFileIsReadWithItsDelegates(t *testing.T) {
	sentNothing(t)
	delegated := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, Delegates: []string{otherAccount, fullAccount}}
	with := func(change func(*awsfed.Config)) awsfed.Config {
		cfg := delegated
		change(&cfg)
		return cfg
	}
	options := subjectOptions()
	options.Universes = []string{"cloud.example"}
	for _, row := range []struct {
		name          string
		inner, fields jsonObject
		want          awsfed.Config
	}{
		{"as Google's libraries read it", nil, nil, delegated},
		{"no delegates", nil, jsonObject{"delegates": nil}, with(func(c *awsfed.Config) { c.Delegates = nil })},
		{"an empty list of delegates", nil, jsonObject{"delegates": []any{}}, with(func(c *awsfed.Config) { c.Delegates = nil })},
		{"a lifetime", nil, jsonObject{"service_account_impersonation": jsonObject{"token_lifetime_seconds": 7200}}, with(func(c *awsfed.Config) { c.Lifetime = 2 * time.Hour })},
		{"a quota project", jsonObject{"quota_project_id": "inner"}, jsonObject{"quota_project_id": "outer"}, with(func(c *awsfed.Config) { c.QuotaProject = "outer" })},
		{"a quota project within", jsonObject{"quota_project_id": "inner"}, nil, with(func(c *awsfed.Config) { c.QuotaProject = "inner" })},
		{"a universe", jsonObject{"universe_domain": "cloud.example", "token_url": nil}, jsonObject{"universe_domain": "cloud.example",
			impersonationURL: "https://iamcredentials.cloud.example" + impersonationPath}, with(func(c *awsfed.Config) { c.UniverseDomain = "cloud.example" })},
		{"a universe within", jsonObject{"universe_domain": "cloud.example", "token_url": nil}, jsonObject{
			impersonationURL: "https://iamcredentials.cloud.example" + impersonationPath}, with(func(c *awsfed.Config) { c.UniverseDomain = "cloud.example" })},
		{"a token in a file", jsonObject{"subject_token_type": jwtType, "credential_source": jsonObject{"file": allowedPath}}, nil,
			with(func(c *awsfed.Config) { c.Subject.File = allowedPath })},
		{"scopes, of which the reader has its own", nil, jsonObject{"scopes": []any{"a"}}, delegated},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg, err := awsfed.ConfigFromJSON(impersonatedFile(t, row.inner, row.fields), options)
			require.NoError(t, err)
			assert.Equal(t, row.want, cfg)
		})
	}
}

func TestHostileImpersonatedServiceAccountFilesAreRefusedByTheirField(t *testing.T) {
	sentNothing(t)
	const within = "source_credentials."
	rows := 0
	check := func(name string, data []byte, field string) {
		rows++
		t.Run(name, func(t *testing.T) { refused(t, data, field, nil) })
	}
	for field, values := range hostileValues() {
		for i, value := range values {
			name := fmt.Sprintf("%s/%d", field, i)
			switch {
			case field == delegates && value != nil:
				check(name, impersonatedFile(t, nil, jsonObject{"delegates": value}), "delegates")
			case field == impersonationURL:
				check(name, impersonatedFile(t, nil, jsonObject{impersonationURL: value}), impersonationURL)
			case field == "type" && value != nil && value != "" && i < 8:
				check(name, impersonatedFile(t, jsonObject{"type": value}, nil), within+"type")
			case field == "quota_project_id":
				check(name, impersonatedFile(t, nil, jsonObject{field: value}), field)
				check(name+" within", impersonatedFile(t, jsonObject{field: value}, nil), within+field)
			case field == "token_url", field == verificationURL, field == environmentID, field == "audience":
				check(name, impersonatedFile(t, jsonObject{field: value}, nil), within+field)
			}
		}
	}
	check("no account", impersonatedFile(t, nil, jsonObject{impersonationURL: nil, "delegates": nil}), impersonationURL)
	check("an account within", impersonatedFile(t, jsonObject{impersonationURL: "https://iamcredentials.googleapis.com" + impersonationPath}, nil), within+impersonationURL)
	check("delegates within", impersonatedFile(t, jsonObject{delegates: []any{otherAccount}}, nil), within+delegates)
	_, err := awsfed.ConfigFromJSON(impersonatedFile(t, jsonObject{"universe_domain": "googleapis.com"}, jsonObject{"universe_domain": "cloud.example",
		impersonationURL: "https://iamcredentials.cloud.example" + impersonationPath}), &awsfed.FileOptions{Universes: []string{"cloud.example"}})
	assert.Contains(t, faultyFields(err), "universe_domain", "two universes")
	for i, value := range []any{"a", 1, []any{}, true} {
		check(fmt.Sprintf("source_credentials/%d", i), impersonatedFile(t, nil, jsonObject{"source_credentials": value}), "source_credentials")
	}
	check("a token without leave", impersonatedFile(t, jsonObject{"subject_token_type": jwtType, "credential_source": jsonObject{"file": allowedPath}}, nil), within+source+"file")
	assert.Greater(t, rows, 300)
}
