package main

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// google answers in the place of Google's STS and IAM Credentials, in the caller's goroutine and
// with tokens of a few bytes, at the cost of the answer alone. The headers are those of Google,
// made anew for each answer as a real transport does.
type google struct {
	exchanges atomic.Int64
	now       atomic.Pointer[instant]
}

// An instant is a second as answers tell it.
type instant struct {
	unix            int64
	date, inOneHour string
}

// The tokens of every answer.
const (
	federatedToken = "ya29.federated"
	accountToken   = "ya29.account"
)

// RoundTrip implements [http.RoundTripper].
func (g *google) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	now := g.instant()
	var body string
	if req.URL.Host == "sts.googleapis.com" {
		g.exchanges.Add(1)
		body = `{"access_token":"` + federatedToken + `","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",` +
			`"token_type":"Bearer","expires_in":3600}`
	} else {
		body = `{"accessToken":"` + accountToken + `","expireTime":"` + now.inOneHour + `"}`
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/2.0", ProtoMajor: 2,
		Header: http.Header{
			"Content-Type":           {"application/json; charset=UTF-8"},
			"Vary":                   {"Origin", "X-Origin", "Referer"},
			"Date":                   {now.date},
			"Server":                 {"scaffolding on HTTPServer2"},
			"Cache-Control":          {"private"},
			"X-Xss-Protection":       {"0"},
			"X-Frame-Options":        {"SAMEORIGIN"},
			"X-Content-Type-Options": {"nosniff"},
		},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}, nil
}

// instant is the present one. Its texts are made once a second.
func (g *google) instant() *instant {
	now := time.Now().UTC()
	known := g.now.Load()
	if known == nil || known.unix != now.Unix() {
		known = &instant{now.Unix(), now.Format(http.TimeFormat), now.Add(time.Hour).Format(time.RFC3339)}
		g.now.Store(known)
	}
	return known
}
