package awsfed_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestExchangerTakesOnlyAWholeToken(t *testing.T) {
	for name, test := range map[string]struct {
		status   int
		old, new string // what is changed of a good answer
		life     time.Duration
		want     string // in the error
	}{
		"as Google sends it":               {200, "", "", 3599 * time.Second, ""},
		"expires_in as a string":           {200, "3599", `"3599"`, 3599 * time.Second, ""},
		"bearer in lower case":             {200, "Bearer", "bearer", 3599 * time.Second, ""},
		"expires_in missing":               {200, `,"expires_in":3599`, "", 0, "expires_in"},
		"expires_in null":                  {200, "3599", "null", 0, "expires_in"},
		"expires_in zero":                  {200, "3599", "0", 0, "expires_in"},
		"expires_in negative":              {200, "3599", "-1", 0, "expires_in"},
		"expires_in a word":                {200, "3599", `"soon"`, 0, "expires_in"},
		"expires_in not a number":          {200, "3599", `"NaN"`, 0, "expires_in"},
		"expires_in beyond 32 bits":        {200, "3599", "99999999999", 0, "expires_in"},
		"access_token empty":               {200, "ya29.d.x", "", 0, "access_token"},
		"another token_type":               {200, "Bearer", "MAC", 0, "token_type"},
		"another issued_token_type":        {200, "token-type:access_token", "token-type:id_token", 0, "issued_token_type"},
		"an array":                         {200, goodExchange, "[]", 0, "not the JSON of a token"},
		"nothing":                          {200, goodExchange, "", 0, "not the JSON of a token"},
		"null":                             {200, goodExchange, "null", 0, "not the JSON of a token"},
		"HTTP 201 is not the status of it": {201, "", "", 0, "201"},
		"HTTP 300 is no success":           {300, "", "", 0, "redirects are not followed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now().Round(0)
				token, err := exchangeOnce(t, answering(test.status, strings.Replace(goodExchange, test.old, test.new, 1)))
				if test.want == "" {
					require.NoError(t, err)
					assert.Equal(t, &oauth2.Token{AccessToken: "ya29.d.x", TokenType: "Bearer", Expiry: start.Add(test.life)}, token)
					return
				}
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Nil(t, token)
				assert.Equal(t, awsfed.StageExchange, e.Stage)
				assert.Regexp(t, test.want, e.Error())
				assert.NotContains(t, e.Error(), "ya29")
			})
		})
	}
}

func TestExchangerTakesASubjectTokenOfAnotherSource(t *testing.T) {
	var form string
	client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		form = string(body)
		assert.Empty(t, req.Header.Get("Authorization"), "STS's reference: it can cause the request to fail")
		return jsonAnswer(200, goodExchange), nil
	})}
	_, err := exchangeOnce(t, client)
	require.NoError(t, err)
	assert.Contains(t, form, "subject_token=a+JWT&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt")
}

func TestExchangerAsksForExactlyTheScopesThatItIsGiven(t *testing.T) {
	const readOnly = "https://www.googleapis.com/auth/devstorage.read_only"
	for name, test := range map[string]struct {
		scopes []string
		whole  bool // the token source and not the layer alone
		want   string
	}{
		"the default":               {nil, false, awsfed.CloudPlatformScope},
		"one":                       {[]string{readOnly}, false, readOnly},
		"two":                       {[]string{readOnly, "openid"}, false, readOnly + " openid"},
		"for an account, as it has": {[]string{readOnly}, true, awsfed.CloudPlatformScope},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cfg := cloud.Config()
			cfg.Scopes = test.scopes
			var asked []string
			base := cfg.HTTPClient.Transport
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				if req.URL.Path == "/v1/token" {
					body, err := req.GetBody()
					require.NoError(t, err)
					form := make([]byte, req.ContentLength)
					_, err = body.Read(form)
					require.NoError(t, err)
					values, err := url.ParseQuery(string(form))
					require.NoError(t, err)
					asked = append(asked, values.Get("scope"))
				}
				return base.RoundTrip(req)
			})}
			if test.whole {
				_, err := newSource(t, cloud, func(c *awsfed.Config) { *c = cfg; c.Logger = quiet }).Token()
				require.NoError(t, err)
			} else {
				_, err := newExchanger(t, cfg).TokenContext(t.Context())
				require.NoError(t, err)
			}
			assert.Equal(t, []string{test.want}, asked)
		})
	}
}

