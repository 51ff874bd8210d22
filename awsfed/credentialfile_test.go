package awsfed_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Two more accounts, the second in the long form that files of others have.
const (
	otherAccount = "second@my-project.iam.gserviceaccount.com"
	fullAccount  = "projects/-/serviceAccounts/third@my-project.iam.gserviceaccount.com"
)

const impersonationPath = "/v1/projects/-/serviceAccounts/" + testAccount + ":generateAccessToken"

// A jsonObject is a credential file that a test changes one thing of.
type jsonObject = map[string]any

// changedFile is gcloud's file with some fields set, or with nil removed. A name with a dot is one
// of an inner object.
func changedFile(t *testing.T, fields jsonObject) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/credentialfile/gcloud-enable-imdsv2.json")
	require.NoError(t, err)
	var file jsonObject
	require.NoError(t, json.Unmarshal(data, &file))
	for path, value := range fields {
		object, name := file, path
		if outer, inner, found := strings.Cut(path, "."); found {
			if object[outer] == nil {
				object[outer] = jsonObject{}
			}
			object, name = object[outer].(jsonObject), inner
		}
		if value == nil {
			delete(object, name)
		} else {
			object[name] = value
		}
	}
	data, err = json.Marshal(file)
	require.NoError(t, err)
	return data
}

func TestCredentialFilesOfGcloudAreRead(t *testing.T) {
	plain := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}
	with := func(change func(*awsfed.Config)) awsfed.Config {
		cfg := plain
		change(&cfg)
		return cfg
	}
	want := map[string]awsfed.Config{
		"gcloud.json":               plain,
		"gcloud-enable-imdsv2.json": plain,
		"gcloud-sts-location.json": with(func(c *awsfed.Config) {
			c.TokenURL = "https://sts.europe-west4.rep.googleapis.com/v1/token"
		}),
		"gcloud-direct-access.json":  with(func(c *awsfed.Config) { c.ServiceAccount = "" }),
		"gcloud-token-lifetime.json": with(func(c *awsfed.Config) { c.Lifetime = 2 * time.Hour }),
		"metadata-ipv6.json":         with(func(c *awsfed.Config) { c.MetadataEndpoint = "http://[fd00:ec2::254]" }),
		"metadata-missing.json":      plain,
		"metadata-empty.json": {
			Audience:       strings.Replace(testAudience, "my-aws-pool", "my-aws-pool-20211030", 1),
			ServiceAccount: "mysa-457@myproject-20210411.iam.gserviceaccount.com",
		},
	}
	names, err := filepath.Glob("testdata/credentialfile/*.json")
	require.NoError(t, err)
	require.Len(t, names, len(want))
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			cfg, err := awsfed.ConfigFromFile(name, nil)
			require.NoError(t, err)
			assert.Equal(t, want[filepath.Base(name)], cfg)

			google := &scriptedGoogle{}
			offline := offlineConfig(google)
			cfg.Credentials, cfg.Region, cfg.HTTPClient, cfg.Logger = offline.Credentials, offline.Region, offline.HTTPClient, offline.Logger
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err, "the file works as it stands")
		})
	}
}

