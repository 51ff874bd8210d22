package awsfed_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Secrets that people leave in files, and that no error may quote.
const (
	plantedPassword = "correct-horse-battery"
	plantedSecret   = "GOCSPX-d0bGhJYVrNmc"
	plantedKey      = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
)

// The paths of a file's fields.
const (
	source           = "credential_source."
	verificationURL  = source + "regional_cred_verification_url"
	rolesURL         = source + "url"
	regionURL        = source + "region_url"
	sessionURL       = source + "imdsv2_session_token_url"
	environmentID    = source + "environment_id"
	impersonationURL = "service_account_impersonation_url"
	lifetime         = "service_account_impersonation.token_lifetime_seconds"
	delegates        = "service_account_impersonation.delegates"
	theFile          = "the credential file"
)

// oddHosts are the authorities that must not pass for host, by what they try. {host} stands for it.
var oddHosts = []string{
	// Somebody else, who looks like it.
	"evil.example", "{host}.evil.example", "evil.{host}", "evil-{host}", "evil{host}", "{host}-evil.example", "{host}evil",
	"{host}.co", "www.{host}", "{host}.localhost", "{host}.nip.io",
	// A user.
	"{host}@evil.example", "{host}:443@evil.example", "u:" + plantedPassword + "@{host}", "u@{host}", "@{host}", ":@{host}", "u:@{host}", "u%40{host}",
	"{host}%40evil.example", "evil.example@evil.example@{host}",
	// A port.
	"{host}:", "{host}:0", "{host}:8443", "{host}:22", "{host}:65536", "{host}:0443", "{host}:+443", "{host}:-443", "{host}:https", "{host}:443:443",
	"{host}:٤٤٣", "{host}: 443", ":443", "",
	// Dots and labels.
	"{host}.", "{host}..", ".{host}", "..{host}",
	// Letters that are normalised, or look the same.
	"ｅvil.{host}", "{host}。", "\u200b{host}", "{host}\u00ad", "{host}\u2024example", "{host}\uff0eevil.example", "xn--{host}", "\ufeff{host}",
	// Letters that parsers disagree about.
	`evil.example\@{host}`, `evil.example\.{host}`, `{host}\.evil.example`, `{host}\evil.example`, "evil.example%2F{host}", "{host}%2F.evil.example",
	"evil.example%23@{host}", "evil.example%00{host}", "{host}%00", "{host}%09", "{host}%2e", "evil.example#@{host}", "evil.example?@{host}",
	"evil.example#.{host}", "evil.example?.{host}", "evil.example/.{host}", "evil.example;{host}", "evil.example,{host}", "evil.example&{host}",
	"{host}\t", "\t{host}", "{host}\n", "{host}\r\nHost: evil.example", "{host} ", " {host}", "{host}\x00", "{host}\x7f", "{host}<", "{host}\"", "{{host}}",
	// Addresses, in every spelling.
	"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[fe80::1%25eth0]",
	"[fe80::1%eth0]", "10.0.0.1", "169.254.170.2", "169.254.169.253", "2852039166", "0xA9FEA9FE", "169.254.43518", "[::ffff:169.254.169.254]",
	"[fd00:ec2::23]", "[fd00:ec2::254%25eth0]", "[", "]", "[]", "[{host}]", "metadata.google.internal",
}

// hostileURLs are the URLs that a file must not name in a field, whose usual URL is
// scheme://host+path.
func hostileURLs(scheme, host, path string) []string {
	var urls []string
	for _, odd := range oddHosts {
		urls = append(urls, scheme+"://"+strings.ReplaceAll(odd, "{host}", host)+path)
	}
	rest := host + path
	for _, start := range []string{"ftp://", "file://", "ws://", "wss://", "javascript://", "data:", "gopher://", "", "//", "/", "://", scheme + ":", scheme + ":/",
		scheme + ":///", scheme + ":////", scheme + `:\\`, " " + scheme + "://", scheme + " ://", scheme + ":// ", "\t" + scheme + "://",
		scheme + "\n://", "\ufeff" + scheme + "://", "blob:" + scheme + "://", "url:" + scheme + "://", scheme + "+unix://"} {
		urls = append(urls, start+rest)
	}
	usual := scheme + "://" + rest
	for _, end := range []string{"#", "#a", "?#", "/..", "\n", " ", "\x00", "%", "%zz", "/../" + strings.Repeat("a", 2048), "é"} {
		urls = append(urls, usual+end)
	}
	return urls
}

