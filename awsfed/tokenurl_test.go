package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

const tokenURL = "https://tokens.example/token?audience=a"

// plantedHeaders are what a URL is asked with. Their values are secrets.
var plantedHeaders = map[string]string{"authorization": "Bearer " + plantedSecret, "X-Vault-Token": plantedPassword}

// urlConfig is a Config whose token is at tokenURL, which answers so.
func urlConfig(t *testing.T, field string, answer roundTripper) awsfed.Config {
	t.Helper()
	cfg := withoutAWS(t, awsfed.Subject{URL: tokenURL, Headers: plantedHeaders, Field: field})
	cfg.HTTPClient = &http.Client{Transport: answer}
	return cfg
}

func TestSubjectTokenOfAURLIsItsText(t *testing.T) {
	for name, test := range map[string]struct{ body, field string }{
		"alone":                 {testJWT, ""},
		"with blanks around it": {"\n " + testJWT + "\r\n", ""},
		"in a field":            {`{"value": "` + testJWT + `", "count": 1}`, "value"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			token, err := proof(t, urlConfig(t, test.field, func(req *http.Request) (*http.Response, error) {
				asked++
				assert.Equal(t, http.MethodGet, req.Method)
				assert.Equal(t, tokenURL, req.URL.String())
				assert.Nil(t, req.Body)
				assert.Equal(t, "Bearer "+plantedSecret, req.Header.Get("Authorization"))
				assert.Equal(t, plantedPassword, req.Header.Get("X-Vault-Token"))
				assert.Contains(t, req.Header.Get("User-Agent"), "awsfed-go/")
				return jsonAnswer(200, test.body), nil
			}))
			require.NoError(t, err)
			assert.Equal(t, testJWT, token.Value())
			assert.Equal(t, jwtType, token.Type())
			assert.Equal(t, 1, asked)
		})
	}
}

func TestSubjectTokenOfAURLSendsTheUserAgentOfTheProgram(t *testing.T) {
	cfg := urlConfig(t, "", func(req *http.Request) (*http.Response, error) {
		assert.Equal(t, []string{"mine"}, req.Header["User-Agent"])
		return jsonAnswer(200, testJWT), nil
	})
	cfg.Subject.Headers = map[string]string{"user-agent": "mine"}
	_, err := proof(t, cfg)
	assert.NoError(t, err)

	cfg.Subject.Headers = map[string]string{"X-A": "1", "x-a": "2"}
	_, err = awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	assert.Equal(t, []string{"Subject.Headers"}, faultyFields(err), "one name in two spellings")
}

func TestSubjectTokenOfAURLThatGivesNoneIsAnError(t *testing.T) {
	echoed := plantedSecret + " " + plantedPassword + " " + testJWT
	answer := func(status int, body string) *http.Response {
		resp := jsonAnswer(status, body)
		resp.Header.Set("Retry-After", "7")
		resp.Header.Set("X-Amzn-Requestid", plantedPassword)
		resp.Header.Set("Content-Type", "text/"+plantedPassword)
		return resp
	}
	for name, test := range map[string]struct {
		status      int
		body, field string
		code        string
		transient   bool
	}{
		"a refusal":                   {403, echoed, "", "SubjectURL", false},
		"nothing there":               {404, echoed, "", "SubjectURL", false},
		"a limit":                     {429, echoed, "", "SubjectURL", true},
		"a fault":                     {500, echoed, "", "SubjectURL", true},
		"a fault of a gateway":        {502, echoed, "", "SubjectURL", true},
		"a pause":                     {503, echoed, "", "SubjectURL", true},
		"a redirect":                  {302, echoed, "", "Redirect", false},
		"another redirect":            {307, echoed, "", "Redirect", false},
		"another success":             {201, testJWT, "", "SubjectURL", false},
		"no content":                  {204, "", "", "SubjectURL", false},
		"an empty success":            {200, " ", "", "InvalidAnswer", true},
		"a page":                      {200, "<html>" + echoed + "</html>", "", "InvalidAnswer", true},
		"no JSON":                     {200, echoed, "token", "InvalidAnswer", true},
		"another field":               {200, `{"other":"` + testJWT + `"}`, "token", "InvalidAnswer", true},
		"a field twice":               {200, `{"token":"` + testJWT + `","token":"x"}`, "token", "InvalidAnswer", true},
		"a token of 32 KiB and more":  {200, strings.Repeat("x", 32<<10+1), "", "InvalidAnswer", true},
		"an answer of 64 KiB or more": {200, testJWT + strings.Repeat(" ", 64<<10), "", "InvalidAnswer", true},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			_, err := proof(t, urlConfig(t, test.field, func(*http.Request) (*http.Response, error) {
				asked++
				resp := answer(test.status, test.body)
				resp.Header.Set("Location", "https://evil.example/")
				return resp, nil
			}))
			e := unproven(t, err, test.code, test.transient)
			assert.Equal(t, test.status, e.StatusCode)
			assert.Equal(t, 1, asked, "no redirect is followed")
			assertNoSecret(t, everyRendering(err), maps.Keys(map[string]bool{plantedSecret: true, plantedPassword: true, "Bearer " + plantedSecret: true}))
			if test.code == "SubjectURL" {
				assert.Equal(t, 7*time.Second, e.RetryAfter)
				assert.Equal(t, test.status/100 == 4 && !test.transient, errors.Is(err, awsfed.ErrMisconfigured))
			}
		})
	}
}