func TestCredentialFileHasOptionalParts(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields jsonObject
		want   awsfed.Config
	}{
		{"no token URL", jsonObject{"token_url": nil}, awsfed.Config{}},
		{"an empty token URL", jsonObject{"token_url": ""}, awsfed.Config{}},
		{"no universe, as older gcloud writes it", jsonObject{"universe_domain": nil}, awsfed.Config{}},
		{"no verification URL", jsonObject{"credential_source.regional_cred_verification_url": nil}, awsfed.Config{}},
		{"a quota project", jsonObject{"quota_project_id": "payer"}, awsfed.Config{QuotaProject: "payer"}},
		{"an account with its @ escaped", jsonObject{"service_account_impersonation_url": "https://iamcredentials.googleapis.com" +
			strings.Replace(impersonationPath, "@", "%40", 1)}, awsfed.Config{}},
		{"an account by its unique ID", jsonObject{"service_account_impersonation_url": "https://iamcredentials.googleapis.com" +
			strings.Replace(impersonationPath, testAccount, "112233445566778899001", 1)}, awsfed.Config{ServiceAccount: "112233445566778899001"}},
		{"IAM Credentials by mutual TLS", jsonObject{"service_account_impersonation_url": "https://iamcredentials.mtls.googleapis.com" + impersonationPath},
			awsfed.Config{IAMCredentialsEndpoint: "https://iamcredentials.mtls.googleapis.com"}},
		{"a token URL of Private Service Connect", jsonObject{"token_url": "https://sts-xyz.p.googleapis.com/v1/token"},
			awsfed.Config{TokenURL: "https://sts-xyz.p.googleapis.com/v1/token"}},
		{"a FIPS endpoint of AWS", jsonObject{"credential_source.regional_cred_verification_url": "https://sts-fips.{region}.amazonaws.com" + callerIdentity},
			awsfed.Config{VerificationURL: "https://sts-fips.{region}.amazonaws.com" + callerIdentity}},
		{"AWS in China", jsonObject{"credential_source.regional_cred_verification_url": "https://sts.{region}.amazonaws.com.cn" + callerIdentity},
			awsfed.Config{VerificationURL: "https://sts.{region}.amazonaws.com.cn" + callerIdentity}},
		{"the region document", jsonObject{"credential_source.region_url": "http://169.254.169.254/latest/meta-data/placement/region"}, awsfed.Config{}},
		{"a role after the path", jsonObject{"credential_source.url": "http://169.254.169.254/latest/meta-data/iam/security-credentials/"}, awsfed.Config{}},
		{"no lifetime in its object", jsonObject{"service_account_impersonation": jsonObject{}}, awsfed.Config{}},
		{"the longest lifetime", jsonObject{"service_account_impersonation.token_lifetime_seconds": 43200}, awsfed.Config{Lifetime: 12 * time.Hour}},
		{"a client", jsonObject{"client_id": "a", "client_secret": "b"}, awsfed.Config{ClientID: "a", ClientSecret: "b"}},
		{"delegates", jsonObject{"service_account_impersonation": jsonObject{"delegates": []any{otherAccount, fullAccount}, "token_lifetime_seconds": 60}},
			awsfed.Config{Delegates: []string{otherAccount, fullAccount}, Lifetime: time.Minute}},
		{"no delegates in their list", jsonObject{"service_account_impersonation.delegates": []any{}}, awsfed.Config{}},
		{"what is for a token, beside an environment", jsonObject{"credential_source.format": jsonObject{"type": "json"}, "credential_source.headers": jsonObject{"A": "b"}}, awsfed.Config{}},
		{"fields that are not read", jsonObject{"token_info_url": "https://sts.googleapis.com/v1/introspect", "future": []any{1}}, awsfed.Config{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Audience = testAudience
			if c.want.ServiceAccount == "" {
				c.want.ServiceAccount = testAccount
			}
			cfg, err := awsfed.ConfigFromJSON(changedFile(t, c.fields), nil)
			require.NoError(t, err)
			assert.Equal(t, c.want, cfg)
		})
	}
}

// Some writers put null where there is nothing.
func TestCredentialFileFieldThatIsNullIsMissing(t *testing.T) {
	file := string(changedFile(t, jsonObject{"token_url": "NULL", "quota_project_id": "NULL", "workforce_pool_user_project": "NULL",
		"service_account_impersonation": "NULL", "credential_source.file": "NULL", "credential_source.executable": "NULL",
		"credential_source.certificate": "NULL", "credential_source.imdsv2_session_token_url": "NULL"}))
	cfg, err := awsfed.ConfigFromJSON([]byte(strings.ReplaceAll(file, `"NULL"`, "null")), nil)
	require.NoError(t, err)
	assert.Equal(t, awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}, cfg)
}

func TestCredentialFileFaultsAreEachReportedByTheirPath(t *testing.T) {
	const source = "credential_source."
	for _, c := range []struct {
		name, field string
		value       any
	}{
		{"no audience", "audience", nil},
		{"an audience of a project ID", "audience", strings.Replace(testAudience, "912480652101", "my-project", 1)},
		{"an audience with https:", "audience", "https:" + testAudience},
		{"no type of token", "subject_token_type", nil},
		{"an environment in capital letters", source + "environment_id", "AWS1"},
		{"an environment with a zero", source + "environment_id", "aws01"},
		{"an environment with a sign", source + "environment_id", "aws+1"},
		{"an environment of the next version", source + "environment_id", "aws2"},
		{"an environment without a version", source + "environment_id", "aws"},
		{"an environment with a space", source + "environment_id", "aws1 "},
		{"an environment of somebody else", source + "environment_id", "azure1"},
		{"a negative lifetime", "service_account_impersonation.token_lifetime_seconds", -1},
		{"a lifetime over twelve hours", "service_account_impersonation.token_lifetime_seconds", 43201},
		{"a lifetime beyond a Duration", "service_account_impersonation.token_lifetime_seconds", int64(18446744074)},
		{"a quota project that is no header", "quota_project_id", "a\r\nb"},

		{"a token URL with a query", "token_url", "https://sts.googleapis.com/v1/token?a=b"},
		{"impersonation within a query", "service_account_impersonation_url", "https://iamcredentials.googleapis.com?a=" + impersonationPath},
		{"impersonation within a fragment", "service_account_impersonation_url", "https://iamcredentials.googleapis.com#" + impersonationPath},
		{"impersonation under a project ID", "service_account_impersonation_url",
			"https://iamcredentials.googleapis.com" + strings.Replace(impersonationPath, "/-/", "/my-project/", 1)},
		{"another method", "service_account_impersonation_url",
			"https://iamcredentials.googleapis.com" + strings.Replace(impersonationPath, "generateAccessToken", "signBlob", 1)},
		{"a path for an account", "service_account_impersonation_url",
			"https://iamcredentials.googleapis.com" + strings.Replace(impersonationPath, testAccount, "..%2F..%2F"+testAccount, 1)},
		{"a verification URL of another action", source + "regional_cred_verification_url",
			"https://sts.{region}.amazonaws.com?Action=GetSessionToken&Version=2011-06-15"},
		{"a verification URL without a query", source + "regional_cred_verification_url", "https://sts.{region}.amazonaws.com"},
		{"a verification URL with a path", source + "regional_cred_verification_url", "https://sts.{region}.amazonaws.com/a" + callerIdentity},
		{"a placeholder for the service", source + "regional_cred_verification_url", "https://{region}.us-east-1.amazonaws.com" + callerIdentity},
		{"metadata with another path", source + "url", "http://169.254.169.254/latest/user-data"},
		{"metadata over https, where EC2 has none", source + "url", "https://169.254.169.254/latest/meta-data/iam/security-credentials"},
		{"a zone from another path", source + "region_url", "http://169.254.169.254/latest/dynamic/instance-identity/document"},
		{"sessions from another host of EC2", source + "imdsv2_session_token_url", "http://[fd00:ec2::254]/latest/api/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{c.field: c.value}), nil)
			require.Error(t, err)
			assert.Equal(t, []string{c.field}, faultyFields(err))
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
			assert.Equal(t, awsfed.Config{}, cfg, "nothing to go on with by mistake")
		})
	}
}

