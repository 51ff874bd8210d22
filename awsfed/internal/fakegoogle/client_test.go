package fakegoogle_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

func TestARequiredClientAuthenticatesItself(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	cloud.Google.RequireClient("my client", "a:secret%2F")
	u := cloud.Google.Unsettled()
	u.AcceptAuthorizationHeader = false
	cloud.Google.SetUnsettled(u)
	form := exchangeForm(signSubject(t, cloud, verificationURL).encode(t))
	form.Set("options", `{"userProject":"billed-project"}`)
	for name, test := range map[string]struct {
		authorization []string
		want          int
	}{
		"plain":                {[]string{"Basic bXkgY2xpZW50OmE6c2VjcmV0JTJG"}, 200},
		"percent-encoded":      {[]string{"Basic bXkrY2xpZW50OmElM0FzZWNyZXQlMjUyRg=="}, 200},
		"another secret":       {[]string{"Basic bXkgY2xpZW50OnNlY3JldA=="}, 401},
		"another ID":           {[]string{"Basic aWQ6YTpzZWNyZXQlMkY="}, 401},
		"an ID alone":          {[]string{"Basic bXkgY2xpZW50"}, 401},
		"escapes that are bad": {[]string{"Basic JXo6JXo="}, 401},
		"another scheme":       {[]string{"Bearer bXkgY2xpZW50OmE6c2VjcmV0JTJG"}, 401},
		"nothing":              {nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			for _, value := range test.authorization {
				headers = append(headers, "Authorization", value)
			}
			response, answer := postForm(t, cloud, form, headers...)
			require.Equal(t, test.want, response.StatusCode, "%v", answer)
			if test.want == http.StatusUnauthorized {
				assert.Equal(t, "Basic", response.Header.Get("WWW-Authenticate"))
				assert.Equal(t, "invalid_client", answer["error"])
				return
			}
			access, err := cloud.Google.Check(answer["access_token"].(string))
			require.NoError(t, err)
			assert.Equal(t, "billed-project", access.QuotaProject)
		})
	}
	cloud.Google.RequireClient("", "")
	u.AcceptAuthorizationHeader = true
	cloud.Google.SetUnsettled(u)
	for _, headers := range [][]string{nil, {"Authorization", "Basic Zm9vOmJhcg=="}} {
		response, _ := postForm(t, cloud, form, headers...)
		assert.Equal(t, http.StatusOK, response.StatusCode, "no client is required any more")
	}
}
