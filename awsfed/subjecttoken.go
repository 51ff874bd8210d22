package awsfed

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

const (
	callerIdentityQuery    = "Action=GetCallerIdentity&Version=2011-06-15"
	regionPlaceholder      = "{region}"
	defaultVerificationURL = "https://sts." + regionPlaceholder + ".amazonaws.com?" + callerIdentityQuery

	targetResourceHeader = "X-Goog-Cloud-Target-Resource"
	emptyPayloadSHA256   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// A SubjectToken is what proves an identity to Google's STS (RFC 8693 §2.1). It prints and encodes
// as its type alone, and gob refuses it, since its value is a secret. By == a token equals its
// copies; tokens that were made apart differ even if their values are the same. The zero value is
// no token.
type SubjectToken struct {
	value *secret.Box[string] // a pointer, so that tokens can be compared; nil in the zero value
	typ   string
}

// NewSubjectToken makes a subject token for a [SubjectTokenSource] of a program's own. The value is
// what stands in the parameter subject_token, and the type is a URN, such as [AWSSubjectTokenType].
func NewSubjectToken(value, typ string) SubjectToken {
	box := secret.New(value)
	return SubjectToken{value: &box, typ: typ}
}

// Value is the secret itself.
func (t SubjectToken) Value() string {
	if t.value == nil {
		return ""
	}
	return t.value.Reveal()
}

// Type is the URN.
func (t SubjectToken) Type() string { return t.typ }

// String is the type of the token and never its value.
func (t SubjectToken) String() string { return "awsfed.SubjectToken(" + t.typ + ")" }

// Format prints String for every verb.
func (t SubjectToken) Format(state fmt.State, verb rune) { formatAs(state, verb, t.String()) }

// LogValue is String, for package slog.
func (t SubjectToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText is String, for JSON, XML and other encoders.
func (t SubjectToken) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// A SubjectTokenBuilder makes subject tokens out of AWS credentials: a GetCallerIdentity request of
// AWS STS, signed and not sent. Google sends it, and so learns from AWS who signed. AWS accepts it
// for about 15 minutes, and for that long it is a secret. It is safe for concurrent use.
//
// The format is that of AIP-4117, "Determining the subject token in AWS".
type SubjectTokenBuilder struct {
	hidden secret.Box[*subjectTokenBuilder] // AWS credentials are within reach of it
}

type subjectTokenBuilder struct {
	audience        string
	verificationURL string // "" is the regional endpoint that the SDK knows
	chain           *awsChain
	timeout         time.Duration
	seed            maphash.Seed // of fingerprints
	hints           *hints

	mu     sync.Mutex
	signed signed
}

// signed is the newest token and the credentials that signed it.
type signed struct {
	token       fingerprint
	credentials fingerprint
}

// A fingerprint tells a secret from others without holding it, in this process.
type fingerprint uint64

// fingerprintOf hashes a secret of some parts.
func fingerprintOf(seed maphash.Seed, parts ...string) fingerprint {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, part := range parts {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	return fingerprint(h.Sum64())
}

// NewSubjectTokenBuilder needs Audience of cfg, and heeds Credentials, Region, VerificationURL,
// MetadataEndpoint, Timeout and Logger. ctx is for loading the AWS configuration and is not kept.
func NewSubjectTokenBuilder(ctx context.Context, cfg Config) (*SubjectTokenBuilder, error) {
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	return newSubjectTokenBuilder(ctx, s)
}

func newSubjectTokenBuilder(ctx context.Context, s *settings) (*SubjectTokenBuilder, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	if ctx.Err() != nil {
		return nil, s.hints.explain((&Error{Stage: StageCredentials, Err: context.Cause(ctx)}).cleaned())
	}
	chain, err := loadAWSChain(ctx, s.Config)
	if err != nil {
		return nil, s.hints.explain(err)
	}
	return &SubjectTokenBuilder{secret.New(&subjectTokenBuilder{
		audience:        s.Audience,
		verificationURL: s.VerificationURL,
		chain:           chain,
		timeout:         s.Timeout,
		seed:            maphash.MakeSeed(),
		hints:           s.hints,
	})}, nil
}

// SubjectToken signs a new request with the credentials of this moment. Its errors are of type
// [*Error].
func (b *SubjectTokenBuilder) SubjectToken(ctx context.Context) (SubjectToken, error) {
	inner := b.hidden.Reveal()
	if inner == nil {
		return SubjectToken{}, errNotMade
	}
	return layer(ctx, inner.timeout, StageSubjectToken, inner.token)
}

// Format prints the audience for every verb, and nothing else.
func (b SubjectTokenBuilder) Format(state fmt.State, verb rune) {
	text := ""
	if inner := b.hidden.Reveal(); inner != nil {
		text = inner.audience
	}
	formatAs(state, verb, "awsfed.SubjectTokenBuilder("+text+")")
}

func (b *subjectTokenBuilder) token(ctx context.Context) (SubjectToken, error) {
	b.renew(ctx)
	req, credentials, err := b.sign(ctx)
	if err != nil {
		return SubjectToken{}, b.hints.explain(err)
	}
	value, err := serialize(req)
	if err != nil {
		return SubjectToken{}, (&Error{Stage: StageSubjectToken, Err: err}).cleaned()
	}
	b.mu.Lock()
	b.signed = signed{token: fingerprintOf(b.seed, value), credentials: credentials}
	b.mu.Unlock()
	return NewSubjectToken(value, AWSSubjectTokenType), nil
}

// sign makes the signed request, and tells the credentials that signed it.
func (b *subjectTokenBuilder) sign(ctx context.Context) (*http.Request, fingerprint, error) {
	step := AttemptOf(ctx).begin(StageCredentials)
	credentials, err := b.chain.Retrieve(ctx)
	step.end(err)
	if err != nil {
		return nil, 0, err
	}
	endpoint, region, err := b.endpoint(ctx)
	if err != nil {
		return nil, 0, err
	}
	step = AttemptOf(ctx).begin(StageSubjectToken)
	req, err := b.request(ctx, credentials, endpoint, region)
	if err != nil {
		err = (&Error{Stage: StageSubjectToken, Err: err}).cleaned(credentials.SecretAccessKey, credentials.SessionToken)
	}
	step.end(err)
	return req, fingerprintOf(b.seed, credentials.AccessKeyID, credentials.SessionToken), err
}

func (b *subjectTokenBuilder) request(ctx context.Context, credentials aws.Credentials, endpoint, region string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, nil)
	if err != nil {
		return nil, err
	}
	// AWS hears the host without its default port, so it must not be signed either.
	req.URL.Host = strings.TrimSuffix(req.URL.Host, ":443")
	req.Host = req.URL.Host
	// Signed with the rest, this header binds the token to one provider: no other can use it.
	req.Header.Set(targetResourceHeader, b.audience)
	// A signer keeps derived keys for a day of many signatures. Here there is one in half an hour.
	// The service is "sts" whatever the first label of the host is, sts-fips for one.
	return req, v4.NewSigner().SignHTTP(ctx, credentials, req, emptyPayloadSHA256, "sts", region, AttemptOf(ctx).Now())
}

// endpoint is the URL that Google is to call, and the region that AWS will want in the signature.
func (b *subjectTokenBuilder) endpoint(ctx context.Context) (endpoint, region string, err error) {
	if b.verificationURL != "" && !strings.Contains(b.verificationURL, regionPlaceholder) {
		if u, err := url.Parse(b.verificationURL); err == nil {
			if region, ok := hosts.AWSSTS(u.Hostname()); ok {
				return b.verificationURL, region, nil
			}
		}
	}
	step := AttemptOf(ctx).begin(StageRegion)
	region, err = b.chain.Region(ctx)
	step.end(err)
	if err != nil {
		return "", "", err
	}
	if b.verificationURL != "" {
		return strings.ReplaceAll(b.verificationURL, regionPlaceholder, region), region, nil
	}
	return regionalEndpoint(ctx, region)
}

// regionalEndpoint asks the AWS SDK, which knows the hosts of every partition, and that the
// pseudo-region aws-global signs for us-east-1.
func regionalEndpoint(ctx context.Context, region string) (endpoint, signingRegion string, err error) {
	resolved, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &region})
	if err != nil {
		return "", "", (&Error{Stage: StageSubjectToken, Err: fmt.Errorf("the STS endpoint of region %s: %w", region, err)}).cleaned()
	}
	signingRegion = region
	if host, ok := hosts.AWSSTS(resolved.URI.Hostname()); ok {
		signingRegion = host
	}
	return resolved.URI.Scheme + "://" + resolved.URI.Host + "?" + callerIdentityQuery, signingRegion, nil
}