func TestCredentialFileWithoutAnEnvironmentIsNotTakenForAnotherKindInSilence(t *testing.T) {
	_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"credential_source.environment_id": nil}), nil)
	assert.Equal(t, []string{"credential_source.url"}, faultyFields(err), "without it a url is where an OIDC token comes from")
	for _, source := range []any{nil, jsonObject{}, jsonObject{"environment_id": ""}} {
		_, err = awsfed.ConfigFromJSON(changedFile(t, jsonObject{"credential_source": source}), nil)
		assert.Equal(t, []string{"credential_source.environment_id"}, faultyFields(err), "%v", source)
	}
}

// A file says where the proof of identity is sent: that must be Google, AWS, or nobody.
func TestCredentialFileHostsOfOtherPartiesAreRefused(t *testing.T) {
	for field, url := range map[string]struct{ scheme, host, path string }{
		"token_url":                         {"https", "sts.googleapis.com", "/v1/token"},
		"service_account_impersonation_url": {"https", "iamcredentials.googleapis.com", impersonationPath},
		"credential_source.regional_cred_verification_url": {"https", "sts.{region}.amazonaws.com", callerIdentity},
		"credential_source.url":                            {"http", "169.254.169.254", "/latest/meta-data/iam/security-credentials"},
		"credential_source.region_url":                     {"http", "169.254.169.254", "/latest/meta-data/placement/availability-zone"},
		"credential_source.imdsv2_session_token_url":       {"http", "169.254.169.254", "/latest/api/token"},
	} {
		service, _, _ := strings.Cut(url.host, ".")
		bad := map[string]string{
			"somebody":                     url.scheme + "://evil.example" + url.path,
			"somebody behind the name":     url.scheme + "://" + url.host + ".evil.example" + url.path,
			"somebody behind a user":       url.scheme + "://" + url.host + "@evil.example" + url.path,
			"a user of the right host":     url.scheme + "://user:pass@" + url.host + url.path,
			"a user without a password":    url.scheme + "://user@" + url.host + url.path,
			"somebody with a like name":    url.scheme + "://evil-" + url.host + url.path,
			"somebody's subdomain":         url.scheme + "://evil." + url.host + url.path,
			"somebody with the path":       url.scheme + "://evil.example/" + url.host + url.path,
			"somebody with a backslash":    url.scheme + `://evil.example\@` + url.host + url.path,
			"an encoded slash in the host": url.scheme + "://evil.example%2F" + url.host + url.path,
			"a final dot":                  url.scheme + "://" + url.host + "." + url.path,
			"a hyphen for a dot":           url.scheme + "://" + strings.Replace(url.host, ".", "-", 1) + url.path,
			"another service of the host":  url.scheme + "://storage" + strings.TrimPrefix(url.host, service) + url.path,
			"this machine":                 "http://127.0.0.1:8085" + url.path,
			"this machine over https":      "https://localhost" + url.path,
			"no host":                      url.scheme + "://" + url.path,
			"a port alone":                 url.scheme + "://:443" + url.path,
			"no scheme":                    "//" + url.host + url.path,
			"another scheme":               "ftp://" + url.host + url.path,
			"a relative URL":               url.path,
			"a file":                       "file://" + url.host + url.path,
			"what is no URL":               "http://[" + url.path,
			"a fragment":                   url.scheme + "://" + url.host + url.path + "#fragment",
		}
		if url.scheme == "https" {
			bad["http"] = "http://" + url.host + url.path
			bad["http in capital letters"] = "HTTP://" + url.host + url.path
		}
		for name, value := range bad {
			t.Run(field+": "+name, func(t *testing.T) {
				_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{field: value}), nil)
				require.Error(t, err)
				assert.Contains(t, faultyFields(err), field)
				assert.NotContains(t, err.Error(), "pass@")
			})
		}
	}
}

