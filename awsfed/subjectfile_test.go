package awsfed_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

const (
	allowedHost = "tokens.example:8443"
	allowedURL  = "https://tokens.example:8443/token?a=b"
	allowedPath = "/var/run/secrets/token"
	saml2Type   = "urn:ietf:params:oauth:token-type:saml2"
)

// subjectOptions allow one file and one host for subject tokens.
func subjectOptions() *awsfed.FileOptions {
	return &awsfed.FileOptions{SubjectFiles: []string{allowedPath}, SubjectHosts: []string{allowedHost}}
}

// tokenSourceFile is a file with that credential_source, as gcloud writes one without --aws.
func tokenSourceFile(t *testing.T, credentialSource jsonObject, fields jsonObject) []byte {
	t.Helper()
	all := jsonObject{"subject_token_type": jwtType, "credential_source": credentialSource}
	maps.Copy(all, fields)
	return changedFile(t, all)
}

func TestCredentialFileWithATokenIsReadAsFarAsTheProgramAllows(t *testing.T) {
	sentNothing(t)
	headers := jsonObject{"Authorization": "Bearer " + plantedSecret, "Metadata": "True"}
	for _, row := range []struct {
		name   string
		source jsonObject
		fields jsonObject
		want   awsfed.Subject
	}{
		{"a file", jsonObject{"file": allowedPath}, nil, awsfed.Subject{File: allowedPath}},
		{"a file of text", jsonObject{"file": allowedPath, "format": jsonObject{"type": "text"}}, nil, awsfed.Subject{File: allowedPath}},
		{"a file of no type", jsonObject{"file": allowedPath, "format": jsonObject{}}, nil, awsfed.Subject{File: allowedPath}},
		{"a file of JSON", jsonObject{"file": allowedPath, "format": jsonObject{"type": "json", "subject_token_field_name": "id_token"}}, nil,
			awsfed.Subject{File: allowedPath, Field: "id_token"}},
		{"a field that text has no use for", jsonObject{"file": allowedPath, "format": jsonObject{"type": "text", "subject_token_field_name": "a"}}, nil, awsfed.Subject{File: allowedPath}},
		{"a file in a longer spelling", jsonObject{"file": "/var/./run//secrets/../secrets/token"}, nil, awsfed.Subject{File: allowedPath}},
		{"a URL", jsonObject{"url": allowedURL}, nil, awsfed.Subject{URL: allowedURL}},
		{"a URL with headers", jsonObject{"url": allowedURL, "headers": headers, "format": jsonObject{"type": "json", "subject_token_field_name": "access_token"}}, nil,
			awsfed.Subject{URL: allowedURL, Headers: map[string]string{"Authorization": "Bearer " + plantedSecret, "Metadata": "True"}, Field: "access_token"}},
		{"an ID token", jsonObject{"file": allowedPath}, jsonObject{"subject_token_type": idTokenType}, awsfed.Subject{File: allowedPath, Type: idTokenType}},
		{"what is null", jsonObject{"file": allowedPath, "url": nil, "headers": nil, "format": nil, "executable": nil}, nil, awsfed.Subject{File: allowedPath}},
		{"what is for AWS alone", jsonObject{"file": allowedPath, "region_url": "http://evil.example", "regional_cred_verification_url": "https://evil.example"}, nil,
			awsfed.Subject{File: allowedPath}},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg, err := awsfed.ConfigFromJSON(tokenSourceFile(t, row.source, row.fields), subjectOptions())
			require.NoError(t, err)
			assert.Equal(t, awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, Subject: row.want}, cfg)
			_, err = awsfed.NewTokenSource(t.Context(), cfg)
			assert.NoError(t, err)
		})
	}
}

func TestCredentialFileWithATokenWorks(t *testing.T) {
	clearAWSEnvironment(t)
	path := writeFile(t, "token", testJWT)
	cfg, err := awsfed.ConfigFromJSON(tokenSourceFile(t, jsonObject{"file": path}, nil), &awsfed.FileOptions{SubjectFiles: []string{path}})
	require.NoError(t, err)
	google := &scriptedGoogle{}
	cfg.HTTPClient, cfg.Logger = offlineConfig(google).HTTPClient, quiet
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	require.NoError(t, err)
	require.Len(t, google.bodies, 2)
	assert.Contains(t, google.bodies[0], "subject_token="+testJWT+"&")
}

