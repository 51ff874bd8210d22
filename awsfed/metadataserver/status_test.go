package metadataserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const html = "text/html; charset=UTF-8"

func TestEveryStatusHasItsExactShape(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	address := listen(t, handlerOf(t, cloud, metadataserver.Options{}))
	noScopes := awsfedtest.New(awsfedtest.Options{})
	missing, found := awsfedtest.FaultByName("missing-binding")
	require.True(t, found)
	missing.Inject(noScopes)
	denied := listen(t, handlerOf(t, noScopes, metadataserver.Options{}))
	const (
		ok         = "HTTP/1.1 200 OK"
		moved      = "HTTP/1.1 301 Moved Permanently"
		bad        = "HTTP/1.1 400 Bad Request"
		forbidden  = "HTTP/1.1 403 Forbidden"
		absent     = "HTTP/1.1 404 Not Found"
		notAllowed = "HTTP/1.1 405 Method Not Allowed"
		later      = "HTTP/1.1 503 Service Unavailable"
		noKey      = "there is no such key\n"
		aDirectory = "it is a directory\n"
		badScopes  = "scopes is not a list between commas, of at most 2,048 visible characters\n"
	)
	for _, c := range []struct{ name, method, target, flavor, status, body, location string }{
		{"the metadata without a slash", "GET", "/computeMetadata", googleFlavor, moved, aDirectory, "/computeMetadata/"},
		{"the version without a slash", "GET", v1, googleFlavor, moved, aDirectory, v1 + "/"},
		{"the version without a slash keeps the query", "GET", v1 + "?recursive=true&alt=json", googleFlavor, moved, aDirectory, v1 + "/?recursive=true&alt=json"},
		{"a directory without a slash", "GET", v1 + "/instance", googleFlavor, moved, aDirectory, v1 + "/instance/"},
		{"a directory without a slash by HEAD", "HEAD", v1 + "/instance", googleFlavor, moved, aDirectory, v1 + "/instance/"},
		{"the accounts without a slash", "GET", accounts, googleFlavor, moved, aDirectory, accounts + "/"},
		{"an account without a slash keeps the query", "GET", accounts + "/default?recursive=true&x=%20%0d%0aSet-Cookie:%20a", googleFlavor, moved, aDirectory,
			accounts + "/default/?recursive=true&x=%20%0d%0aSet-Cookie:%20a"},
		{"an account by email without a slash", "GET", accounts + "/" + appAccount, googleFlavor, moved, aDirectory, accounts + "/" + appAccount + "/"},
		{"an account by encoded email without a slash", "GET", accounts + "/" + strings.Replace(appAccount, "@", "%40", 1), googleFlavor, moved, aDirectory, accounts + "/" + appAccount + "/"},

		{"alt is neither", "GET", v1 + "/universe/?alt=xml", googleFlavor, bad, "alt is neither json nor text\n", ""},
		{"an audience is missing", "GET", identityKey, googleFlavor, bad, "audience is missing, or is not one of at most 2,048 visible characters\n", ""},
		{"an audience is empty", "GET", identityKey + "?audience=&format=full", googleFlavor, bad, "audience is missing, or is not one of at most 2,048 visible characters\n", ""},
		{"a scope is empty", "GET", tokenKey + "?scopes=a,,b", googleFlavor, bad, badScopes, ""},
		{"a query is broken", "GET", tokenKey + "?scopes=%zz", googleFlavor, bad, "the query cannot be read\n", ""},
		{"a timeout is no number", "GET", v1 + "/universe/?wait_for_change=true&timeout_sec=1s", googleFlavor, bad, "timeout_sec is not a number of seconds\n", ""},

		{"no flavor", "GET", v1 + "/", "X: 1", forbidden, "Missing Metadata-Flavor:Google header.\n", ""},
		{"no flavor by HEAD", "HEAD", v1 + "/", "X: 1", forbidden, "Missing Metadata-Flavor:Google header.\n", ""},
		{"another flavor", "GET", v1 + "/", "Metadata-Flavor: google", forbidden, "Missing Metadata-Flavor:Google header.\n", ""},

		{"another page", "GET", "/index.html", googleFlavor, absent, noKey, ""},
		{"another page by HEAD", "HEAD", "/index.html", googleFlavor, absent, noKey, ""},
		{"another version", "GET", "/computeMetadata/v1beta1/", googleFlavor, absent, noKey, ""},
		{"a version that goes on", "GET", "/computeMetadata/v10", googleFlavor, absent, noKey, ""},
		{"a legacy version", "GET", "/0.1/meta-data/service-accounts/default/acquire", googleFlavor, absent, noKey, ""},
		{"the name of a machine", "GET", v1 + "/instance/name", googleFlavor, absent, noKey, ""},
		{"a zone that was not set", "GET", v1 + "/instance/zone", googleFlavor, absent, noKey, ""},
		{"an attribute", "GET", v1 + "/instance/attributes/cluster-name", googleFlavor, absent, noKey, ""},
		{"the universe with an underscore", "GET", v1 + "/universe/universe_domain", googleFlavor, absent, noKey, ""},
		{"a key in camel case", "GET", v1 + "/project/projectId", googleFlavor, absent, noKey, ""},
		{"a value with a slash", "GET", v1 + "/project/project-id/", googleFlavor, absent, noKey, ""},
		{"a token with a slash", "GET", tokenKey + "/", googleFlavor, absent, noKey, ""},
		{"a key below a value", "GET", v1 + "/project/project-id/x", googleFlavor, absent, noKey, ""},
		{"an unknown account", "GET", accounts + "/other@my-project.iam.gserviceaccount.com/token", googleFlavor, absent, noKey, ""},
		{"an account that a slash ends", "GET", accounts + "/default%2Ftoken", googleFlavor, absent, noKey, ""},
		{"an encoded slash at the end", "GET", accounts + "/default%2f", googleFlavor, absent, noKey, ""},
		{"an encoded slash before the version", "GET", "/computeMetadata%2Fv1/", googleFlavor, absent, noKey, ""},
		{"two slashes", "GET", v1 + "//project/project-id", googleFlavor, absent, noKey, ""},
		{"two slashes at the beginning", "GET", "/" + v1 + "/project/project-id", googleFlavor, absent, noKey, ""},
		{"two slashes at the end", "GET", v1 + "/project//", googleFlavor, absent, noKey, ""},
		{"dots", "GET", v1 + "/instance/../project/project-id", googleFlavor, absent, noKey, ""},
		{"encoded dots", "GET", v1 + "/instance/%2e%2e/project/project-id", googleFlavor, absent, noKey, ""},
		{"a path with signs of HTML", "GET", "/%3Cscript%3E", googleFlavor, absent, noKey, ""},

		{"a method that writes", "POST", tokenKey, googleFlavor, notAllowed, "the metadata is to be read alone: GET or HEAD\n", ""},
		{"a method that deletes", "DELETE", tokenKey, googleFlavor, notAllowed, "the metadata is to be read alone: GET or HEAD\n", ""},
		{"a method of nobody", "BREW", tokenKey, googleFlavor, notAllowed, "the metadata is to be read alone: GET or HEAD\n", ""},

		{"no health before the first token", "GET", "/healthz", googleFlavor, later, "there is no token yet\n", ""},
		{"no health before the first token by HEAD", "HEAD", "/healthz", googleFlavor, later, "there is no token yet\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := raw(t, address, c.method, c.target, c.flavor)
			if c.method == "HEAD" {
				assert.Empty(t, r.body)
				r.body = c.body // whose length is told
			}
			assert.Equal(t, c.status, r.status)
			assert.Equal(t, c.body, r.body)
			requireShape(t, r)
			assert.Equal(t, []string{html}, r.headers["Content-Type"])
			assert.NotContains(t, r.headers, "ETag")
			var location, allow []string
			if c.location != "" {
				location = []string{"http://" + address + c.location}
			}
			assert.Equal(t, location, r.headers["Location"])
			if c.status == notAllowed {
				allow = []string{"GET, HEAD"} // RFC 9110 §15.5.6
			}
			assert.Equal(t, allow, r.headers["Allow"])
		})
	}
	assert.Zero(t, cloud.Count(awsfedtest.GoogleSTS), "none of these is worth a token")

	t.Run("health with a token", func(t *testing.T) {
		require.Equal(t, ok, raw(t, address, "GET", tokenKey, googleFlavor).status)
		r := raw(t, address, "GET", "/healthz", googleFlavor)
		assert.Equal(t, ok, r.status)
		assert.Equal(t, "ok\n", r.body)
		requireShape(t, r)
	})
	t.Run("a token that Google denies", func(t *testing.T) {
		r := raw(t, denied, "GET", tokenKey, googleFlavor)
		assert.Equal(t, forbidden, r.status)
		requireShape(t, r)
		assert.Equal(t, []string{html}, r.headers["Content-Type"])
		assert.Contains(t, r.body, "; hint: ")
		health := raw(t, denied, "GET", "/healthz", googleFlavor)
		assert.Equal(t, later, health.status)
		assert.Equal(t, r.body, health.body)
	})
}

func TestARedirectLeadsToTheDirectory(t *testing.T) {
	address := listen(t, handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{}))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+accounts+"/default?recursive=true", nil)
	require.NoError(t, err)
	request.Header.Set("Metadata-Flavor", "Google")
	answer, err := (&http.Client{Transport: transport}).Do(request)
	require.NoError(t, err)
	defer func() { assert.NoError(t, answer.Body.Close()) }()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Equal(t, accounts+"/default/", answer.Request.URL.Path)
}