// A known host is known at its port and for its path: what else it offers there is not what the
// file is for.
func TestCredentialFileHostIsKnownAtItsPortAndForItsPath(t *testing.T) {
	const (
		sts      = "https://sts.googleapis.com"
		iam      = "https://iamcredentials.googleapis.com"
		metadata = "http://169.254.169.254"
	)
	for field, urls := range map[string][]string{
		"token_url": {sts + ":8443/v1/token", sts, sts + "/", sts + "/v1/token/", sts + "/v1//token", sts + "/v1/introspect", sts + "/v2/token",
			sts + "/v1/../v1/token", sts + "/v1/%74oken", sts + "/v1%2Ftoken", sts + "//v1/token", sts + "/V1/TOKEN"},
		"service_account_impersonation_url": {iam + ":8443" + impersonationPath, iam + "/x" + impersonationPath, iam + "/" + impersonationPath,
			iam + "/v1/.." + impersonationPath, iam + impersonationPath + "/", iam + impersonationPath + ":signJwt",
			iam + "/v1/projects/-/serviceAccounts/" + testAccount + impersonationPath},
		"credential_source.regional_cred_verification_url": {"https://sts.{region}.amazonaws.com:8443" + callerIdentity},
		"credential_source.url": {metadata + ":8080/latest/meta-data/iam/security-credentials", metadata + "/latest/meta-data/iam/security-credentials-x",
			metadata + "/latest/meta-data/iam/security-credentials/../../../user-data", metadata + "/latest/meta-data/iam/security-credentials?a=b",
			metadata + "/latest/meta-data/iam/security-credentials?", metadata + "/latest/meta-data/iam/security%2Dcredentials"},
		"credential_source.region_url": {metadata + "/latest/meta-data/placement/", metadata + "/latest/meta-data/placement/../../user-data",
			metadata + "/latest/meta-data/placement/region?a"},
		"credential_source.imdsv2_session_token_url": {metadata + "/latest/api/token/", metadata + "/latest/api/tokens", metadata + "/latest/api/token#"},
	} {
		for _, url := range urls {
			_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{field: url}), nil)
			assert.Equal(t, []string{field}, faultyFields(err), url)
		}
	}
}

func TestCredentialFileFaultsAreReportedAtOnce(t *testing.T) {
	fields := jsonObject{
		"audience": "a", "subject_token_type": "", "token_url": "https://evil.example", "universe_domain": "evil.example",
		"service_account_impersonation_url":                    "https://evil.example",
		"service_account_impersonation.token_lifetime_seconds": -1,
		"quota_project_id":                                     "a b",
		"credential_source.environment_id":                     "aws2",
		"credential_source.regional_cred_verification_url":     "https://evil.example",
		"credential_source.url":                                "http://evil.example",
		"credential_source.region_url":                         "http://evil.example",
		"credential_source.imdsv2_session_token_url":           "http://evil.example",
	}
	name := filepath.Join(t.TempDir(), "faulty.json")
	require.NoError(t, os.WriteFile(name, changedFile(t, fields), 0o600))
	_, err := awsfed.ConfigFromFile(name, nil)
	require.Error(t, err)
	assert.ErrorContains(t, err, name)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(fields)), faultyFields(err))
}

