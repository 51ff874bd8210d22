package metadataserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRequestsAreRefusedForTheirHeaderOrMethod(t *testing.T) {
	s := abuseServe(t, nil)
	const legacy = "X-Google-Metadata-Request: True"
	for _, test := range []struct {
		name, method string
		lines        []string
		reason       string
		status       int
	}{
		{"without Metadata-Flavor", "GET", []string{"Metadata-Flavor"}, "flavor", 403},
		{"with an empty one", "GET", []string{"Metadata-Flavor:"}, "flavor", 403},
		{"with another value", "GET", []string{"Metadata-Flavor: Amazon"}, "flavor", 403},
		{"with the value in lower case", "GET", []string{"Metadata-Flavor: google"}, "flavor", 403},
		{"with the value in upper case", "GET", []string{"Metadata-Flavor: GOOGLE"}, "flavor", 403},
		{"with a blank inside the value", "GET", []string{"Metadata-Flavor: Goo gle"}, "flavor", 403},
		{"with more behind the value", "GET", []string{"Metadata-Flavor: Google;"}, "flavor", 403},
		{"with the value twice in a line", "GET", []string{"Metadata-Flavor: Google, Google"}, "flavor", 403},
		{"with the line twice", "GET", []string{"Metadata-Flavor: Google", "Metadata-Flavor: Google"}, "flavor", 403},
		{"with a good line and a bad one", "GET", []string{"Metadata-Flavor: Google", "Metadata-Flavor: x"}, "flavor", 403},
		{"with the name underscored", "GET", []string{"Metadata-Flavor", "Metadata_Flavor: Google"}, "flavor", 403},
		{"with the header of 2013 alone", "GET", []string{"Metadata-Flavor", legacy}, "flavor", 403},

		{"with X-Forwarded-For", "GET", []string{"X-Forwarded-For: 127.0.0.1"}, "forwarded", 403},
		{"with an empty X-Forwarded-For", "GET", []string{"X-Forwarded-For:"}, "forwarded", 403},
		{"with X-Forwarded-For twice", "GET", []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 10.0.0.1"}, "forwarded", 403},
		{"with X-Forwarded-For in lower case", "GET", []string{"x-forwarded-for: 127.0.0.1"}, "forwarded", 403},
		{"with X-Forwarded-For and no Metadata-Flavor", "GET", []string{"X-Forwarded-For: ::1", "Metadata-Flavor"}, "forwarded", 403},

		{"as a preflight", "OPTIONS", []string{"Metadata-Flavor", "Origin: http://rebound.example",
			"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: metadata-flavor",
			"Access-Control-Request-Private-Network: true"}, "flavor", 403},
		{"as a preflight that has the header already", "OPTIONS", []string{"Origin: http://rebound.example",
			"Access-Control-Request-Method: GET", "Access-Control-Request-Headers: metadata-flavor"}, "method", 405},
		{"from a page, without a preflight", "GET", []string{"Metadata-Flavor", "Origin: http://rebound.example"}, "flavor", 403},
		{"as POST", "POST", []string{"Content-Length: 0"}, "method", 405},
		{"as PUT", "PUT", []string{"Content-Length: 0"}, "method", 405},
		{"as PATCH", "PATCH", []string{"Content-Length: 0"}, "method", 405},
		{"as DELETE", "DELETE", nil, "method", 405},
		{"as TRACE", "TRACE", nil, "method", 405},
		{"as get", "get", nil, "method", 405},
		{"as a method that is none", "TOKEN", nil, "method", 405},
		{"as a form of a page", "POST", []string{"Metadata-Flavor", "Content-Length: 0", "Origin: null",
			"Content-Type: application/x-www-form-urlencoded"}, "flavor", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused, unknown := s.refused(t, test.reason), s.unknown(t, test.status)
			answer := s.ask(t, test.method, abuseToken, test.lines...)
			abuseIsRefusal(t, test.status, answer)
			assert.Equal(t, refused+1, s.refused(t, test.reason))
			assert.Equal(t, unknown+1, s.unknown(t, test.status))
		})
	}
	s.stillServes(t)
}

// abuseIsRefusal also looks that no header tells a browser to let a page of another origin read it.
func abuseIsRefusal(t *testing.T, status int, answer abuseAnswer) {
	t.Helper()
	assert.Equal(t, status, answer.status, answer.body)
	assert.Equal(t, "Google", answer.header.Get("Metadata-Flavor"))
	assert.NotContains(t, answer.body, "access_token")
	for name := range answer.header {
		assert.False(t, strings.HasPrefix(name, "Access-Control-"), name)
	}
}

func TestBlanksAroundTheFlavorAreNoneOfItsValue(t *testing.T) {
	s := abuseServe(t, nil)
	answer := s.ask(t, http.MethodGet, abuseToken, "metadata-flavor: \t Google \t ")
	assert.Equal(t, http.StatusOK, answer.status)
}

func TestAnswersToAPageHaveNoHeaderThatLetsItReadThem(t *testing.T) {
	s := abuseServe(t, nil)
	answer := s.ask(t, http.MethodGet, abuseToken, "Origin: http://rebound.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors")
	for name := range answer.header {
		assert.False(t, strings.HasPrefix(name, "Access-Control-") || name == "Timing-Allow-Origin", name)
	}
}

// The targets that are no path.
func TestConnectAndOptionsOfAllAreRefused(t *testing.T) {
	s := abuseServe(t, nil)
	abuseIsRefusal(t, http.StatusForbidden, s.ask(t, http.MethodConnect, s.addr))
	abuseIsRefusal(t, http.StatusForbidden, s.ask(t, http.MethodConnect, "rebound.example:443"))
	assert.Equal(t, 2, s.refused(t, "host"))
	abuseIsRefusal(t, http.StatusMethodNotAllowed, s.ask(t, http.MethodConnect, abuseToken))
	abuseIsRefusal(t, http.StatusMethodNotAllowed, s.ask(t, http.MethodOptions, "*"))
	assert.Equal(t, 2, s.refused(t, "method"))
	abuseIsRefusal(t, http.StatusForbidden, s.ask(t, http.MethodOptions, "*", "Metadata-Flavor"))
	assert.Equal(t, 1, s.refused(t, "flavor"))
}

func TestAnUpgradeIsNotTaken(t *testing.T) {
	s := abuseServe(t, nil)
	for _, lines := range [][]string{
		{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="},
		{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"},
	} {
		assert.Equal(t, http.StatusOK, s.ask(t, http.MethodGet, abuseToken, lines...).status)
		abuseIsRefusal(t, http.StatusForbidden, s.ask(t, http.MethodGet, abuseToken, append(lines, "Metadata-Flavor")...))
	}
}
