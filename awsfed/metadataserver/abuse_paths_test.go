package metadataserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOddPathsAreNoKeys(t *testing.T) {
	s := abuseServe(t, nil)
	for name, target := range map[string]string{
		"two slashes":                          "//",
		"two slashes before the keys":          "/" + abuseToken,
		"two slashes in front of a host":       "//rebound.example/computeMetadata/v1",
		"a host behind two slashes and a user": "//user@rebound.example/computeMetadata/v1/instance",
		"three slashes":                        "///computeMetadata/v1/instance",
		"two slashes inside":                   "/computeMetadata//v1/instance",
		"two slashes behind the version":       "/computeMetadata/v1//instance",
		"a host behind the version":            "/computeMetadata/v1//rebound.example",
		"two slashes at the end":               "/computeMetadata/v1/instance//",
		"one dot":                              "/./",
		"one dot inside":                       "/computeMetadata/v1/./instance",
		"one dot at the end":                   "/computeMetadata/v1/.",
		"two dots":                             "/..",
		"two dots inside":                      "/computeMetadata/v1/project/../instance",
		"two dots at the end":                  "/computeMetadata/v1/instance/..",
		"two dots before the keys":             "/../computeMetadata/v1/instance",
		"encoded dots":                         "/computeMetadata/v1/%2e%2e",
		"encoded dots inside":                  "/computeMetadata/v1/project/%2e%2e/instance",
		"dots that are encoded twice":          "/computeMetadata/v1/%252e%252e/",
		"a byte of zero":                       "/computeMetadata/v1/instance%00",
		"a byte of zero before a key":          "/computeMetadata/v1/%00instance",
		"a line break":                         "/computeMetadata/v1/instance%0d%0aLocation:%20http://rebound.example",
		"an encoded slash":                     "/computeMetadata/v1%2finstance",
		"an encoded slash inside":              "/computeMetadata/v1/instance%2Fservice-accounts",
		"an encoded slash at the end":          "/computeMetadata/v1/instance%2f",
		"an encoded slash before the version":  "/computeMetadata%2fv1",
		"an encoded slash behind the root":     "/computeMetadata%2F",
		"an encoded slash behind the keys":     "/computeMetadata/v1%2f",
		"an encoded slash for the root":        "/%2f",
		"an encoded slash before a host":       "/%2frebound.example",
		"a backslash":                          `/\`,
		"a backslash before a host":            `/\rebound.example/computeMetadata/v1`,
		"an encoded backslash":                 "/computeMetadata/v1%5cinstance",
		"backslashes for slashes":              `/computeMetadata\v1\instance`,
		"a semicolon":                          "/computeMetadata/v1/instance;/",
		"a parameter of a segment":             "/computeMetadata/v1/instance;a=b/service-accounts",
		"other case":                           "/computemetadata/v1/instance",
		"other case of a key":                  "/computeMetadata/v1/Instance",
		"another version":                      "/computeMetadata/v1beta1/instance",
		"the keys as a prefix":                 "/computeMetadata/v1instance",
		"letters that look like others":        "/computeMetadata/v1/inst%D0%B0nce",
		"bytes that are no UTF-8":              "/computeMetadata/v1/%ff%fe",
		"letters that were not encoded":        "/computeMetadata/v1/inst\u0430nce",
		"a blank at the end":                   "/computeMetadata/v1/instance%20",
		"a question mark that is encoded":      "/computeMetadata/v1/instance%3fa",
		"a fragment":                           "/computeMetadata/v1/instance#",
		"a wildcard":                           "/computeMetadata/v1/*",
		"a path of 3,000 letters":              "/computeMetadata/v1/" + strings.Repeat("a", 3000),
		"a path of 1,000 segments":             "/computeMetadata/v1/" + strings.Repeat("a/", 1000),
		"a path of 3,000 slashes":              strings.Repeat("/", 3000),
		"an account that is not there":         "/computeMetadata/v1/instance/service-accounts/other@my-project.iam.gserviceaccount.com/token",
		"a value as a directory":               abuseToken + "/",
		"a value with more behind it":          abuseToken + "/x",
		"the program's own memory":             "/debug/pprof/heap",
		"the metrics":                          "/metrics",
		"Amazon's keys":                        "/latest/meta-data/iam/security-credentials/",
	} {
		t.Run(name, func(t *testing.T) {
			before := s.unknown(t, http.StatusNotFound)
			answer := s.ask(t, http.MethodGet, target)
			abuseIsRefusal(t, http.StatusNotFound, answer)
			assert.Empty(t, answer.header.Get("Location"))
			assert.Equal(t, before+1, s.unknown(t, http.StatusNotFound))
		})
	}
	s.stillServes(t)
}

// These are no requests for package net/http, which answers by itself, uncounted and without the
// header Metadata-Flavor; what matters is that no key comes back.
func TestTargetsThatCannotBeReadAreRefused(t *testing.T) {
	s := abuseServe(t, nil)
	for name, target := range map[string]string{
		"nothing":                      "",
		"no slash":                     "computeMetadata/v1/instance",
		"an encoding that is cut off":  "/computeMetadata/v1/%2",
		"an encoding that is none":     "/computeMetadata/v1/%zz",
		"a byte of zero":               "/computeMetadata/v1/instance\x00",
		"a blank":                      "/computeMetadata/v1/instance /",
		"a tab":                        "/computeMetadata/v1/instance\t",
		"a byte that ends no line":     "/computeMetadata/v1/instance\r/",
		"a query alone":                "?recursive=true",
		"a fragment alone":             "#",
		"a host with a port like none": "http://127.0.0.1:port/computeMetadata/v1/instance",
	} {
		t.Run(name, func(t *testing.T) {
			answer := s.ask(t, http.MethodGet, target)
			assert.Equal(t, http.StatusBadRequest, answer.status, answer.body)
			assert.NotContains(t, answer.body, "access_token")
		})
	}
	s.stillServes(t)
}

func TestAQueryThatCannotBeReadIsCountedOutsideOfTheRoutes(t *testing.T) {
	s := abuseServe(t, nil)
	for i, query := range []string{"?%zz", "?a=%", "?a;b", "?scopes=a;recursive=true"} {
		abuseIsRefusal(t, http.StatusBadRequest, s.ask(t, http.MethodGet, abuseToken+query))
		assert.Equal(t, i+1, s.unknown(t, http.StatusBadRequest))
	}
}

func TestRedirectsLeadToADirectoryOfTheSameHost(t *testing.T) {
	s := abuseServe(t, nil)
	for target, path := range map[string]string{
		"/computeMetadata":                                      "/computeMetadata/",
		"/computeMetadata/v1":                                   "/computeMetadata/v1/",
		"/computeMetadata/v1?recursive=true":                    "/computeMetadata/v1/?recursive=true",
		"/computeMetadata/v1/instance":                          "/computeMetadata/v1/instance/",
		"/computeMetadata/v1/instance/service-accounts/default": "/computeMetadata/v1/instance/service-accounts/default/",
		"/computeMetadata/v1/%69nstance":                        "/computeMetadata/v1/instance/",
		"/computeMetadata/v1/instance?next=//rebound.example":   "/computeMetadata/v1/instance/?next=//rebound.example",
		"/computeMetadata/v1/instance?%0d%0aSet-Cookie:a=b":     "/computeMetadata/v1/instance/?%0d%0aSet-Cookie:a=b",
		"/computeMetadata/v1/instance?http://rebound.example/":  "/computeMetadata/v1/instance/?http://rebound.example/",
		"/computeMetadata/v1/instance?@rebound.example":         "/computeMetadata/v1/instance/?@rebound.example",
	} {
		for _, host := range []string{s.addr, "localhost:" + s.port} {
			answer := s.ask(t, http.MethodGet, target, "Host: "+host)
			require.Equal(t, http.StatusMovedPermanently, answer.status, target)
			location := answer.header.Get("Location")
			assert.Equal(t, "http://"+host+path, location)
			parsed, err := url.Parse(location)
			require.NoError(t, err)
			assert.Equal(t, host, parsed.Host)
			assert.Nil(t, parsed.User)
			assert.Empty(t, answer.header.Get("Set-Cookie"))
		}
		answer := s.ask(t, http.MethodGet, target, "Host: rebound.example")
		assert.Empty(t, answer.header.Get("Location"), target)
	}
}