func TestCredentialFileOfAnotherKindIsNamed(t *testing.T) {
	const secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
	for _, c := range []struct {
		name, file, field, says string
	}{
		{"a service account key", `{"type":"service_account","client_email":"a@b.com","private_key":"` + secret + `"}`, "type", "service account key"},
		{"a person's login", `{"type":"authorized_user","client_secret":"` + secret + `","refresh_token":"` + secret + `"}`, "type", "person"},
		{"impersonation of nothing", `{"type":"impersonated_service_account"}`, "source_credentials.type", "external_account"},
		{"impersonation by a person", `{"type":"impersonated_service_account","source_credentials":{"type":"authorized_user","refresh_token":"` + secret + `"}}`,
			"source_credentials.type", "person"},
		{"impersonation by a key", `{"type":"impersonated_service_account","source_credentials":{"type":"service_account","private_key":"` + secret + `"}}`,
			"source_credentials.type", "service account key"},
		{"impersonation on top of impersonation", `{"type":"impersonated_service_account","source_credentials":{"type":"impersonated_service_account"}}`,
			"source_credentials.type", "impersonation"},
		{"impersonation by an executable", `{"type":"impersonated_service_account","source_credentials":{"type":"external_account","credential_source":{"executable":{"command":"` + secret + `"}}}}`,
			"source_credentials.credential_source.executable", "executable"},
		{"a person's login through a workforce pool", `{"type":"external_account_authorized_user","refresh_token":"` + secret + `"}`, "type", "workforce"},
		{"a key of distributed cloud", `{"type":"gdch_service_account","private_key":"` + secret + `"}`, "type", "gdch_service_account"},
		{"an OAuth client", `{"installed":{"client_secret":"` + secret + `"}}`, "type", "external_account"},
		{"no type", `{}`, "type", "external_account"},
		{"null", `null`, "type", "external_account"},
		{"a workforce pool", `{"type":"external_account","audience":"//iam.googleapis.com/locations/global/workforcePools/pool/providers/p"}`,
			"audience", "workforce"},
		{"a workforce pool by its user project", `{"type":"external_account","audience":"` + testAudience + `","workforce_pool_user_project":"p"}`,
			"workforce_pool_user_project", "workforce"},
		{"an executable", `{"type":"external_account","audience":"` + testAudience + `","credential_source":{"executable":{"command":"` + secret + `"}}}`,
			"credential_source.executable", "executable"},
		{"a certificate", `{"type":"external_account","audience":"` + testAudience + `","credential_source":{"certificate":{}}}`,
			"credential_source.certificate", "X.509"},
		{"a file with a token for AWS", `{"type":"external_account","audience":"` + testAudience + `","subject_token_type":"` + awsfed.AWSSubjectTokenType +
			`","credential_source":{"file":"/var/run/token"}}`, "credential_source.file", "OIDC"},
		{"a URL with a token for AWS", `{"type":"external_account","audience":"` + testAudience + `","subject_token_type":"` + awsfed.AWSSubjectTokenType +
			`","credential_source":{"url":"http://u:` + secret + `@169.254.169.254/metadata/identity"}}`, "credential_source.url", "OIDC"},
		{"a SAML assertion", `{"type":"external_account","audience":"` + testAudience +
			`","subject_token_type":"urn:ietf:params:oauth:token-type:saml2","credential_source":{"file":"/a"}}`, "subject_token_type", "SAML"},
		{"an X.509 credential", `{"type":"external_account","audience":"` + testAudience +
			`","subject_token_type":"urn:ietf:params:oauth:token-type:mtls","credential_source":{"file":"/a"}}`, "subject_token_type", "X.509"},
		{"an access token", `{"type":"external_account","audience":"` + testAudience +
			`","subject_token_type":"urn:ietf:params:oauth:token-type:access_token","credential_source":{"file":"/a"}}`, "subject_token_type", "another type"},
		{"an OIDC token from nowhere", `{"type":"external_account","audience":"` + testAudience +
			`","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","credential_source":{"environment_id":"aws1"}}`, "subject_token_type", "OIDC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := awsfed.ConfigFromJSON([]byte(c.file), nil)
			require.Error(t, err)
			assert.Equal(t, []string{c.field}, faultyFields(err))
			assert.ErrorContains(t, err, c.says)
			if c.says != "external_account" { // which is missing
				assert.ErrorContains(t, err, "use ", "what to do instead")
			}
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestCredentialFileThatIsNoneIsAnError(t *testing.T) {
	for name, file := range map[string]string{
		"nothing":             "",
		"a page":              "<html>",
		"half a file":         `{"type":"external_account"`,
		"two files":           `{"type":"external_account"}{}`,
		"a list":              `[]`,
		"a string":            `"external_account"`,
		"a number":            `1`,
		"a bottomless object": strings.Repeat(`{"a":`, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := awsfed.ConfigFromJSON([]byte(file), nil)
			require.ErrorContains(t, err, "awsfed: ")
			assert.NotContains(t, err.Error(), "awsfed.credential", "no type of Go that a reader of the file knows nothing of")
			for _, fault := range fieldErrors(err) {
				assert.NotEmpty(t, fault.Field)
			}
		})
	}
}

func TestCredentialFileFieldOfTheWrongTypeIsNamed(t *testing.T) {
	for field, values := range map[string][]any{
		"type":                          {1, true, []any{}},
		"audience":                      {1, jsonObject{}},
		"token_url":                     {[]any{"https://sts.googleapis.com/v1/token"}},
		"credential_source":             {"aws1", []any{}, 1},
		"service_account_impersonation": {3600},
		"service_account_impersonation.token_lifetime_seconds": {"3600", 1.5, 1e30, true},
		"credential_source.environment_id":                     {1},
		"credential_source.url":                                {false},
	} {
		for _, value := range values {
			t.Run(fmt.Sprintf("%s=%v", field, value), func(t *testing.T) {
				_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{field: value}), nil)
				require.Error(t, err)
				assert.Equal(t, []string{field}, faultyFields(err))
				assert.NotContains(t, err.Error(), "awsfed.credential")
				assert.NotContains(t, err.Error(), "struct")
			})
		}
	}
}

