package fakegoogle_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// unknownNames is Google's answer to names that a message does not have.
func unknownNames(names ...string) map[string]any {
	var lines []string
	var violations []any
	for _, name := range names {
		line := `Invalid JSON payload received. Unknown name "` + name + `": Cannot find field.`
		lines = append(lines, line)
		violations = append(violations, map[string]any{"description": line})
	}
	return map[string]any{"error": map[string]any{
		"code": 400.0, "status": "INVALID_ARGUMENT", "message": strings.Join(lines, "\n"),
		"details": []any{map[string]any{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}},
	}}
}

func TestNamesThatAMessageDoesNotHaveAreRefusedInGooglesWords(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := federatedToken(t, cloud)
	for name, test := range map[string]struct {
		method, body string
		want         map[string]any
	}{
		"an unknown name":                  {"generateAccessToken", `{"scope":["email"],"scopes":[]}`, unknownNames("scopes")},
		"several in the order of theirs":   {"generateAccessToken", `{"z":1,"scope":["email"],"a":null}`, unknownNames("z", "a")},
		"a capital letter":                 {"generateAccessToken", `{"Scope":["email"]}`, unknownNames("Scope")},
		"a name for another method":        {"generateIdToken", `{"audience":"a","scope":["email"]}`, unknownNames("scope")},
		"camelCase that is wrong":          {"generateIdToken", `{"audience":"a","includeemail":true}`, unknownNames("includeemail")},
		"snake_case with capitals":         {"generateIdToken", `{"audience":"a","Include_Email":true}`, unknownNames("Include_Email")},
		"an underscore too many":           {"generateIdToken", `{"audience":"a","include__email":true}`, unknownNames("include__email")},
		"an underscore at the end":         {"generateIdToken", `{"audience_":"a"}`, unknownNames("audience_")},
		"an unknown name and a wrong type": {"generateAccessToken", `{"scope":"email","x":1}`, unknownNames("x")},
	} {
		t.Run(name, func(t *testing.T) {
			response, answer := postIAM(t, cloud, token, appEmail+":"+test.method, test.body)
			assert.Equal(t, http.StatusBadRequest, response.StatusCode)
			assert.Equal(t, test.want, answer)
		})
	}
}

func TestAnExchangeInJSONGoesByExactNames(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	for name, test := range map[string]struct {
		replace, by string
		want        map[string]any
	}{
		"a capital letter":       {`{`, `{"Grant_Type":"x",`, unknownNames("Grant_Type")},
		"a parameter of its own": {`{`, `{"client_id":"x","clientSecret":"y",`, unknownNames("client_id", "clientSecret")},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(`{"grantType":"urn:ietf:params:oauth:grant-type:token-exchange"}`, test.replace, test.by, 1)
			response, answer := postToken(t, cloud, "application/json", body)
			assert.Equal(t, http.StatusBadRequest, response.StatusCode)
			assert.Equal(t, test.want, answer)
		})
	}
}

func TestOptionsGoByExactNames(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	form := exchangeForm(signSubject(t, cloud, verificationURL).encode(t))
	form.Set("options", `{"UserProject":"billed-project","userproject":"billed-project","AccessBoundary":1}`)
	response, answer := postForm(t, cloud, form)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	access, err := cloud.Google.Check(answer["access_token"].(string))
	require.NoError(t, err)
	assert.Empty(t, access.QuotaProject)
	assert.Nil(t, access.Boundary)
}

func TestASubjectTokenGoesByExactNames(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	text := signSubject(t, cloud, verificationURL).json(t)
	for _, name := range []string{"url", "method", "headers", "key", "value"} {
		changed := strings.ReplaceAll(text, `"`+name+`"`, `"`+strings.ToUpper(name)+`"`)
		_, err := cloud.Google.VerifySubjectToken(t.Context(), audienceOfOptions, url.QueryEscape(changed))
		assert.Error(t, err, name)
	}
}
