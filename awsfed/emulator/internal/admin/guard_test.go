package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

func TestPagesOfOtherSitesCannotUseTheAPI(t *testing.T) {
	world := newWorld("{}")
	server := start(t, admin.Options{World: world})
	host := strings.TrimPrefix(server.URL, "http://")
	port := host[strings.LastIndex(host, ":"):]
	const fault = `{"name": "sts-reset"}`
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
	}{
		"a name that DNS leads to loopback":    {"GET", "/faults", "", []string{"Host", "evil.example" + port}, 403},
		"the right host with another port":     {"GET", "/faults", "", []string{"Host", "127.0.0.1:1"}, 403},
		"the right host without a port":        {"GET", "/faults", "", []string{"Host", "127.0.0.1"}, 403},
		"another address of loopback":          {"GET", "/faults", "", []string{"Host", "127.0.0.2" + port}, 403},
		"localhost":                            {"GET", "/faults", "", []string{"Host", "localhost" + port}, 200},
		"the page's own origin":                {"POST", "/faults", fault, []string{"Origin", server.URL}, 201},
		"another origin":                       {"POST", "/faults", fault, []string{"Origin", "https://evil.example"}, 403},
		"a page of another port":               {"POST", "/faults", fault, []string{"Origin", "http://127.0.0.1:3000"}, 403},
		"the origin of a frame without one":    {"POST", "/faults", fault, []string{"Origin", "null"}, 403},
		"the own origin with https":            {"POST", "/faults", fault, []string{"Origin", "https://" + host}, 403},
		"another origin that reads":            {"GET", "/requests", "", []string{"Origin", "https://evil.example"}, 403},
		"another origin that asks for leave":   {"OPTIONS", "/faults", "", []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, 403},
		"an image on another site":             {"GET", "/requests", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "image"}, 403},
		"a script of another port":             {"GET", "/requests", "", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "script"}, 403},
		"a form on another site":               {"POST", "/faults", fault, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}, 403},
		"a link on another site to the page":   {"GET", "/", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}, 200},
		"a frame on another site":              {"GET", "/", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "iframe"}, 403},
		"the page's own script":                {"GET", "/", "", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "empty"}, 200},
		"a form of text":                       {"POST", "/faults", fault, []string{"Content-Type", "text/plain"}, 415},
		"a form":                               {"POST", "/faults", fault, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"a body of no type":                    {"POST", "/credentials/rotate", "", []string{"Content-Type", ""}, 415},
		"YAML where there is no document":      {"POST", "/faults", fault, []string{"Content-Type", "application/yaml"}, 415},
		"JSON with a charset":                  {"POST", "/faults", fault, []string{"Content-Type", "application/json; charset=utf-8"}, 201},
		"a proxy":                              {"GET", "/faults", "", []string{"X-Forwarded-For", "10.0.0.1"}, 403},
		"a proxy that says nothing":            {"GET", "/faults", "", []string{"X-Forwarded-For", ""}, 403},
		"a proxy that follows the newer rules": {"GET", "/faults", "", []string{"Forwarded", "for=10.0.0.1"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(world.Cloud().InjectedFaults())
			response, answer := call(t, c.method, server.URL+c.path, c.body, c.header...)
			assert.Equal(t, c.status, response.StatusCode, answer)
			for header := range response.Header {
				assert.NotContains(t, header, "Access-Control", "nobody else is let in")
			}
			if c.status >= 400 {
				assert.Contains(t, answer, `"error"`)
				assert.Len(t, world.Cloud().InjectedFaults(), before)
			}
		})
	}
}

func TestTokenIsDemanded(t *testing.T) {
	const token = "0123456789abcdef"
	url := start(t, admin.Options{World: newWorld("{}"), Token: token}).URL
	for name, c := range map[string]struct {
		path   string
		header []string
		status int
	}{
		"none":                            {"/faults", nil, 401},
		"the right one":                   {"/faults", []string{"Authorization", "Bearer " + token}, 200},
		"a wrong one":                     {"/faults", []string{"Authorization", "Bearer 0123456789abcdeF"}, 401},
		"an empty one":                    {"/faults", []string{"Authorization", "Bearer "}, 401},
		"one without Bearer":              {"/faults", []string{"Authorization", token}, 401},
		"a password, of the API":          {"/faults", []string{"Authorization", "Basic OjAxMjM0NTY3ODlhYmNkZWY="}, 401},
		"a password, of the page":         {"/", []string{"Authorization", "Basic OjAxMjM0NTY3ODlhYmNkZWY="}, 200},
		"a wrong password":                {"/", []string{"Authorization", "Basic OjAxMjM0NTY3ODlhYmNkZQ=="}, 401},
		"none, of the page":               {"/", nil, 401},
		"none, of the health":             {"/health", nil, 200},
		"in the URL, where it gets about": {"/faults?token=" + token, nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			response, answer := call(t, "GET", url+c.path, "", c.header...)
			assert.Equal(t, c.status, response.StatusCode, answer)
			assert.Equal(t, c.status == 401, response.Header.Get("WWW-Authenticate") != "")
			assert.NotContains(t, answer, token)
		})
	}
}

func TestAddressThatOthersReachTakesExposeAndAToken(t *testing.T) {
	for name, addr := range map[string]string{"all addresses": "0.0.0.0:0", "no host": ":0", "another machine": "192.0.2.1:0", "a name": "example.com:0"} {
		t.Run(name, func(t *testing.T) {
			_, err := admin.Start(admin.Options{Addr: addr, World: newWorld("{}")})
			require.ErrorContains(t, err, "-expose")
		})
	}
	_, err := admin.Start(admin.Options{Addr: "127.0.0.1:0", Token: "short", World: newWorld("{}")})
	require.ErrorContains(t, err, "16 bytes")

	first := start(t, admin.Options{Addr: "0.0.0.0:0", Expose: true, World: newWorld("{}")})
	second := start(t, admin.Options{Addr: "0.0.0.0:0", Expose: true, World: newWorld("{}")})
	assert.GreaterOrEqual(t, len(first.Token), 16)
	assert.NotEqual(t, first.Token, second.Token)
	response, _ := call(t, "GET", first.URL+"/faults", "")
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	response, _ = call(t, "GET", first.URL+"/faults", "", "Authorization", "Bearer "+first.Token, "Host", "emulator.test")
	assert.Equal(t, http.StatusOK, response.StatusCode, "it goes by every name of the machine")
	local := start(t, admin.Options{Addr: "localhost:0", World: newWorld("{}")})
	assert.Empty(t, local.Token)
}