// renew drops the AWS credentials behind a token that was refused, and tells if others come in
// their place.
func (b *subjectTokenBuilder) renew(ctx context.Context) {
	a := AttemptOf(ctx)
	refused := a.Refused()
	if refused == "" {
		return
	}
	b.mu.Lock()
	signed := b.signed
	b.mu.Unlock()
	if fingerprintOf(b.seed, refused) != signed.token {
		return
	}
	credentials, ok := b.chain.renew(ctx)
	if ok && fingerprintOf(b.seed, credentials.AccessKeyID, credentials.SessionToken) != signed.credentials {
		a.Renewed()
	}
}

// serialize writes a signed request as Google reads it: JSON, then the escaping of a query. Field
// order, header names and the order of headers are those of Google's own Go libraries.
func serialize(req *http.Request) (string, error) {
	type header struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	token := struct {
		URL     string   `json:"url"`
		Method  string   `json:"method"`
		Headers []header `json:"headers"`
	}{URL: req.URL.String(), Method: req.Method, Headers: make([]header, 0, len(req.Header)+1)}
	token.Headers = append(token.Headers, header{"Host", req.Host})
	for key := range req.Header {
		token.Headers = append(token.Headers, header{key, req.Header.Get(key)})
	}
	slices.SortFunc(token.Headers, func(a, b header) int { return strings.Compare(a.Key, b.Key) })
	var text strings.Builder
	if err := json.NewEncoder(&text).Encode(token); err != nil {
		return "", err
	}
	return escape(strings.TrimSuffix(text.String(), "\n")), nil
}