// hostileValues are by field what it must not hold. The fault is that of the field itself.
func hostileValues() map[string][]any {
	const (
		sts  = "https://sts.googleapis.com"
		iam  = "https://iamcredentials.googleapis.com"
		ec2  = "http://169.254.169.254"
		aws  = "https://sts.{region}.amazonaws.com"
		role = "/latest/meta-data/iam/security-credentials"
	)
	long := strings.Repeat("x", 5000)
	values := map[string][]any{
		"type": {"", " external_account", "external_account ", "EXTERNAL_ACCOUNT", "External_Account", "externalaccount", "external-account", "external_account\x00",
			"service_account", "authorized_user", "external_account_authorized_user", "gdch_service_account", long,
			1, true, []any{"external_account"}, jsonObject{"type": "external_account"}, nil},
		"audience": {nil, "", " ", testAudience + " ", " " + testAudience, testAudience + "/", testAudience + "\n", testAudience + "?a=b", testAudience + "#",
			"https:" + testAudience, "http:" + testAudience, strings.TrimPrefix(testAudience, "/"), strings.ToUpper(testAudience),
			strings.Replace(testAudience, "iam.googleapis.com", "iam.googleapis.com.evil.example", 1),
			strings.Replace(testAudience, "iam.googleapis.com", "evil@iam.googleapis.com", 1),
			strings.Replace(testAudience, "912480652101", "my-project", 1), strings.Replace(testAudience, "912480652101", "-", 1),
			strings.Replace(testAudience, "912480652101", "0912480652101", 1), strings.Replace(testAudience, "912480652101", "٩", 1),
			strings.Replace(testAudience, "global", "us", 1), strings.Replace(testAudience, "my-aws-pool", "..", 1),
			strings.Replace(testAudience, "my-aws-pool", "a%2Fb-pool", 1), strings.Replace(testAudience, "my-aws-provider", "My-Provider", 1),
			strings.Replace(testAudience, "my-aws-provider", "abc", 1), testAudience + strings.Repeat("a", 512), testAudience + long,
			"//iam.googleapis.com/locations/global/workforcePools/pool/providers/provider", int64(912480652101), []any{testAudience}, jsonObject{}},
		"subject_token_type": {nil, "", "urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token", "urn:ietf:params:oauth:token-type:saml2",
			"urn:ietf:params:oauth:token-type:mtls", awsfed.AWSSubjectTokenType + " ", strings.ToUpper(awsfed.AWSSubjectTokenType), long, 1, []any{}},
		"token_url": {sts, sts + "/", sts + "/v1/token/", sts + "/v1//token", sts + "//v1/token", sts + "/v1/introspect", sts + "/v2/token", sts + "/v1/../v1/token",
			sts + "/v1/./token", sts + "/v1/%74oken", sts + "/v1%2Ftoken", sts + "/V1/token", sts + "/v1/token;a=b", sts + "/v1/token?", sts + "/v1/token?a=b",
			sts + "/v1/token?alt=media", sts + "/v1/token&a", "http://sts.googleapis.com/v1/token", "HTTP://sts.googleapis.com/v1/token",
			"https://storage.googleapis.com/v1/token", "https://iamcredentials.googleapis.com/v1/token", "https://sts.googleapis.com.googleapis.com/v1/token",
			"https://googleapis.com/v1/token", "https://sts.google.com/v1/token", "https://sts.storage.googleapis.com/v1/token",
			"https://my-bucket.storage.googleapis.com/v1/token", "https://sts.europe-west4.googleapis.com/v1/token", "https://sts..rep.googleapis.com/v1/token",
			"https://sts.-.rep.googleapis.com/v1/token", "https://sts.a.b.rep.googleapis.com/v1/token", "https://sts-.p.googleapis.com/v1/token",
			"https://europe-west4-sts.googleapis.com/v1/token", "https://sts.{region}.rep.googleapis.com/v1/token", "https://sts.evilgoogleapis.com/v1/token",
			"https://\u017fts.googleapis.com/v1/token", "https://sts.g\u043e\u043egleapis.com/v1/token", "https://sts\u3002googleapis.com/v1/token",
			"https://sts.xn--ggleapis-n7a.com/v1/token", sts + "/" + long, 1, false, []any{sts + "/v1/token"}, jsonObject{"url": sts}},
		impersonationURL: {iam, iam + "/", iam + "/x" + impersonationPath, iam + "/" + impersonationPath, iam + "/v1/.." + impersonationPath, iam + "/." + impersonationPath,
			iam + impersonationPath + "/", iam + impersonationPath + "?", iam + impersonationPath + "?alt=json", iam + impersonationPath + ":signJwt",
			iam + impersonationPath + "#", iam + "?a=" + impersonationPath, iam + "#" + impersonationPath, iam + "?" + impersonationPath,
			"http://iamcredentials.googleapis.com" + impersonationPath, sts + impersonationPath, "https://iam.googleapis.com" + impersonationPath,
			"https://iamcredentials.mtls.evil.example" + impersonationPath, "https://iamcredentials.{region}.rep.googleapis.com" + impersonationPath,
			impersonationPath, strings.TrimPrefix(impersonationPath, "/"), testAccount,
			iam + "/v1/projects/-/serviceAccounts/" + testAccount + "," + testAccount + ":generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/" + testAccount + "/" + testAccount + ":generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/" + testAccount + impersonationPath,
			iam + "/v1/projects/-/serviceAccounts/" + testAccount + "@" + testAccount + ":generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/" + testAccount + ":generateAccessToken:generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/:generateAccessToken", iam + "/v1/projects/-/serviceAccounts/-:generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/..:generateAccessToken", iam + "/v1/projects/-/serviceAccounts/%2e%2e:generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/a%2Fb@c.example:generateAccessToken", iam + "/v1/projects/-/serviceAccounts/a%252Fb@c.example:generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/a%0A@c.example:generateAccessToken", iam + "/v1/projects/-/serviceAccounts/a%00@c.example:generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/a%3F@c.example:generateAccessToken", iam + "/v1/projects/-/serviceAccounts/a%zz@c.example:generateAccessToken",
			iam + "/v1/projects/-/serviceAccounts/123456789:generateAccessToken", iam + "/v1/projects/-/serviceAccounts/\u00e4@c.example:generateAccessToken"},
		lifetime: {-1, -3600, 43201, int64(1 << 40), 1e30, -1e30, 3600.5, "3600", "1h", true, []any{3600}, jsonObject{"seconds": 3600}, json.Number("9223372036854775808"),
			json.Number("1e3"), json.Number("1e400"), json.Number(strings.Repeat("9", 4000)), json.Number("0.1e1"), json.Number("18446744074")},
		"service_account_impersonation": {3600, "3600", true, []any{}},
		"credential_source":             {"aws1", 1, true, []any{}, []any{jsonObject{"environment_id": "aws1"}}},
		environmentID: {"AWS1", "Aws1", "aws", "aws0", "aws2", "aws01", "aws1.0", "aws+1", "aws-1", "aws 1", " aws1", "aws1 ", "aws1\n", "aws1\x00", "aws10", "aws11", "aws１",
			"a\u0430ws1", "azure1", "gcp1", "1", long, 1, []any{"aws1"}, jsonObject{}, false},
		verificationURL: {aws, aws + "/", aws + "?", aws + "?Action=GetCallerIdentity", aws + "?Version=2011-06-15", aws + callerIdentity + "&", aws + callerIdentity + "&a=b",
			aws + callerIdentity + "&Action=GetSessionToken", aws + "?Action=GetSessionToken&Version=2011-06-15", aws + "?Action=AssumeRole&Version=2011-06-15",
			aws + "?action=GetCallerIdentity&version=2011-06-15", aws + "?%41ction=GetCallerIdentity&Version=2011-06-15", aws + "?Action=GetCallerIdentity;Version=2011-06-15",
			aws + "?Action=GetCallerIdentity&Version=2011-06-16", aws + callerIdentity + "#", aws + callerIdentity + "+", aws + "/x" + callerIdentity, aws + "//" + callerIdentity,
			aws + "/%2F" + callerIdentity, aws + "/.." + callerIdentity, "http://sts.{region}.amazonaws.com" + callerIdentity, "https://{region}" + callerIdentity,
			"https://{region}.amazonaws.com" + callerIdentity, "https://{region}.us-east-1.amazonaws.com" + callerIdentity, "https://sts.{region}.evil.example" + callerIdentity,
			"https://evil.example/{region}" + callerIdentity, "https://sts.{region}@evil.example" + callerIdentity, "https://sts.{zone}.amazonaws.com" + callerIdentity,
			"https://sts.{Region}.amazonaws.com" + callerIdentity, "https://sts.{{region}}.amazonaws.com" + callerIdentity, "https://sts.{region}.{region}.amazonaws.com" + callerIdentity,
			"https://sts.{region}.amazonaws.com:{region}" + callerIdentity, "https://s3.{region}.amazonaws.com" + callerIdentity, "https://sts.s3.{region}.amazonaws.com" + callerIdentity,
			"https://sts.execute-api.{region}.amazonaws.com" + callerIdentity, "https://sts.us-east-1a.amazonaws.com" + callerIdentity,
			"https://sts.us-west-2-lax-1.amazonaws.com" + callerIdentity, "https://sts..amazonaws.com" + callerIdentity, "https://sts-fips.amazonaws.com" + callerIdentity,
			"https://vpce-0123.sts.{region}.vpce.amazonaws.com" + callerIdentity, "https://sts.us-east-1.amazonaws.com.evil.cn" + callerIdentity,
			"https://\u017fts.us-east-1.amazonaws.com" + callerIdentity, "https://sts.{region}.on.aws" + callerIdentity, aws + callerIdentity + "&X=" + long, 1, []any{aws + callerIdentity}},
		rolesURL: {ec2, ec2 + "/", ec2 + "/latest/user-data", ec2 + role + "/app", ec2 + role + "-x", ec2 + role + "//", ec2 + role + "/../../../user-data", ec2 + role + "?", ec2 + role + "?a=b",
			ec2 + role + "#", ec2 + "/x" + role, ec2 + "/" + role, ec2 + "?a=" + role, ec2 + "/latest/meta-data/iam/security%2Dcredentials", ec2 + role + role,
			"https://169.254.169.254" + role, ec2 + ":8080" + role, ec2 + ":443" + role, "http://instance-data" + role, "http://instance-data.ec2.internal" + role,
			"http://[fd00:ec2::253]" + role, "http://[fe80::a9fe:a9fe]" + role, "http://fd00:ec2::254" + role, "http://100.100.100.200" + role, "http://168.63.129.16" + role, 1, []any{ec2 + role}},
		regionURL: {ec2 + "/latest/meta-data/placement", ec2 + "/latest/meta-data/placement/", ec2 + "/latest/meta-data/placement/availability-zone/", ec2 + "/latest/meta-data/placement/availability-zone-id",
			ec2 + "/latest/meta-data/placement/../../user-data", ec2 + "/latest/dynamic/instance-identity/document", ec2 + "/latest/meta-data/placement/region?a", ec2 + "/latest/api/token", false},
		sessionURL: {ec2 + "/latest/api/token/", ec2 + "/latest/api/tokens", ec2 + "/latest/api/token?ttl=1", ec2 + "/latest/api", ec2 + "/latest/meta-data/iam/security-credentials",
			"http://[fd00:ec2::254]/latest/api/token", ec2 + ":80/latest/api/token", jsonObject{}},
		"universe_domain": {"evil.example", "googleapis", "com", ".com", ".", "googleapis.com.", ".googleapis.com", "GoogleAPIs.com", "googleapis.com.evil.example", "evil.googleapis.com", "googleapis.com/",
			"googleapis.com:443", "googleapis.com@evil.example", "evil.example#googleapis.com", "googleapis.com\n", " googleapis.com", "https://googleapis.com", "*", "*.com", "127.0.0.1",
			"g\u043e\u043egleapis.com", "googleapis\u3002com", strings.Repeat("a.", 200) + "com", 1, []any{"googleapis.com"}},
		"quota_project_id":            {"a\r\nX-Evil: b", "a\nb", "a b", "a\tb", "a\x00", "\u00e9", "a\u2028b", " a", "a ", strings.Repeat("a", 257), 1, []any{"a"}, jsonObject{}},
		"workforce_pool_user_project": {"my-project", "a\nb", long, 1},
		source + "executable":         {jsonObject{"command": plantedSecret}, "command", []any{plantedSecret}, 1, false},
		source + "certificate":        {jsonObject{"use_default_certificate_config": true}, "path", []any{plantedSecret}},
		source + "file":               {"/var/run/token", "/dev/zero", long, 1},
		"client_id":                   {"a:b", "a b", "a\n", "\u00e9", strings.Repeat("a", 513), 1, []any{"a"}, jsonObject{}, nil, ""},
		"client_secret":               {plantedSecret + "\n", plantedSecret + "\u00e9", strings.Repeat(plantedSecret, 40), 7, []any{plantedSecret}, jsonObject{plantedSecret: plantedSecret}, true, nil, ""},
		delegates: {[]any{"a"}, []any{"a@b"}, []any{testAccount, ""}, []any{testAccount + "\n"}, []any{"../" + testAccount}, []any{"-"}, []any{nil},
			[]any{"projects/my-project/serviceAccounts/" + testAccount}, []any{fullAccount + "/x"}, []any{"projects/-/serviceAccounts/"},
			[]any{"projects/-/serviceAccounts/" + fullAccount}, []any{testAccount + "," + testAccount}, []any{"https://iam.googleapis.com/" + fullAccount},
			[]any{long}, slices.Repeat([]any{"a b"}, 3000), testAccount, 1, true, jsonObject{"0": testAccount}, []any{1}, []any{[]any{testAccount}}},
	}
	for field, u := range map[string][3]string{
		"token_url":      {"https", "sts.googleapis.com", "/v1/token"},
		impersonationURL: {"https", "iamcredentials.googleapis.com", impersonationPath},
		verificationURL:  {"https", "sts.us-east-1.amazonaws.com", callerIdentity},
		rolesURL:         {"http", "169.254.169.254", "/latest/meta-data/iam/security-credentials"},
		regionURL:        {"http", "169.254.169.254", "/latest/meta-data/placement/region"},
		sessionURL:       {"http", "169.254.169.254", "/latest/api/token"},
	} {
		for _, hostile := range hostileURLs(u[0], u[1], u[2]) {
			values[field] = append(values[field], hostile)
		}
	}
	return values
}

