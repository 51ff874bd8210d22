package live_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/require"
)

const targetResource = "X-Goog-Cloud-Target-Resource"

// A request is the signed GetCallerIdentity that a subject token carries, with whatever a probe
// wants to be odd about it. What is empty is as it should be.
type request struct {
	method, host, region, body string
	age                        time.Duration     // how long ago it was signed; negative for the future
	signed                     map[string]string // further headers; an empty value takes one out
	change                     func(*subjectToken)
}

// A subjectToken is what STS gets, in JSON and then percent-encoded.
type subjectToken struct {
	URL     string   `json:"url"`
	Method  string   `json:"method"`
	Headers []header `json:"headers"`
	Body    string   `json:"body,omitempty"`
}

type header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// rename spells a header otherwise after it was signed.
func (s *subjectToken) rename(from, to string) {
	for i := range s.Headers {
		if s.Headers[i].Key == from {
			s.Headers[i].Key = to
		}
	}
}

// encode signs the request with keys and makes it a subject token for the target's provider.
func (q request) encode(t *testing.T, at target, keys aws.Credentials) string {
	t.Helper()
	cfg := at.Config()
	region := q.region
	if region == "" {
		region = cfg.Region
	}
	host := q.host
	if host == "" {
		host = "sts." + cfg.Region + ".amazonaws.com"
	}
	method := q.method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+host+"?Action=GetCallerIdentity&Version=2011-06-15", nil)
	require.NoError(t, err)
	r.Header.Set(targetResource, cfg.Audience)
	for name, value := range q.signed {
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	digest := sha256.Sum256([]byte(q.body))
	err = v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(digest[:]), "sts", region, time.Now().Add(-q.age))
	require.NoError(t, err)
	token := subjectToken{URL: r.URL.String(), Method: method, Headers: []header{{"host", host}}, Body: q.body}
	for name, values := range r.Header {
		token.Headers = append(token.Headers, header{name, strings.Join(values, ",")})
	}
	if q.change != nil {
		q.change(&token)
	}
	text, err := json.Marshal(token)
	require.NoError(t, err)
	return url.QueryEscape(string(text))
}
