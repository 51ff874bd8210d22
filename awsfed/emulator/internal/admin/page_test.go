package admin_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

func TestPageShowsFaultsClockRequestsAndTheWorld(t *testing.T) {
	world := newWorld("region: us-east-1\nroles:\n  - {name: app, account: '123456789012'}\n")
	url := start(t, admin.Options{World: world}).URL
	_, page := call(t, "GET", url, "")
	assert.Contains(t, page, "No fault is on.")
	assert.Contains(t, page, "Nobody has asked for anything yet.")

	fault, _ := awsfedtest.FaultByName("missing-binding")
	fault.Inject(world.Cloud())
	world.Cloud().SetClock(time.Hour)
	ask(t, world.Cloud())
	_, page = call(t, "GET", url, "")
	for _, text := range []string{
		"missing-binding", fault.Summary, "<strong>1h0m0s</strong>", "/oauth2/v3/certs", "<strong>200</strong> OK",
		"us-east-1", `<th scope="col">account</th>`, "<code>123456789012</code>",
	} {
		assert.Contains(t, page, text)
	}
	assert.NotContains(t, page, `<script>alert`)
	assert.Contains(t, page, `&lt;script&gt;alert`)
}

func TestPageRunsNothingButItsOwnScript(t *testing.T) {
	url := start(t, admin.Options{World: newWorld("{}")}).URL
	response, page := call(t, "GET", url, "")
	policy := response.Header.Get("Content-Security-Policy")
	nonce := regexp.MustCompile(`script-src 'nonce-([A-Z0-9]+)'`).FindStringSubmatch(policy)
	require.NotNil(t, nonce, policy)
	assert.Contains(t, page, `<script nonce="`+nonce[1]+`">`)
	assert.Contains(t, page, `<style nonce="`+nonce[1]+`">`)
	for _, rule := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
		assert.Contains(t, policy, rule)
	}
	assert.NotContains(t, policy, "unsafe")
	assert.NotRegexp(t, `(src|href)="(https?:)?//`, page, "nothing comes from elsewhere")
	assert.NotContains(t, page, "{{")

	again, _ := call(t, "GET", url, "")
	assert.NotEqual(t, policy, again.Header.Get("Content-Security-Policy"), "a nonce serves once")
}

func TestPageShowsWhateverARequestWasJudgedBy(t *testing.T) {
	type attributes struct {
		Subject string
		Custom  map[string]string
	}
	type judgement struct {
		Caller     string
		Attributes *attributes
		Groups     []string
		Condition  string
		Reason     string
	}
	shown := admin.ShownRequest(awsfedtest.Request{Fault: "503"}, &judgement{
		Caller:     "arn:aws:sts::123456789012:assumed-role/app/i-1",
		Attributes: &attributes{"subject-1", map[string]string{"aws_role": "<app>"}},
		Reason:     "no binding names the principal",
	})
	for _, text := range []string{
		"<dt>caller</dt><dd><code>arn:aws:sts::123456789012:assumed-role/app/i-1</code>", "<dt>aws_role</dt><dd><code>&lt;app&gt;</code>",
		"subject-1", "no binding names the principal", "<dt>fault</dt><dd><code>503</code>",
	} {
		assert.Contains(t, shown, text)
	}
	assert.NotContains(t, shown, "condition", "what is empty is not shown")
	assert.NotContains(t, shown, "groups")
}

func TestPageShowsAnyDocument(t *testing.T) {
	for name, c := range map[string]struct{ document, want string }{
		"nothing":             {"", "<code></code>"},
		"JSON":                {`{"a": {"b": "c"}}`, "<dt>a</dt><dd><dl><div><dt>b</dt><dd><code>c</code>"},
		"a list of texts":     {"a: [x, y]", "<code>x, y</code>"},
		"a list of long ones": {"a: [xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, yyyyyyyyyyyyyyyyyyyyy]", "<ul><li><code>xxx"},
		"a list of objects":   {"[{a: x}, {b: y}]", `<th scope="col">a</th><th scope="col">b</th>`},
		"a list of both":      {"a: [{a: x}, y]", "<ul><li><dl>"},
		"objects in objects":  {"[{a: x, b: [{c: y}]}]", `<ul><li><dl><div><dt>a</dt><dd><code>x</code></dd></div><div><dt>b</dt><dd><table>`},
		"an expression":       {"condition: |\n  attribute.env == 'prod' &&\n  true\n", "attribute.env == &#39;prod&#39; &amp;&amp;\ntrue"},
		"an alias":            {"a: &x {b: c}\nd: *x", "<code>*x</code>"},
		"zero as a text":      {`a: "0"`, "<code>0</code>"},
	} {
		t.Run(name, func(t *testing.T) {
			shown, err := admin.ShownDocument([]byte(c.document))
			require.NoError(t, err)
			assert.Contains(t, shown, c.want)
		})
	}
}

func TestPageStandsADocumentThatIsNone(t *testing.T) {
	for name, document := range map[string]string{"no YAML": "a: [", "a depth without end": "[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]"} {
		t.Run(name, func(t *testing.T) {
			url := start(t, admin.Options{World: newWorld(document)}).URL
			response, page := call(t, "GET", url, "")
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Contains(t, page, "The configuration cannot be shown")
		})
	}
}

func TestEncodeNamesFieldsInSnakeCase(t *testing.T) {
	type inner struct{ UserAgent string }
	type outer struct {
		inner
		AccessKeyID string
		ARN         string
		HTTPStatus  int
		Took        time.Duration
		Match       func()
		hidden      string
		Next        *inner
	}
	shown := admin.Encode(outer{inner: inner{"x"}, Took: time.Minute, hidden: "no"})
	marshaler, ok := shown.(interface{ MarshalJSON() ([]byte, error) })
	require.True(t, ok)
	data, err := marshaler.MarshalJSON()
	require.NoError(t, err)
	assert.JSONEq(t, `{"access_key_id": "", "arn": "", "http_status": 0, "took": "1m0s", "match": null, "next": null}`, string(data))
}