// Who writes a credential file could send any file of this machine to Google otherwise.
func TestCredentialFileWithATokenIsRefusedWithoutLeave(t *testing.T) {
	sentNothing(t)
	file := jsonObject{"file": allowedPath}
	url := jsonObject{"url": allowedURL}
	elsewhere := &awsfed.FileOptions{TokenHosts: []string{allowedHost}, VerificationHosts: []string{allowedHost}, MetadataHosts: []string{allowedHost}, Universes: []string{"tokens.example"}}
	for name, row := range map[string]struct {
		source  jsonObject
		options *awsfed.FileOptions
		field   string
		leave   string
	}{
		"a file, of nobody":                     {file, nil, source + "file", "SubjectFiles"},
		"a file, of nothing":                    {file, &awsfed.FileOptions{}, source + "file", "SubjectFiles"},
		"a file, by its directory":              {file, &awsfed.FileOptions{SubjectFiles: []string{"/var/run/secrets", "/var/run/secrets/", "/"}}, source + "file", "SubjectFiles"},
		"a file, by a pattern":                  {file, &awsfed.FileOptions{SubjectFiles: []string{"*", "/var/run/secrets/*", "/**"}}, source + "file", "SubjectFiles"},
		"a file, in another case":               {file, &awsfed.FileOptions{SubjectFiles: []string{"/var/run/secrets/Token"}}, source + "file", "SubjectFiles"},
		"a file, by no path":                    {file, &awsfed.FileOptions{SubjectFiles: []string{"", ".", "var/run/secrets/token"}}, source + "file", "SubjectFiles"},
		"a file, as a host":                     {file, &awsfed.FileOptions{SubjectHosts: []string{allowedPath}}, source + "file", "SubjectFiles"},
		"a URL, of nobody":                      {url, nil, source + "url", "SubjectHosts"},
		"a URL, as a file":                      {url, &awsfed.FileOptions{SubjectFiles: []string{allowedURL}}, source + "url", "SubjectHosts"},
		"a URL, of another port":                {url, &awsfed.FileOptions{SubjectHosts: []string{"tokens.example"}}, source + "url", "SubjectHosts"},
		"a URL, of the host for something else": {url, elsewhere, source + "url", "SubjectHosts"},
	} {
		t.Run(name, func(t *testing.T) {
			data := tokenSourceFile(t, row.source, nil)
			refused(t, data, row.field, row.options)
			_, err := awsfed.ConfigFromJSON(data, row.options)
			assert.ErrorContains(t, err, "FileOptions."+row.leave)
		})
	}
	// Nor does what is allowed for a token let it be sent there.
	for field, value := range map[string]string{"token_url": "https://" + allowedHost + "/v1/token", impersonationURL: "https://" + allowedHost + impersonationPath} {
		refused(t, tokenSourceFile(t, file, jsonObject{field: value}), field, subjectOptions())
	}
	refused(t, changedFile(t, jsonObject{verificationURL: "https://" + allowedHost + callerIdentity}), verificationURL, subjectOptions())
	refused(t, changedFile(t, jsonObject{rolesURL: "https://" + allowedHost + "/latest/meta-data/iam/security-credentials"}), rolesURL, subjectOptions())
}

// hostileTokenSources are by field what a credential_source with a token must not hold.
func hostileTokenSources() map[string][]jsonObject {
	with := func(base jsonObject, name string, values ...any) (all []jsonObject) {
		for _, value := range values {
			changed := maps.Clone(base)
			changed[name] = value
			all = append(all, changed)
		}
		return all
	}
	file, address := jsonObject{"file": allowedPath}, jsonObject{"url": allowedURL}
	format := func(kind, field any) jsonObject { return jsonObject{"type": kind, "subject_token_field_name": field} }
	sources := map[string][]jsonObject{
		source + "file": slices.Concat(
			with(file, "file", "token", "./token", "../token", "var/run/secrets/token", "~/token", "$HOME/token", "/dev/zero", "/dev/stdin", "/proc/self/environ",
				"/etc/passwd", "/var/run/secrets", "/var/run/secrets/", allowedPath+"/.."+"/other", allowedPath+"/../../token",
				"/var/run/secrets/../token", "/../"+"etc/shadow", allowedPath+"\x00", allowedPath+"\n", allowedPath+" ", " "+allowedPath, allowedPath+"x",
				"/var/run/secrets/TOKEN", "/var/run/secrets\\token", "file://"+allowedPath, "/var/run/secrets/%74oken", "/var/run/secrets/t\u043eken", `C:\token`, `\\host\token`,
				"/"+strings.Repeat("a", 5000), plantedSecret+"{", "eyJ"+plantedSecret, 1, true, []any{allowedPath}, jsonObject{"path": allowedPath}),
			with(address, "file", 1)),
		source + "url": slices.Concat(with(address, "url", 1, []any{allowedURL}, jsonObject{}),
			with(file, "url", allowedURL, "https://evil.example")),
		source + "headers": slices.Concat(
			with(address, "headers", "Authorization: x", 1, []any{plantedSecret}, jsonObject{"": "a"}, jsonObject{"a b": plantedSecret}, jsonObject{"a:": "b"}, jsonObject{"Host": "evil.example"},
				jsonObject{"host": "evil.example"}, jsonObject{"Content-Length": "1"}, jsonObject{"Transfer-Encoding": "chunked"}, jsonObject{"connection": "x"}, jsonObject{"a\r\nb": "c"},
				jsonObject{"a": plantedSecret + "\r\nHost: evil.example"}, jsonObject{"a": plantedSecret + "\n"}, jsonObject{"a": plantedSecret + "\x00"}, jsonObject{"a": plantedSecret + "\u00e9"},
				jsonObject{"a": strings.Repeat(plantedSecret, 1000)}, jsonObject{"A": plantedSecret, "a": plantedSecret}, manyHeaders(33)),
			with(file, "headers", jsonObject{"Authorization": plantedSecret})),
		source + "headers.X-Token": with(address, "headers", jsonObject{"X-Token": 77012345}, jsonObject{"X-Token": []any{plantedSecret}}, jsonObject{"X-Token": jsonObject{"a": plantedSecret}}),
		source + "format":          with(file, "format", "json", 1, []any{"json"}, true),
		source + "format.type":     with(file, "format", format("xml", "a"), format("JSON", "a"), format("json ", "a"), format(1, "a"), format([]any{"json"}, "a"), format("jwt", nil)),
		source + "format." + "subject_token_field_name": with(file, "format", format("json", nil), format("json", ""), jsonObject{"type": "json"}, format("json", 1), format("json", []any{"a"}),
			format("json", strings.Repeat("a", 257))),
	}
	for _, hostile := range hostileURLs("https", allowedHost, "/token") {
		if !strings.HasPrefix(hostile, "https://"+allowedHost+"/") || strings.ContainsAny(hostile, "#\n \x00é%") || strings.HasSuffix(hostile, "?") || len(hostile) > 2000 {
			sources[source+"url"] = append(sources[source+"url"], jsonObject{"url": hostile})
		}
	}
	return sources
}