// plantedFile is gcloud's file with one thing changed, and with secrets in fields that are not
// read.
func plantedFile(t *testing.T, field string, value any) []byte {
	t.Helper()
	return changedFile(t, jsonObject{
		"client_id": "id", "client_secret": plantedSecret, "private_key": plantedKey, "refresh_token": plantedSecret,
		"token_info_url": "https://u:" + plantedPassword + "@sts.googleapis.com/v1/introspect", field: value,
	})
}

// sentNothing makes every request of package net/http a failure of the test.
func sentNothing(t *testing.T) {
	t.Helper()
	before := http.DefaultTransport
	http.DefaultTransport = forbidden(t)
	t.Cleanup(func() { http.DefaultTransport = before })
}

// refused checks that a file is refused for a fault of this field, in few words, without a secret,
// and for good.
func refused(t *testing.T, file []byte, field string, options *awsfed.FileOptions) {
	t.Helper()
	cfg, err := awsfed.ConfigFromJSON(file, options)
	if !assert.Error(t, err) {
		return
	}
	assert.Equal(t, []string{field}, slices.Compact(faultyFields(err)), "%.300q", err)
	assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
	assert.Equal(t, awsfed.Config{}, cfg, "nothing to go on with by mistake")
	text := fmt.Sprintf("%+v", err)
	assert.Less(t, len(text), 2500)
	for _, secret := range []string{plantedPassword, plantedSecret, plantedKey} {
		assert.False(t, strings.Contains(text, secret), "a secret is quoted")
	}
	_, err = awsfed.NewTokenSource(t.Context(), cfg)
	assert.Error(t, err, "what is left is no Config")
}

