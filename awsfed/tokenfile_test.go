package awsfed_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
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
	jwtType     = "urn:ietf:params:oauth:token-type:jwt"
	idTokenType = "urn:ietf:params:oauth:token-type:id_token"

	// testJWT has the form of a token of Kubernetes, and is none.
	testJWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6YTpiIn0.c2lnbmF0dXJlLW9mLW5vYm9keQ"
)

// withoutAWS is a Config that must not look for AWS credentials.
func withoutAWS(t *testing.T, subject awsfed.Subject) awsfed.Config {
	t.Helper()
	clearAWSEnvironment(t)
	return awsfed.Config{Audience: testAudience, Subject: subject, Logger: quiet, HTTPClient: &http.Client{Transport: forbidden(t)}}
}

// proof is a subject token of cfg.
func proof(t *testing.T, cfg awsfed.Config) (awsfed.SubjectToken, error) {
	t.Helper()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	return builder.SubjectToken(t.Context())
}

// unproven checks an error of a subject token: whose, how lasting, and that it has a hint and says
// nothing of the token.
func unproven(t *testing.T, err error, code string, transient bool) *awsfed.Error {
	t.Helper()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageSubjectToken, e.Stage)
	assert.Equal(t, code, e.Code)
	assert.Equal(t, transient, e.Transient, "%+v", e)
	assert.NotEmpty(t, e.Hint)
	assert.NotContains(t, e.Hint, "VerificationURL", "that is of signed requests")
	assertFit(t, err)
	assertNoSecret(t, everyRendering(err), func(yield func(string) bool) { _ = yield(testJWT) && yield(testJWT[:40]) })
	return e
}

func TestSubjectTokenOfAFileIsItsText(t *testing.T) {
	for name, test := range map[string]struct{ content, field, typ, want string }{
		"alone":                           {testJWT, "", "", testJWT},
		"with blanks around it":           {"\r\n\t " + testJWT + " \n\n", "", "", testJWT},
		"of another type":                 {testJWT, "", idTokenType, testJWT},
		"in a field":                      {`{"other": {"id_token": "x"}, "id_token": "` + testJWT + `"}`, "id_token", "", testJWT},
		"in a field, with blanks":         {"\n" + `{"id_token": " ` + testJWT + ` \n"}`, "id_token", "", testJWT},
		"in a field, in escapes":          {`{"t\u006fken": "` + strings.Replace(testJWT, "e", `\u0065`, 1) + `"}`, "token", "", testJWT},
		"a byte order mark in front":      {"\ufeff" + `{"token": "` + testJWT + `"}`, "token", "", testJWT},
		"as long as a token may be":       {strings.Repeat("x", 32<<10), "", "", strings.Repeat("x", 32<<10)},
		"in a file as long as one may be": {testJWT + strings.Repeat(" ", 64<<10-len(testJWT)), "", "", testJWT},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := proof(t, withoutAWS(t, awsfed.Subject{File: writeFile(t, "token", test.content), Field: test.field, Type: test.typ}))
			require.NoError(t, err)
			assert.Equal(t, test.want, token.Value())
			if test.typ == "" {
				test.typ = jwtType
			}
			assert.Equal(t, test.typ, token.Type())
		})
	}
}

// Kubernetes swaps the directory behind the link, and others write the file anew.
func TestSubjectTokenOfAFileIsReadAnew(t *testing.T) {
	dir := t.TempDir()
	write := func(version, content string) {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, "token"), []byte(content), 0o400))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
	}
	write("..2026_1", "first")
	require.NoError(t, os.Symlink("..data/token", filepath.Join(dir, "token")))
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), withoutAWS(t, awsfed.Subject{File: filepath.Join(dir, "token")}))
	require.NoError(t, err)
	for i, want := range []string{"first", "second"} {
		if i == 1 {
			write("..2026_2", want)
		}
		token, err := builder.SubjectToken(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, token.Value())
	}
}

