package metadataserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// scopesOf is what Google says of the answer's token.
func scopesOf(t *testing.T, cloud *awsfedtest.Cloud, r response) []string {
	t.Helper()
	access, err := cloud.Check(tokenOf(t, r).AccessToken)
	require.NoError(t, err)
	assert.Equal(t, appAccount, access.Principal)
	return slices.Compact(slices.Sorted(slices.Values(access.Scopes)))
}

func TestATokenHasTheScopesThatWereAskedFor(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{}, func(cfg *awsfed.Config) {
		cfg.Scopes = []string{"https://www.googleapis.com/auth/b", "https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/a"}
	})
	byDefault := get(t, h, tokenKey)
	require.Equal(t, []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}, scopesOf(t, cloud, byDefault))
	for _, c := range []struct {
		name, query string
		want        []string
		asked       int // more tokens of the account
	}{
		{"none", "?scopes=", []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}, 0},
		{"the default ones", "?scopes=https://www.googleapis.com/auth/b,https://www.googleapis.com/auth/a", []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}, 0},
		{"the default ones in another order", "?scopes=https://www.googleapis.com/auth/a,https://www.googleapis.com/auth/b", []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}, 0},
		{"the default ones twice", "?scopes=https://www.googleapis.com/auth/a,https://www.googleapis.com/auth/b,https://www.googleapis.com/auth/b", []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}, 0},
		{"one of them", "?scopes=https://www.googleapis.com/auth/a", []string{"https://www.googleapis.com/auth/a"}, 1},
		{"one of them again", "?scopes=https://www.googleapis.com/auth/a&transport=alts", []string{"https://www.googleapis.com/auth/a"}, 0},
		{"one of them twice", "?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fa%2Chttps://www.googleapis.com/auth/a", []string{"https://www.googleapis.com/auth/a"}, 0},
		{"two others", "?scopes=https://www.googleapis.com/auth/d,https://www.googleapis.com/auth/c", []string{"https://www.googleapis.com/auth/c", "https://www.googleapis.com/auth/d"}, 1},
		{"two others in another order", "?scopes=https://www.googleapis.com/auth/c,https://www.googleapis.com/auth/d", []string{"https://www.googleapis.com/auth/c", "https://www.googleapis.com/auth/d"}, 0},
		{"parameters of clients that mean nothing here", "?bindCertificateFingerprint=x&binding-enforcement=on&transport=mtls", []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := cloud.Count(awsfedtest.IAMCredentials)
			r := get(t, h, tokenKey+c.query)
			assert.Equal(t, c.want, scopesOf(t, cloud, r))
			assert.Equal(t, c.asked, cloud.Count(awsfedtest.IAMCredentials)-before)
			assert.Equal(t, slices.Equal(c.want, []string{"https://www.googleapis.com/auth/a", "https://www.googleapis.com/auth/b"}), tokenOf(t, r) == tokenOf(t, byDefault))
		})
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS), "all come of one federated token")
}

func TestScopesThatNobodyCanHaveAreABadRequest(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{})
	for name, scopes := range map[string]string{
		"an empty one":       "a,,b",
		"only a comma":       ",",
		"one at the end":     "a,",
		"a blank":            "a%20b",
		"a plus is a blank":  "a+b",
		"a line break":       "a%0d%0ab",
		"a quote":            "%22",
		"a backslash":        "%5c",
		"a letter of others": "%c3%a4",
		"a long one":         strings.Repeat("x", 2049),
	} {
		t.Run(name, func(t *testing.T) {
			r := get(t, h, tokenKey+"?scopes="+scopes)
			assert.Equal(t, http.StatusBadRequest, r.status, r.body)
			assert.Equal(t, 1, strings.Count(r.body, "\n"), r.body)
		})
	}
	assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
	assert.Equal(t, http.StatusOK, get(t, h, tokenKey+"?scopes=https://www.googleapis.com/auth/"+strings.Repeat("x", 2048-32)).status)
}

func TestAFederatedIdentityHasTokensOfItsOwnScopes(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{}, direct)
	for query, want := range map[string]string{"": awsfed.CloudPlatformScope, "?scopes=https://www.googleapis.com/auth/a": "https://www.googleapis.com/auth/a"} {
		access, err := cloud.Check(tokenOf(t, get(t, h, tokenKey+query)).AccessToken)
		require.NoError(t, err)
		assert.Equal(t, awsfed.FederatedToken, access.Kind)
		assert.Equal(t, []string{want}, access.Scopes)
	}
	assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
}

// A wireLog keeps the bodies of the requests for tokens of accounts.
type wireLog struct {
	next http.RoundTripper

	mu     sync.Mutex
	bodies []string
}

func (l *wireLog) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, ":generateAccessToken") {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		l.bodies = append(l.bodies, string(content))
		l.mu.Unlock()
	}
	return l.next.RoundTrip(r)
}

func TestSetsOfScopesAreBounded(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	log := &wireLog{}
	h := handlerOf(t, cloud, metadataserver.Options{}, func(cfg *awsfed.Config) {
		log.next = cfg.HTTPClient.Transport
		cfg.HTTPClient = &http.Client{Transport: log}
	})
	set := func(i int) string { return fmt.Sprintf("%s?scopes=https://www.googleapis.com/auth/%d", tokenKey, i) }
	for i := range 16 {
		require.Equal(t, http.StatusOK, get(t, h, set(i)).status)
	}
	require.Len(t, log.bodies, 16)
	for i := range 16 {
		require.Equal(t, http.StatusOK, get(t, h, set(i)).status)
	}
	require.Len(t, log.bodies, 16, "16 are kept")
	require.Equal(t, http.StatusOK, get(t, h, set(16)).status)
	require.Equal(t, http.StatusOK, get(t, h, set(1)).status)
	require.Len(t, log.bodies, 17, "the one that was asked for the longest time ago made room")
	require.Equal(t, http.StatusOK, get(t, h, set(0)).status)
	require.Len(t, log.bodies, 18)
	for i, body := range log.bodies {
		var sent struct{ Scope []string }
		require.NoError(t, json.Unmarshal([]byte(body), &sent))
		assert.Equal(t, []string{fmt.Sprintf("https://www.googleapis.com/auth/%d", i%17)}, sent.Scope)
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
}