func TestHostileFilesAreRefusedByTheirField(t *testing.T) {
	sentNothing(t)
	rows := 0
	for field, values := range hostileValues() {
		for i, value := range values {
			rows++
			t.Run(fmt.Sprintf("%s/%d", field, i), func(t *testing.T) {
				file := plantedFile(t, field, value)
				if field == "universe_domain" { // in which the file's services would be strangers too
					file = changedFile(t, jsonObject{field: value, "token_url": nil, impersonationURL: nil, "client_id": "id", "client_secret": plantedSecret})
				}
				refused(t, file, field, nil)
				if t.Failed() {
					t.Logf("%s: %.300q", field, value)
				}
			})
		}
	}
	assert.Greater(t, rows, 900)
}

// Files that no change of one field makes.
func TestHostileFileOfOddJSONIsRefused(t *testing.T) {
	sentNothing(t)
	base := string(plantedFile(t, "future", jsonObject{"a": 1}))
	replaced := func(old, new string) string {
		require.Contains(t, base, old)
		return strings.Replace(base, old, new, 1)
	}
	const (
		token  = `"token_url":"https://sts.googleapis.com/v1/token"`
		url    = `"url":"http://169.254.169.254/latest/meta-data/iam/security-credentials"`
		evil   = `"https://evil.example/v1/token"`
		nested = 200_000
	)
	rows := []struct{ name, file, field string }{
		{"nothing", "", theFile},
		{"a space", " ", theFile},
		{"a byte order mark alone", "\ufeff", theFile},
		{"two byte order marks", "\ufeff\ufeff" + base, theFile},
		{"a page", "<html>", theFile},
		{"a key", "-----BEGIN PRIVATE KEY-----\n" + plantedKey, theFile},
		{"YAML", "type: external_account\nclient_secret: " + plantedSecret, theFile},
		{"half a file", base[:len(base)/2], theFile},
		{"a file without its last brace", base[:len(base)-1], theFile},
		{"a file without its first byte", base[1:], theFile},
		{"two files", base + base, theFile},
		{"a file and a word", base + "x", theFile},
		{"a file and a NUL", base + "\x00", theFile},
		{"a NUL in front", "\x00" + base, theFile},
		{"a list", "[]", theFile},
		{"a list of files", "[" + base + "]", theFile},
		{"a string", `"external_account"`, theFile},
		{"a string of a file", fmt.Sprintf("%q", base), theFile},
		{"a number", "1", theFile},
		{"true", "true", theFile},
		{"a comment", "// gcloud\n" + base, theFile},
		{"a comma at the end", base[:len(base)-1] + ",}", theFile},
		{"single quotes", strings.ReplaceAll(base, `"`, "'"), theFile},
		{"a key without quotes", replaced(`"audience"`, "audience"), theFile},
		{"a line within a string", replaced("external_account", "external\n_account"), theFile},
		{"bytes that are no UTF-8", replaced("external_account", "external\xff_account"), theFile},
		{"bytes that are no UTF-8 in what is not read", replaced(`"future"`, "\"fut\xc0\xafure\""), theFile},
		{"UTF-16", utf16(base, false), theFile},
		{"UTF-16 in the other order", utf16(base, true), theFile},
		{"an object without end", strings.Repeat(`{"a":`, nested), theFile},
		{"a list without end", `{"future":` + strings.Repeat("[", nested), theFile},
		{"a deep value that is not read", `{"future":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "," + base[1:], theFile},
		{"64 KiB and a byte", base + strings.Repeat(" ", 64<<10+1-len(base)), theFile},
		{"a megabyte", base + strings.Repeat(" ", 1<<20), theFile},

		{"null", "null", "type"},
		{"no fields", "{}", "type"},
		{"a type in capital letters", replaced(`"type"`, `"Type"`), "type"},
		{"a type with a letter that folds", replaced(`"subject_token_type"`, `"\u017fubject_token_type"`), "subject_token_type"},
		{"an audience in capital letters", replaced(`"audience"`, `"AUDIENCE"`), "audience"},
		{"a source in capital letters", replaced(`"credential_source"`, `"Credential_Source"`), environmentID},
		{"an environment in capital letters", replaced(`"environment_id"`, `"Environment_ID"`), rolesURL},
		{"a key with a NUL", replaced(`"audience"`, `"audience\u0000"`), "audience"},
		{"a key with a space", replaced(`"audience"`, `"audience "`), "audience"},

		{"two token URLs, the second of somebody", replaced(token, token+`,"token_url":`+evil), theFile},
		{"two token URLs, the first of somebody", replaced(token, `"token_url":`+evil+","+token), theFile},
		{"two token URLs that are the same", replaced(token, token+","+token), theFile},
		{"two token URLs, one in escapes", replaced(token, token+`,"\u0074oken_url":`+evil), theFile},
		{"two token URLs, one null", replaced(token, token+`,"token_url":null`), theFile},
		{"two audiences", replaced(`"audience":`, `"audience":"a","audience":`), theFile},
		{"two types", replaced(`"type":`, `"type":"service_account","type":`), theFile},
		{"two universes", replaced(`"universe_domain":`, `"universe_domain":"evil.example","universe_domain":`), theFile},
		{"two sources", replaced(`"credential_source":`, `"credential_source":{},"credential_source":`), theFile},
		{"two URLs in the source", replaced(url, url+`,"url":"http://evil.example/latest/meta-data/iam/security-credentials"`), theFile},
		{"two environments", replaced(`"environment_id":`, `"environment_id":"aws2","environment_id":`), theFile},
		{"two lifetimes", replaced(`"future":`, `"service_account_impersonation":{"token_lifetime_seconds":1,"token_lifetime_seconds":43200},"future":`), theFile},
		{"two of what is not read", replaced(`"future":`, `"future":1,"future":`), theFile},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			refused(t, []byte(row.file), row.field, nil)
		})
	}
	assert.Greater(t, len(rows), 50)

	for name, says := range map[string]string{"nothing": "empty", "a space": "empty", "half a file": "cut off", "a file without its last brace": "cut off",
		"UTF-16": "UTF-8", "bytes that are no UTF-8": "UTF-8", "64 KiB and a byte": "64 KiB", "two token URLs, one null": `"token_url" twice`,
		"two URLs in the source": `"url" twice`, "two lifetimes": `"token_lifetime_seconds" twice`} {
		at := slices.IndexFunc(rows, func(row struct{ name, file, field string }) bool { return row.name == name })
		_, err := awsfed.ConfigFromJSON([]byte(rows[at].file), nil)
		assert.ErrorContains(t, err, says, name)
	}
}

// utf16 is what a redirection of PowerShell writes, of ASCII.
func utf16(s string, big bool) string {
	var b bytes.Buffer
	for _, letter := range append([]byte{0}, s...) {
		low, high := letter, byte(0)
		if b.Len() == 0 {
			low, high = 0xff, 0xfe
			if big {
				low, high = high, low
			}
		} else if big {
			low, high = high, low
		}
		b.Write([]byte{low, high})
	}
	return b.String()
}

func TestCredentialFileOfGoodFormsIsRead(t *testing.T) {
	sentNothing(t)
	const (
		iam = "https://iamcredentials.googleapis.com"
		ec2 = "http://169.254.169.254"
		v6  = "http://[fd00:ec2::254]"
	)
	account := func(escaped string) string {
		return iam + "/v1/projects/-/serviceAccounts/" + escaped + ":generateAccessToken"
	}
	at := func(root string) jsonObject {
		return jsonObject{rolesURL: root + "/latest/meta-data/iam/security-credentials", regionURL: root + "/latest/meta-data/placement/region", sessionURL: root + "/latest/api/token"}
	}
	universe := jsonObject{"universe_domain": "cloud.example", "token_url": "https://sts.cloud.example/v1/token",
		impersonationURL: "https://iamcredentials.cloud.example" + impersonationPath}
	rows := []struct {
		name    string
		fields  jsonObject
		want    awsfed.Config // without the audience, and without the account unless it is another
		options *awsfed.FileOptions
	}{
		{"as gcloud writes it", nil, awsfed.Config{}, nil},
		{"no token URL", jsonObject{"token_url": nil}, awsfed.Config{}, nil},
		{"an empty token URL", jsonObject{"token_url": ""}, awsfed.Config{}, nil},
		{"a token URL in a region", jsonObject{"token_url": "https://sts.europe-west4.rep.googleapis.com/v1/token"}, awsfed.Config{TokenURL: "https://sts.europe-west4.rep.googleapis.com/v1/token"}, nil},
		{"a token URL by mutual TLS", jsonObject{"token_url": "https://sts.mtls.googleapis.com/v1/token"}, awsfed.Config{TokenURL: "https://sts.mtls.googleapis.com/v1/token"}, nil},
		{"a token URL of Private Service Connect", jsonObject{"token_url": "https://sts-my-endpoint.p.googleapis.com/v1/token"}, awsfed.Config{TokenURL: "https://sts-my-endpoint.p.googleapis.com/v1/token"}, nil},
		{"a token URL of the beta", jsonObject{"token_url": "https://sts.googleapis.com/v1beta/token"}, awsfed.Config{TokenURL: "https://sts.googleapis.com/v1beta/token"}, nil},
		{"a token URL with the port it has anyway", jsonObject{"token_url": "https://sts.googleapis.com:443/v1/token"}, awsfed.Config{TokenURL: "https://sts.googleapis.com:443/v1/token"}, nil},
		{"capital letters of DNS", jsonObject{"token_url": "https://STS.GoogleAPIs.com/v1/token"}, awsfed.Config{TokenURL: "https://STS.GoogleAPIs.com/v1/token"}, nil},
		{"direct access", jsonObject{impersonationURL: nil}, awsfed.Config{ServiceAccount: "none"}, nil},
		{"an account with its @ escaped", jsonObject{impersonationURL: account(strings.Replace(testAccount, "@", "%40", 1))}, awsfed.Config{}, nil},
		{"an account by its unique ID", jsonObject{impersonationURL: account("112233445566778899001")}, awsfed.Config{ServiceAccount: "112233445566778899001"}, nil},
		{"a default service account", jsonObject{impersonationURL: account("912480652101-compute@developer.gserviceaccount.com")}, awsfed.Config{ServiceAccount: "912480652101-compute@developer.gserviceaccount.com"}, nil},
		{"an account of a domain-scoped project", jsonObject{impersonationURL: account("app@proj.example.com.iam.gserviceaccount.com")}, awsfed.Config{ServiceAccount: "app@proj.example.com.iam.gserviceaccount.com"}, nil},
		{"IAM Credentials by mutual TLS", jsonObject{impersonationURL: "https://iamcredentials.mtls.googleapis.com" + impersonationPath}, awsfed.Config{IAMCredentialsEndpoint: "https://iamcredentials.mtls.googleapis.com"}, nil},
		{"IAM Credentials of Private Service Connect", jsonObject{impersonationURL: "https://iamcredentials-my.p.googleapis.com" + impersonationPath}, awsfed.Config{IAMCredentialsEndpoint: "https://iamcredentials-my.p.googleapis.com"}, nil},
		{"no lifetime", jsonObject{"service_account_impersonation": jsonObject{}}, awsfed.Config{}, nil},
		{"a lifetime of null", jsonObject{lifetime: json.RawMessage("null")}, awsfed.Config{}, nil},
		{"the shortest lifetime", jsonObject{lifetime: 1}, awsfed.Config{Lifetime: time.Second}, nil},
		{"the longest lifetime", jsonObject{lifetime: 43200}, awsfed.Config{Lifetime: 12 * time.Hour}, nil},
		{"a lifetime that is not for direct access", jsonObject{lifetime: 60, impersonationURL: nil}, awsfed.Config{ServiceAccount: "none"}, nil},
		{"a quota project", jsonObject{"quota_project_id": "payer"}, awsfed.Config{QuotaProject: "payer"}, nil},
		{"a quota project of a domain", jsonObject{"quota_project_id": "example.com:payer"}, awsfed.Config{QuotaProject: "example.com:payer"}, nil},
		{"no universe, as older gcloud writes it", jsonObject{"universe_domain": nil}, awsfed.Config{}, nil},
		{"an empty universe", jsonObject{"universe_domain": ""}, awsfed.Config{}, nil},
		{"no verification URL", jsonObject{verificationURL: nil}, awsfed.Config{}, nil},
		{"a FIPS endpoint", jsonObject{verificationURL: "https://sts-fips.{region}.amazonaws.com" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts-fips.{region}.amazonaws.com" + callerIdentity}, nil},
		{"a dual-stack endpoint", jsonObject{verificationURL: "https://sts.{region}.api.aws" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts.{region}.api.aws" + callerIdentity}, nil},
		{"the global endpoint", jsonObject{verificationURL: "https://sts.amazonaws.com/" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts.amazonaws.com/" + callerIdentity}, nil},
		{"one region", jsonObject{verificationURL: "https://sts.us-west-2.amazonaws.com" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts.us-west-2.amazonaws.com" + callerIdentity}, nil},
		{"China", jsonObject{verificationURL: "https://sts.{region}.amazonaws.com.cn" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts.{region}.amazonaws.com.cn" + callerIdentity}, nil},
		{"the European Sovereign Cloud", jsonObject{verificationURL: "https://sts.{region}.amazonaws.eu" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts.{region}.amazonaws.eu" + callerIdentity}, nil},
		{"parameters the other way round", jsonObject{verificationURL: "https://sts.{region}.amazonaws.com?Version=2011-06-15&Action=GetCallerIdentity"}, awsfed.Config{VerificationURL: "https://sts.{region}.amazonaws.com?Version=2011-06-15&Action=GetCallerIdentity"}, nil},
		{"the region document", at(ec2), awsfed.Config{}, nil},
		{"a slash after the roles", jsonObject{rolesURL: ec2 + "/latest/meta-data/iam/security-credentials/"}, awsfed.Config{}, nil},
		{"IPv6", at(v6), awsfed.Config{MetadataEndpoint: v6}, nil},
		{"IPv6 in another spelling", at("http://[FD00:EC2:0::254]"), awsfed.Config{MetadataEndpoint: "http://[FD00:EC2:0::254]"}, nil},
		{"no metadata at all", jsonObject{rolesURL: nil, regionURL: nil, sessionURL: nil}, awsfed.Config{}, nil},
		{"no sessions, as gcloud writes it without --enable-imdsv2", jsonObject{sessionURL: nil}, awsfed.Config{}, nil},
		{"no document of the region", jsonObject{regionURL: ""}, awsfed.Config{}, nil},
		{"fields that are not read", jsonObject{"scopes": 1, "source_credentials": []any{}, "delegates": 1, "token_info_url": "ftp://", "future": jsonObject{"token_url": 1}}, awsfed.Config{}, nil},
		{"fields of another spelling, which are others", jsonObject{"Token_URL": "https://evil.example", "TYPE": 1, source + "URL": "http://evil.example", source + "File": "/x", "Universe_Domain": "evil.example"}, awsfed.Config{}, nil},
		{"an allowed universe", universe, awsfed.Config{UniverseDomain: "cloud.example"}, &awsfed.FileOptions{Universes: []string{"cloud.example"}}},
		{"an allowed token host", jsonObject{"token_url": "https://proxy.example:8443/a%2Fb"}, awsfed.Config{TokenURL: "https://proxy.example:8443/a%2Fb"}, &awsfed.FileOptions{TokenHosts: []string{"proxy.example:8443"}}},
		{"an allowed host with a path in front of the account", jsonObject{impersonationURL: "https://proxy.example/iam" + impersonationPath}, awsfed.Config{IAMCredentialsEndpoint: "https://proxy.example/iam"}, &awsfed.FileOptions{TokenHosts: []string{"proxy.example"}}},
		{"a token URL of this machine", jsonObject{"token_url": "http://[::1]:8085/v1/token"}, awsfed.Config{TokenURL: "http://[::1]:8085/v1/token"}, &awsfed.FileOptions{TokenHosts: []string{"[::1]:8085"}}},
		{"an allowed verification host", jsonObject{verificationURL: "https://sts.{region}.proxy.example" + callerIdentity}, awsfed.Config{VerificationURL: "https://sts.{region}.proxy.example" + callerIdentity}, &awsfed.FileOptions{VerificationHosts: []string{"sts.{region}.proxy.example"}}},
		{"an allowed metadata host", at("http://127.0.0.1:1338"), awsfed.Config{MetadataEndpoint: "http://127.0.0.1:1338"}, &awsfed.FileOptions{MetadataHosts: []string{"127.0.0.1:1338"}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.want.Audience = testAudience
			switch row.want.ServiceAccount {
			case "":
				row.want.ServiceAccount = testAccount
			case "none":
				row.want.ServiceAccount = ""
			}
			file := changedFile(t, row.fields)
			for form, text := range map[string]string{"as it is": string(file), "with a byte order mark": "\ufeff" + string(file), "with space around it": "\r\n\t " + string(file) + " \n"} {
				cfg, err := awsfed.ConfigFromJSON([]byte(text), row.options)
				require.NoError(t, err, form)
				assert.Equal(t, row.want, cfg, form)
			}
		})
	}
	assert.Greater(t, len(rows), 40)
	file, err := os.ReadFile("testdata/credentialfile/gcloud.json")
	require.NoError(t, err)
	padded := append(file, bytes.Repeat([]byte(" "), 64<<10-len(file))...)
	_, err = awsfed.ConfigFromJSON(padded, nil)
	assert.NoError(t, err, "64 KiB")
}