func TestCredentialFileOfAnEmulatorCanBeAllowed(t *testing.T) {
	emulator := jsonObject{
		"token_url":                         "http://127.0.0.1:8085/v1/token",
		"service_account_impersonation_url": "http://127.0.0.1:8085" + impersonationPath,
		"credential_source.regional_cred_verification_url": "http://127.0.0.1:8085" + callerIdentity,
		"credential_source.url":                            "http://127.0.0.1:8085/latest/meta-data/iam/security-credentials",
		"credential_source.region_url":                     "http://127.0.0.1:8085/latest/meta-data/placement/availability-zone",
		"credential_source.imdsv2_session_token_url":       "http://127.0.0.1:8085/latest/api/token",
	}
	want := awsfed.Config{
		Audience: testAudience, ServiceAccount: testAccount, TokenURL: "http://127.0.0.1:8085/v1/token",
		IAMCredentialsEndpoint: "http://127.0.0.1:8085", VerificationURL: "http://127.0.0.1:8085" + callerIdentity, MetadataEndpoint: "http://127.0.0.1:8085",
	}
	allow := func(names ...string) *awsfed.FileOptions {
		return &awsfed.FileOptions{TokenHosts: names, VerificationHosts: names, MetadataHosts: names}
	}
	for name, options := range map[string]*awsfed.FileOptions{
		"by host and port": allow("127.0.0.1:8085"),
		"among others":     allow("a.example", "127.0.0.1:8085", "b.example"),
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := awsfed.ConfigFromJSON(changedFile(t, emulator), options)
			require.NoError(t, err)
			assert.Equal(t, want, cfg)
		})
	}
	for name, options := range map[string]*awsfed.FileOptions{
		"nothing":                nil,
		"its host at any port":   allow("127.0.0.1"),
		"another port":           allow("127.0.0.1:80"),
		"another name of it":     allow("localhost:8085"),
		"a wildcard":             allow("*", "*:8085"),
		"an empty name":          allow(""),
		"a URL, which is none ":  allow("http://127.0.0.1:8085"),
		"a universe of its name": {Universes: []string{"127.0.0.1:8085", "127.0.0.1"}},
	} {
		t.Run("not by "+name, func(t *testing.T) {
			_, err := awsfed.ConfigFromJSON(changedFile(t, emulator), options)
			assert.ElementsMatch(t, slices.Collect(maps.Keys(emulator)), faultyFields(err))
		})
	}
}

// A host that may hand out AWS credentials is not one that may get Google's tokens, nor the other
// way round.
func TestCredentialFileHostIsAllowedForOnePurposeAlone(t *testing.T) {
	const proxy = "https://proxy.example"
	files := map[string]jsonObject{
		"token":        {"token_url": proxy + "/v1/token", "service_account_impersonation_url": proxy + impersonationPath},
		"verification": {"credential_source.regional_cred_verification_url": proxy + callerIdentity},
		"metadata": {
			"credential_source.url":                      proxy + "/latest/meta-data/iam/security-credentials",
			"credential_source.region_url":               proxy + "/latest/meta-data/placement/availability-zone",
			"credential_source.imdsv2_session_token_url": proxy + "/latest/api/token",
		},
		"universe": {"universe_domain": "proxy.example", "token_url": "https://sts.proxy.example/v1/token",
			"service_account_impersonation_url": "https://iamcredentials.proxy.example" + impersonationPath},
	}
	for purpose, option := range map[string]*awsfed.FileOptions{
		"token":        {TokenHosts: []string{"proxy.example"}},
		"verification": {VerificationHosts: []string{"proxy.example"}},
		"metadata":     {MetadataHosts: []string{"proxy.example"}},
		"universe":     {Universes: []string{"proxy.example"}},
	} {
		for of, fields := range files {
			_, err := awsfed.ConfigFromJSON(changedFile(t, fields), option)
			switch {
			case of == purpose:
				assert.NoError(t, err, of)
			case of == "universe":
				assert.Equal(t, []string{"universe_domain"}, faultyFields(err), "allowed: %s", purpose)
			default:
				assert.ElementsMatch(t, slices.Collect(maps.Keys(fields)), faultyFields(err), "allowed: %s", purpose)
			}
		}
		// What was allowed as a host says nothing of the names below it, as a universe would.
		_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"token_url": "https://sts.proxy.example/v1/token"}), option)
		assert.Equal(t, []string{"token_url"}, faultyFields(err), "allowed: %s", purpose)
	}
}

func TestCredentialFileVerificationHostIsAllowedWithItsPlaceholder(t *testing.T) {
	const field = "credential_source.regional_cred_verification_url"
	file := changedFile(t, jsonObject{field: "https://sts.{region}.proxy.example" + callerIdentity})
	cfg, err := awsfed.ConfigFromJSON(file, &awsfed.FileOptions{VerificationHosts: []string{"sts.{region}.proxy.example"}})
	require.NoError(t, err)
	assert.Equal(t, "https://sts.{region}.proxy.example"+callerIdentity, cfg.VerificationURL)
	for _, name := range []string{"sts.us-east-1.proxy.example", "sts.proxy.example", "proxy.example", "{region}.proxy.example", "sts.{region}.proxy.example:80"} {
		_, err = awsfed.ConfigFromJSON(file, &awsfed.FileOptions{VerificationHosts: []string{name}})
		assert.Equal(t, []string{field}, faultyFields(err), name)
	}
	_, err = awsfed.ConfigFromJSON(changedFile(t, jsonObject{"token_url": "https://sts.{region}.proxy.example/v1/token"}), &awsfed.FileOptions{TokenHosts: []string{"sts.{region}.proxy.example"}})
	assert.Equal(t, []string{"token_url"}, faultyFields(err), "elsewhere it stands for nothing")
}