func manyHeaders(count int) jsonObject {
	headers := jsonObject{}
	for i := range count {
		headers[fmt.Sprintf("X-%d", i)] = "a"
	}
	return headers
}

func TestHostileFilesWithATokenAreRefusedByTheirField(t *testing.T) {
	sentNothing(t)
	rows := 0
	for field, sources := range hostileTokenSources() {
		for i, hostile := range sources {
			rows++
			t.Run(fmt.Sprintf("%s/%d", field, i), func(t *testing.T) {
				data := tokenSourceFile(t, hostile, jsonObject{"client_id": "id", "client_secret": plantedSecret})
				refused(t, data, field, subjectOptions())
				_, err := awsfed.ConfigFromJSON(data, subjectOptions())
				assert.NotContains(t, fmt.Sprint(err), "77012345", "a value of a header")
				if t.Failed() {
					t.Logf("%.300q", fmt.Sprint(hostile))
				}
			})
		}
	}
	assert.Greater(t, rows, 150)

	for i, typ := range []any{nil, "", jwtType + " ", strings.ToUpper(jwtType), "jwt", saml2Type, "urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:mtls", 1, []any{jwtType}} {
		t.Run(fmt.Sprintf("subject_token_type/%d", i), func(t *testing.T) {
			refused(t, tokenSourceFile(t, jsonObject{"file": allowedPath}, jsonObject{"subject_token_type": typ}), "subject_token_type", subjectOptions())
		})
	}
	for name, data := range map[string]string{
		"two files":   `"file":"` + allowedPath + `","file":"/etc/passwd"`,
		"two URLs":    `"url":"` + allowedURL + `","url":"https://evil.example"`,
		"two headers": `"url":"` + allowedURL + `","headers":{"a":"b","a":"c"}`,
		"two formats": `"file":"` + allowedPath + `","format":{"type":"text","type":"json"}`,
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, []byte(`{"type":"external_account","audience":"`+testAudience+`","subject_token_type":"`+jwtType+`","credential_source":{`+data+`}}`), theFile, subjectOptions())
		})
	}
}

// A file that is allowed may be anything by the time that it is read.
func TestCredentialFileWithATokenThatIsALinkIsFollowedToARegularFileAlone(t *testing.T) {
	clearAWSEnvironment(t)
	link := filepath.Join(t.TempDir(), "token")
	options := &awsfed.FileOptions{SubjectFiles: []string{link}}
	for target, good := range map[string]bool{writeFile(t, "target", testJWT): true, t.TempDir(): false, "/dev/zero": false, "/dev/null": false} {
		require.NoError(t, os.Symlink(target, link))
		cfg, err := awsfed.ConfigFromJSON(tokenSourceFile(t, jsonObject{"file": link}, nil), options)
		require.NoError(t, err)
		_, err = proof(t, cfg)
		assert.Equal(t, good, err == nil, target)
		require.NoError(t, os.Remove(link))
	}
}
