package awsrole

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DefaultClient is the client of AWS STS where Options have none.
func DefaultClient(region string) *sts.Client { return newClient(region) }

// SetTransport has the source ask in another way.
func (s *MetadataTokenSource) SetTransport(transport http.RoundTripper) {
	s.client.Transport = transport
}

// Transport is the way in which the source asks.
func (s *MetadataTokenSource) Transport() http.RoundTripper { return s.client.Transport }

// Redact is text without the token and what is left of it.
func Redact(text, token string) string { return redact(text, token) }

// WithDefaults is what the options are with what is empty filled in.
func (o Options) WithDefaults() Options { return o.withDefaults() }