func TestCredentialFileHostThatIsAllowedMustBeHTTPSUnlessItIsThisMachine(t *testing.T) {
	allow := &awsfed.FileOptions{TokenHosts: []string{"proxy.example", "proxy.example:8443", "sts.googleapis.com", "169.254.169.254"}}
	cfg, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"token_url": "https://proxy.example:8443/v1/token"}), allow)
	require.NoError(t, err)
	assert.Equal(t, "https://proxy.example:8443/v1/token", cfg.TokenURL)
	for _, url := range []string{"http://proxy.example/v1/token", "http://sts.googleapis.com/v1/token", "https://a:b@proxy.example/v1/token",
		"http://169.254.169.254/v1/token", "https://proxy.example/v1/token?a=b"} {
		_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"token_url": url}), allow)
		assert.Equal(t, []string{"token_url"}, faultyFields(err), url)
	}
}

func TestCredentialFileMetadataHostThatIsAllowedHasNoPathOfItsOwn(t *testing.T) {
	allow := &awsfed.FileOptions{MetadataHosts: []string{"proxy.example", "169.254.169.254:8080", "10.0.0.1"}}
	for _, root := range []string{"https://proxy.example", "http://169.254.169.254:8080"} {
		cfg, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"credential_source.url": root + "/latest/meta-data/iam/security-credentials",
			"credential_source.region_url": nil, "credential_source.imdsv2_session_token_url": nil}), allow)
		require.NoError(t, err)
		assert.Equal(t, root, cfg.MetadataEndpoint)
	}
	for _, root := range []string{"https://proxy.example/a", "https://proxy.example/", "https://proxy.example?a=", "http://proxy.example", "http://10.0.0.1",
		"https://a@proxy.example"} {
		_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"credential_source.region_url": root + "/latest/meta-data/placement/region"}), allow)
		assert.Equal(t, []string{"credential_source.region_url"}, faultyFields(err), root)
	}
}

func TestCredentialFileHostOfAnEmptyNameIsNotAllowed(t *testing.T) {
	_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"token_url": "https://:443/v1/token"}), &awsfed.FileOptions{TokenHosts: []string{"", ":443"}, Universes: []string{""}})
	assert.Equal(t, []string{"token_url"}, faultyFields(err))
}

func TestCredentialFileUniverseIsAllowedByItsDomain(t *testing.T) {
	file := changedFile(t, jsonObject{
		"universe_domain":                   "cloud.example",
		"token_url":                         "https://sts.cloud.example/v1/token",
		"service_account_impersonation_url": "https://iamcredentials.cloud.example" + impersonationPath,
	})
	for name, options := range map[string]*awsfed.FileOptions{
		"nothing":            nil,
		"the domain above":   {Universes: []string{"example"}},
		"its token services": {TokenHosts: []string{"cloud.example", "sts.cloud.example", "iamcredentials.cloud.example"}},
		"capital letters":    {Universes: []string{"Cloud.Example"}},
		"a wildcard":         {Universes: []string{"*.example", "*"}},
		"a final dot":        {Universes: []string{"cloud.example."}},
	} {
		_, err := awsfed.ConfigFromJSON(file, options)
		assert.Equal(t, []string{"universe_domain"}, faultyFields(err), "allowed: %s", name)
	}
	cfg, err := awsfed.ConfigFromJSON(file, &awsfed.FileOptions{Universes: []string{"cloud.example"}})
	require.NoError(t, err)
	assert.Equal(t, awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, UniverseDomain: "cloud.example"}, cfg)

	_, err = awsfed.ConfigFromJSON(changedFile(t, jsonObject{"universe_domain": "GoogleAPIs.com"}), nil)
	assert.Contains(t, faultyFields(err), "universe_domain")
	mixed := changedFile(t, jsonObject{"universe_domain": "cloud.example"})
	_, err = awsfed.ConfigFromJSON(mixed, &awsfed.FileOptions{Universes: []string{"cloud.example"}})
	assert.Equal(t, []string{"service_account_impersonation_url", "token_url"}, faultyFields(err), "the tokens of one universe do not go to another")
}

func TestCredentialFileThatCannotBeReadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.json")
	_, err := awsfed.ConfigFromFile(missing, nil)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, missing)

	_, err = awsfed.ConfigFromFile(dir, nil)
	assert.ErrorContains(t, err, dir)

	big := filepath.Join(dir, "big.json")
	file := changedFile(t, nil)
	padded := func(size int) []byte { return append(file, strings.Repeat(" ", size-len(file))...) }
	require.NoError(t, os.WriteFile(big, padded(64<<10), 0o600))
	_, err = awsfed.ConfigFromFile(big, nil)
	require.NoError(t, err, "a file of 64 KiB is read")
	require.NoError(t, os.WriteFile(big, padded(64<<10+1), 0o600))
	_, err = awsfed.ConfigFromFile(big, nil)
	assert.ErrorContains(t, err, big)
	assert.ErrorContains(t, err, "64 KiB")

	_, err = awsfed.ConfigFromFile("", nil)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// A deployment that puts the file itself where its name belongs must not have it in its logs.
func TestCredentialFileInPlaceOfItsNameIsNotQuoted(t *testing.T) {
	const secret = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
	key := `{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\n` + strings.Repeat(secret, 20) + `"}`
	for what, name := range map[string]string{
		"JSON":                      key,
		"JSON after spaces":         "\n  " + key,
		"JSON after a byte order":   "\ufeff" + key,
		"base64":                    base64.StdEncoding.EncodeToString([]byte(key)),
		"base64 of indented JSON":   base64.StdEncoding.EncodeToString([]byte("{\n  " + key[1:])),
		"base64 of JSON in one URL": base64.RawURLEncoding.EncodeToString([]byte(key)),
		"a key":                     "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat(secret+"\n", 20),
	} {
		t.Run(what, func(t *testing.T) {
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
			_, err := awsfed.ConfigFromEnv(nil)
			require.Error(t, err)
			text := fmt.Sprintf("%+v", err)
			assert.False(t, strings.Contains(text, secret) || strings.Contains(text, name[10:40]), "it is quoted")
			assert.Less(t, len(text), 1000)
			assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
			assert.Equal(t, []string{"the credential file"}, faultyFields(err))
			assert.Contains(t, text, "ConfigFromJSON")
		})
	}
}

func TestCredentialFileIsThatOfTheFirstVariableThatIsSet(t *testing.T) {
	const first, second = "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"
	const plain, regional, missing = "testdata/credentialfile/gcloud.json", "testdata/credentialfile/gcloud-sts-location.json", "testdata/none.json"
	for _, c := range []struct {
		name, first, second string
		tokenURL            string
		err                 error
	}{
		{"both", plain, regional, "", nil},
		{"both the other way round", regional, plain, "https://sts.europe-west4.rep.googleapis.com/v1/token", nil},
		{"the first alone", regional, "", "https://sts.europe-west4.rep.googleapis.com/v1/token", nil},
		{"the second alone", "", regional, "https://sts.europe-west4.rep.googleapis.com/v1/token", nil},
		{"a first that is missing does not fall through", missing, plain, "", fs.ErrNotExist},
		{"neither", "", "", "", awsfed.ErrMisconfigured},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(first, c.first)
			t.Setenv(second, c.second)
			cfg, err := awsfed.ConfigFromEnv(nil)
			if c.err != nil {
				require.ErrorIs(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.tokenURL, cfg.TokenURL)
		})
	}
	t.Setenv(first, "")
	t.Setenv(second, "")
	_, err := awsfed.ConfigFromEnv(nil)
	assert.Equal(t, []string{first}, faultyFields(err))

	emulator := filepath.Join(t.TempDir(), "emulator.json")
	require.NoError(t, os.WriteFile(emulator, changedFile(t, jsonObject{"token_url": "http://localhost:1/v1/token"}), 0o600))
	t.Setenv(first, emulator)
	_, err = awsfed.ConfigFromEnv(nil)
	assert.Equal(t, []string{"token_url"}, faultyFields(err))
	_, err = awsfed.ConfigFromEnv(&awsfed.FileOptions{TokenHosts: []string{"localhost:1"}})
	assert.NoError(t, err, "options reach the file")
}

func TestCredentialFileThatIsEmptyOrCutOffIsSaidToBeSo(t *testing.T) {
	whole, err := os.ReadFile("testdata/credentialfile/gcloud.json")
	require.NoError(t, err)
	for name, test := range map[string]struct{ content, want string }{
		"nothing":                 {"", "it is empty"},
		"blanks":                  {" \r\n", "it is empty"},
		"a byte order mark":       {"\ufeff", "it is empty"},
		"a half of it":            {string(whole[:len(whole)/2]), "it is cut off"},
		"all but the last brace":  {strings.TrimRight(string(whole), "}\n "), "it is cut off"},
		"a half of it, in UTF-16": {"\xff\xfe{\x00", "it holds bytes that are not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "credentials.json", test.content)
			_, err := awsfed.ConfigFromFile(path, nil)
			assert.ErrorContains(t, err, path)
			assert.ErrorContains(t, err, test.want)
		})
	}
	cfg, err := awsfed.ConfigFromFile(writeFile(t, "credentials.json", "\ufeff"+string(whole)), nil)
	require.NoError(t, err, "editors put a byte order mark in front")
	plain, err := awsfed.ConfigFromJSON(whole, nil)
	require.NoError(t, err)
	assert.Equal(t, plain, cfg)
}