func TestExchangerGivesTheResultWithoutAServiceAccount(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	token, err := newSource(t, cloud, func(cfg *awsfed.Config) {
		cfg.ServiceAccount = ""
		cfg.Scopes = []string{"https://www.googleapis.com/auth/devstorage.read_only"}
	}).Token()
	require.NoError(t, err)
	access, err := cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Contains(t, access.Principal, "principal://")
	assert.Equal(t, []string{"https://www.googleapis.com/auth/devstorage.read_only"}, access.Scopes)
	assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
}

// The client and its secret go as Google's own library sends them: plain, where RFC 6749 §2.3.1
// has them escaped first.
func TestExchangerAuthenticatesTheClientAsGooglesLibraryDoes(t *testing.T) {
	for _, client := range [][2]string{{"client", "secret"}, {"a+b%2F&c=d", "e:f@g/%20h"}} {
		var headers []string
		var forms []string
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			headers, forms = append(headers, req.Header.Get("Authorization")), append(forms, string(body))
			return jsonAnswer(200, goodExchange), nil
		})
		path := writeFile(t, "token", testJWT)
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: transport})
		theirs, err := externalaccount.NewTokenSource(ctx, externalaccount.Config{Audience: testAudience, SubjectTokenType: jwtType,
			ClientID: client[0], ClientSecret: client[1], CredentialSource: &externalaccount.CredentialSource{File: path}})
		require.NoError(t, err)
		_, err = theirs.Token()
		require.NoError(t, err)
		_, err = newExchanger(t, awsfed.Config{Audience: testAudience, ClientID: client[0], ClientSecret: client[1],
			Subject: awsfed.Subject{File: path}, HTTPClient: &http.Client{Transport: transport}}).TokenContext(t.Context())
		require.NoError(t, err)
		require.Len(t, headers, 2)
		assert.Equal(t, headers[0], headers[1])
		assert.Contains(t, headers[1], "Basic ")
		assert.NotContains(t, forms[1], "client_")
	}
}

func TestExchangerNamesTheProjectThatPays(t *testing.T) {
	var form string
	client := &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		form = string(body)
		return jsonAnswer(200, goodExchange), nil
	})}
	exchanger, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, HTTPClient: client, UserProject: `example.com:a"b`}, fixedSubject{})
	require.NoError(t, err)
	_, err = exchanger.TokenContext(t.Context())
	require.NoError(t, err)
	values, err := url.ParseQuery(form)
	require.NoError(t, err)
	assert.JSONEq(t, `{"userProject":"example.com:a\"b"}`, values.Get("options"))
	assert.Equal(t, values.Encode(), form, "fields are in the order of the alphabet")

	_, err = exchangeOnce(t, client)
	require.NoError(t, err)
	assert.NotContains(t, form, "options")
}

func TestExchangerKeepsTheSecretOfItsClientOutOfErrors(t *testing.T) {
	basic := base64.StdEncoding.EncodeToString([]byte("client:" + plantedSecret))
	for name, answer := range map[string]roundTripper{
		"in a description": func(req *http.Request) (*http.Response, error) {
			return jsonAnswer(401, `{"error":"invalid_client","error_description":"`+plantedSecret+" "+req.Header.Get("Authorization")+`"}`), nil
		},
		"in the description of a success": func(req *http.Request) (*http.Response, error) {
			resp := jsonAnswer(200, "{}")
			resp.Header.Set("Content-Type", plantedSecret+"/"+strings.TrimPrefix(req.Header.Get("Authorization"), "Basic "))
			return resp, nil
		},
		"in an error of the network": func(req *http.Request) (*http.Response, error) {
			return nil, errors.New("dial: " + plantedSecret + " " + req.Header.Get("Authorization"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			exchanger, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, ClientID: "client", ClientSecret: plantedSecret,
				HTTPClient: &http.Client{Transport: answer}}, fixedSubject{})
			require.NoError(t, err)
			_, err = exchanger.TokenContext(t.Context())
			require.Error(t, err)
			assertFit(t, err)
			assertNoSecret(t, everyRendering(err), slices.Values([]string{plantedSecret, basic}))
		})
	}
}
