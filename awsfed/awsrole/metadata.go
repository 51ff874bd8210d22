package awsrole

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
)

const (
	metadataHost = "metadata.google.internal"
	identityPath = "/computeMetadata/v1/instance/service-accounts/default/identity"

	// flavorHeader is on every request and every answer, and keeps both from strangers: no browser
	// sends it, and no other server does.
	flavorHeader = "Metadata-Flavor"
	flavor       = "Google"

	metadataTimeout  = 3 * time.Second // of one request; the server is on this machine or next to it
	metadataAttempts = 4
	metadataPause    = 250 * time.Millisecond // before the second attempt; then twice as long each time
	maxMetadata      = 64 << 10               // bytes of an answer, and of its headers

	maxAudience = 1000 // bytes
)

// A MetadataTokenSource gets ID tokens of the service account that this machine, pod or function
// runs as from Google's metadata server. It is safe for concurrent use.
//
// It asks anew for each token and keeps none: the cache of [NewCredentials] asks once an hour. The
// metadata server may give out one token several times, so a new one is not always good for an
// hour.
type MetadataTokenSource struct {
	url    string
	client *http.Client
}

var _ oauth2.TokenSource = (*MetadataTokenSource)(nil)

// NewMetadataTokenSource makes a source of ID tokens for that audience. The server is
// metadata.google.internal, or the HOST or HOST:PORT that GCE_METADATA_HOST has at this moment; it
// is never asked through a proxy. The error is an [*awsfed.FieldError] for each fault.
func NewMetadataTokenSource(audience string) (*MetadataTokenSource, error) {
	host := cmp.Or(os.Getenv("GCE_METADATA_HOST"), metadataHost)
	u, err := url.Parse("http://" + host)
	var faults []error
	if err != nil || u.Host != host || u.Hostname() == "" {
		faults = append(faults, &awsfed.FieldError{Field: "GCE_METADATA_HOST", Found: host, Want: "HOST or HOST:PORT"})
	}
	if audience == "" || len(audience) > maxAudience || strings.ContainsFunc(audience, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		faults = append(faults, &awsfed.FieldError{
			Field: "awsrole.NewMetadataTokenSource.audience", Found: audience, Want: "what accounts.google.com:oaud of the trust policy has, 1,000 bytes at most and no blanks",
		})
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	query := url.Values{"audience": {audience}, "format": {"full"}}
	return &MetadataTokenSource{
		url: "http://" + host + identityPath + "?" + query.Encode(),
		client: &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxMetadata}, // and no Proxy
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       metadataTimeout,
		},
	}, nil
}

// Token is TokenContext without an end, so that it takes about 15 seconds at most.
func (s *MetadataTokenSource) Token() (*oauth2.Token, error) {
	return s.TokenContext(context.Background())
}

// TokenContext returns an ID token, as the AccessToken, with the end that it names. What may pass,
// time-outs, HTTP 429 and 5xx among it, is tried four times at most. The error is an
// [*awsfed.Error].
func (s *MetadataTokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	pause := metadataPause
	for attempt := 1; ; attempt++ {
		token, err := s.ask(ctx)
		if err == nil {
			return token, nil
		}
		if !err.Transient || attempt == metadataAttempts || ctx.Err() != nil {
			return nil, err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			err.Err = errors.Join(context.Cause(ctx), err.Err) // which says why there was another attempt
			return nil, err
		}
		pause *= 2
	}
}

// ask asks once.
func (s *MetadataTokenSource) ask(ctx context.Context) (*oauth2.Token, *awsfed.Error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, &awsfed.Error{Stage: StageIDToken, Err: err}
	}
	request.Header.Set(flavorHeader, flavor)
	response, err := s.client.Do(request)
	if err != nil {
		return nil, unanswered(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, metadataRefusal(response.StatusCode)
	}
	wrong := func(text string) *awsfed.Error {
		return &awsfed.Error{Stage: StageIDToken, StatusCode: response.StatusCode, Description: text}
	}
	if response.Header.Get(flavorHeader) != flavor {
		return nil, wrong("the answer is not of Google's metadata server: it has no header " + flavorHeader + ": " + flavor)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMetadata+1))
	if err != nil {
		return nil, unanswered(ctx, fmt.Errorf("reading the answer: %w", err))
	}
	if len(body) > maxMetadata {
		return nil, wrong("the answer is larger than 64 KiB")
	}
	token, ok := parseIDToken(strings.TrimSpace(string(body)))
	if !ok {
		return nil, wrong("the answer is no JSON Web Token")
	}
	return &oauth2.Token{AccessToken: token.value.Reveal(), TokenType: "Bearer", Expiry: token.expires}, nil
}

// unanswered is the error of a request without a whole answer.
func unanswered(ctx context.Context, err error) *awsfed.Error {
	e := &awsfed.Error{Stage: StageIDToken, Transient: ctx.Err() == nil, Err: err}
	var lookup *net.DNSError
	if errors.As(err, &lookup) && lookup.IsNotFound {
		e.Transient = false
		e.Hint = "nobody has the name of the metadata server: this is no machine of Google Cloud, or GCE_METADATA_HOST is wrong"
	}
	return e
}

// metadataRefusal is the error of an answer by its status alone: its body is a page for people.
func metadataRefusal(status int) *awsfed.Error {
	e := &awsfed.Error{Stage: StageIDToken, StatusCode: status}
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Transient = true
	case http.StatusNotFound:
		e.Hint = "the metadata server has no ID token: this machine, pod or function runs as no service account"
	}
	return e
}