func TestSubjectTokenOfAFileThatHasNoneIsAnError(t *testing.T) {
	planted := `{"token": "` + testJWT + `"}`
	for name, test := range map[string]struct {
		content, field string
		says           string
		transient      bool
	}{
		"nothing":                      {"", "", "is empty", true},
		"blanks":                       {" \r\n", "", "is empty", true},
		"nothing, for a field":         {"", "token", "is empty", true},
		"two words":                    {testJWT + " " + testJWT, "", "other than visible ASCII", false},
		"a letter that is not ASCII":   {testJWT + "é", "", "other than visible ASCII", false},
		"a NUL":                        {testJWT + "\x00", "", "other than visible ASCII", false},
		"a byte order mark":            {"\ufeff" + testJWT, "", "other than visible ASCII", false},
		"a token of 32 KiB and a byte": {strings.Repeat("x", 32<<10+1), "", "longer than 32 KiB", false},
		"64 KiB and a byte":            {testJWT + strings.Repeat(" ", 64<<10+1-len(testJWT)), "", "larger than 64 KiB", false},
		"no JSON":                      {testJWT, "token", "not a JSON object", false},
		"a list":                       {"[" + planted + "]", "token", "not a JSON object", false},
		"JSON that is cut off":         {planted[:len(planted)-1], "token", "cut off", false},
		"another field":                {planted, "id_token", `no field "id_token"`, false},
		"a field in another case":      {planted, "Token", `no field "Token"`, false},
		"a field twice":                {`{"token": "a", "token": "` + testJWT + `"}`, "token", "a key twice", false},
		"a number":                     {`{"token": 1}`, "token", "not a string", false},
		"null":                         {`{"token": null}`, "token", "not a string", false},
		"an object":                    {`{"token": ` + planted + `}`, "token", "not a string", false},
		"an empty field":               {`{"token": ""}`, "token", "is empty", true},
		"a field with a line in it":    {`{"token": "a\nb"}`, "token", "other than visible ASCII", false},
		"a field within another":       {`{"a": ` + planted + `}`, "a.token", "no field", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "token", test.content)
			_, err := proof(t, withoutAWS(t, awsfed.Subject{File: path, Field: test.field}))
			e := unproven(t, err, "TokenFile", test.transient)
			assert.ErrorContains(t, e, test.says)
			assert.Contains(t, e.Err.Error(), path)
			assert.Equal(t, !test.transient, slices.Equal([]string{"Subject.File"}, faultyFields(err)))
			assert.Equal(t, !test.transient, errors.Is(err, awsfed.ErrMisconfigured))
		})
	}
}

func TestSubjectTokenOfAFileThatIsNotThereSaysWhoWritesIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	cfg := withoutAWS(t, awsfed.Subject{File: path})
	_, err := proof(t, cfg)
	e := unproven(t, err, "TokenFile", false)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, e, path)
	assert.Contains(t, e.Hint, path)
	assert.Contains(t, e.Hint, "projected volume")
	assert.Contains(t, e.Hint, "  kubectl get pod ")

	require.NoError(t, os.WriteFile(path, []byte(testJWT), 0o600))
	_, err = proof(t, cfg)
	assert.NoError(t, err, "it is looked for anew")

	_, err = proof(t, withoutAWS(t, awsfed.Subject{File: filepath.Dir(path)}))
	assert.ErrorContains(t, unproven(t, err, "TokenFile", false), "a directory")
}

// Who puts the token itself where its file belongs must not read it in a log.
func TestSubjectTokenInPlaceOfItsFileIsNotQuoted(t *testing.T) {
	long := strings.Repeat(testJWT, 4)
	for name, file := range map[string]string{"a long token": long, "two lines": testJWT + "\n", "JSON": `{"token":"` + testJWT + `"}`} {
		t.Run(name, func(t *testing.T) {
			_, err := proof(t, withoutAWS(t, awsfed.Subject{File: file}))
			assert.ErrorContains(t, unproven(t, err, "TokenFile", false), "not shown")
		})
	}
	_, err := awsfed.NewSubjectTokenBuilder(t.Context(), withoutAWS(t, awsfed.Subject{File: strings.Repeat(long, 20)}))
	assert.Equal(t, []string{"Subject.File"}, faultyFields(err))
	assert.NotContains(t, err.Error(), testJWT[:10])
}

func TestSubjectTokenOfAFileIsExchangedByItsType(t *testing.T) {
	var forms []url.Values
	cfg := withoutAWS(t, awsfed.Subject{File: writeFile(t, "token", testJWT+"\n"), Type: idTokenType})
	cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		form, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		forms = append(forms, form)
		return jsonAnswer(200, goodExchange), nil
	})}
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	require.NoError(t, err)
	require.Len(t, forms, 1)
	assert.Equal(t, testJWT, forms[0].Get("subject_token"))
	assert.Equal(t, idTokenType, forms[0].Get("subject_token_type"))
}

func TestSubjectTokenOfAFileThatIsRefusedIsTriedAgainIfThereIsAnother(t *testing.T) {
	for name, test := range map[string]struct {
		next  string
		posts int
	}{
		"another": {"another", 2},
		"the one": {testJWT, 1},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "token", testJWT)
			cfg := withoutAWS(t, awsfed.Subject{File: path})
			var sent []string
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				form, err := url.ParseQuery(string(body))
				require.NoError(t, err)
				if sent = append(sent, form.Get("subject_token")); len(sent) > 1 {
					return jsonAnswer(200, goodExchange), nil
				}
				require.NoError(t, os.WriteFile(path, []byte(test.next), 0o600))
				return jsonAnswer(400, `{"error":"invalid_grant","error_description":"The token `+form.Get("subject_token")+` has expired."}`), nil
			})}
			_, err := newExchanger(t, cfg).TokenContext(t.Context())
			assert.Len(t, sent, test.posts)
			if test.posts == 2 {
				require.NoError(t, err)
				assert.Equal(t, []string{testJWT, "another"}, sent)
				return
			}
			require.Error(t, err)
			assertNoSecret(t, everyRendering(err), func(yield func(string) bool) { yield(testJWT) })
		})
	}
}