func TestSubjectTokenOfAURLThatCannotBeReachedIsAnError(t *testing.T) {
	_, err := proof(t, urlConfig(t, "", broken(fmt.Errorf("dial: %s %s", plantedSecret, plantedPassword))))
	e := unproven(t, err, "", true)
	assert.ErrorContains(t, e, `Get "`+tokenURL)
	assert.Contains(t, e.Hint, "tokens.example")
	assertNoSecret(t, everyRendering(err), maps.Keys(map[string]bool{plantedSecret: true, plantedPassword: true}))

	synctest.Test(t, func(t *testing.T) {
		cfg := urlConfig(t, "", hanging)
		cfg.Timeout = 3 * time.Second
		start := time.Now()
		_, err := proof(t, cfg)
		unproven(t, err, "", true)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		builder, err := awsfed.NewSubjectTokenBuilder(ctx, cfg)
		require.NoError(t, err)
		start = time.Now()
		_, err = builder.SubjectToken(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestSubjectTokenOfAURLThatIsRefusedIsTriedAgainIfThereIsAnother(t *testing.T) {
	for name, next := range map[string]string{"another": "another", "the one": testJWT} {
		t.Run(name, func(t *testing.T) {
			gets, posts := 0, 0
			cfg := urlConfig(t, "", func(req *http.Request) (*http.Response, error) {
				switch {
				case req.URL.Host != "tokens.example":
					if posts++; posts == 1 {
						return jsonAnswer(400, `{"error":"invalid_grant"}`), nil
					}
					return jsonAnswer(200, goodExchange), nil
				case gets == 0:
					gets++
					return jsonAnswer(200, testJWT), nil
				}
				gets++
				return jsonAnswer(200, next), nil
			})
			_, err := newExchanger(t, cfg).TokenContext(t.Context())
			assert.Equal(t, 2, gets)
			assert.Equal(t, next != testJWT, err == nil)
			assert.Equal(t, next != testJWT, posts == 2)
		})
	}
}

// A proxy that asked a metadata address for the program would read the token.
func TestSubjectTokenOfAMetadataAddressGoesByNoProxy(t *testing.T) {
	var proxied atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		proxied.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	through := before.(*http.Transport).Clone()
	through.Proxy = func(*http.Request) (*url.URL, error) { return must(url.Parse(proxy.URL)), nil }
	through.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "169.254.") || strings.HasPrefix(address, "[fd00:") {
			return nil, io.ErrUnexpectedEOF
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	http.DefaultTransport = through
	for raw, direct := range map[string]bool{"https://169.254.169.254/token": true, "https://[fd00:ec2::254]/token": true, "https://tokens.example/token": false} {
		cfg := withoutAWS(t, awsfed.Subject{URL: raw})
		cfg.HTTPClient = nil
		proxied.Store(0)
		_, err := proof(t, cfg)
		require.Error(t, err)
		assert.Equal(t, direct, proxied.Load() == 0, raw)
		assert.Equal(t, direct, errors.Is(err, io.ErrUnexpectedEOF), raw)
	}
}
