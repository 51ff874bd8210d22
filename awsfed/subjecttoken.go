package awsfed

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

const (
	// AWSSubjectTokenType is the type of the subject tokens that a [SubjectTokenBuilder] makes.
	AWSSubjectTokenType = "urn:ietf:params:aws:token-type:aws4_request"

	callerIdentityQuery    = "Action=GetCallerIdentity&Version=2011-06-15"
	regionPlaceholder      = "{region}"
	defaultVerificationURL = "https://sts." + regionPlaceholder + ".amazonaws.com?" + callerIdentityQuery

	targetResourceHeader = "X-Goog-Cloud-Target-Resource"
	emptyPayloadSHA256   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// A SubjectToken is what proves an identity to Google's STS (RFC 8693 §2.1). It prints as its type alone, since its
// value is a secret.
type SubjectToken struct {
	Value string `json:"-"`    // the secret itself, as it stands in the parameter subject_token
	Type  string `json:"type"` // a URN, such as AWSSubjectTokenType
}

// String is the type of the token and never its value.
func (t SubjectToken) String() string { return "SubjectToken(" + t.Type + ")" }

// GoString keeps %#v from printing the value.
func (t SubjectToken) GoString() string { return t.String() }

// LogValue keeps package slog from printing the value.
func (t SubjectToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// A SubjectTokenBuilder makes subject tokens out of AWS credentials: a GetCallerIdentity request of AWS STS, signed and
// not sent. Google sends it, and so learns from AWS who signed. AWS accepts it for about 15 minutes, and for that long
// it is a secret. It is safe for concurrent use.
//
// The format is that of AIP-4117, "Determining the subject token in AWS".
type SubjectTokenBuilder struct {
	audience        string
	verificationURL string // "" is the regional endpoint that the SDK knows
	chain           *awsChain
	signer          *v4.Signer
	time            *clock.Clock
	hints           hints

	mu     sync.Mutex
	signed fingerprint // of the credentials that signed the newest token
}

// A fingerprint tells AWS credentials from others without holding them.
type fingerprint [sha256.Size]byte

func fingerprintOf(credentials aws.Credentials) fingerprint {
	return sha256.Sum256([]byte(credentials.AccessKeyID + "\n" + credentials.SessionToken))
}

// NewSubjectTokenBuilder needs Audience of cfg, and heeds Credentials, Region, VerificationURL, MetadataEndpoint and
// Logger. ctx is for loading the AWS configuration and is not kept.
func NewSubjectTokenBuilder(ctx context.Context, cfg Config) (*SubjectTokenBuilder, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	hints := newHints(cfg)
	if ctx.Err() != nil {
		return nil, hints.explain(&Error{Stage: StageCredentials, Err: context.Cause(ctx)})
	}
	chain, err := loadAWSChain(ctx, cfg)
	if err != nil {
		return nil, hints.explain(err)
	}
	return &SubjectTokenBuilder{
		audience:        cfg.Audience,
		verificationURL: cfg.VerificationURL,
		chain:           chain,
		signer:          v4.NewSigner(),
		time:            &clock.Clock{},
		hints:           hints,
	}, nil
}

// SubjectToken signs a new request with the credentials of this moment. Its errors are of type [*Error].
func (b *SubjectTokenBuilder) SubjectToken(ctx context.Context) (SubjectToken, error) {
	req, err := b.sign(ctx)
	if err != nil {
		return SubjectToken{}, b.hints.explain(err)
	}
	value, err := serialize(req)
	if err != nil {
		return SubjectToken{}, &Error{Stage: StageSubjectToken, Err: err}
	}
	return SubjectToken{Value: value, Type: AWSSubjectTokenType}, nil
}

// sign makes the signed request.
func (b *SubjectTokenBuilder) sign(ctx context.Context) (*http.Request, error) {
	done := startHop(ctx, StageCredentials)
	credentials, err := b.chain.Retrieve(ctx)
	done(err)
	if err != nil {
		return nil, err
	}
	endpoint, region, err := b.endpoint(ctx)
	if err != nil {
		return nil, err
	}
	done = startHop(ctx, StageSubjectToken)
	req, err := b.request(ctx, credentials, endpoint, region)
	if err != nil {
		err = &Error{Stage: StageSubjectToken, Err: err}
	}
	done(err)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.signed = fingerprintOf(credentials)
	b.mu.Unlock()
	return req, nil
}

func (b *SubjectTokenBuilder) request(ctx context.Context, credentials aws.Credentials, endpoint, region string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, nil)
	if err != nil {
		return nil, err
	}
	// AWS hears the host without its default port, so it must not be signed either.
	req.URL.Host = strings.TrimSuffix(req.URL.Host, ":443")
	req.Host = req.URL.Host
	// Signed with the rest, this header binds the token to one provider: no other can use it.
	req.Header.Set(targetResourceHeader, b.audience)
	// The service is "sts" whatever the first label of the host is, sts-fips for one.
	return req, b.signer.SignHTTP(ctx, credentials, req, emptyPayloadSHA256, "sts", region, b.time.Now())
}

// endpoint is the URL that Google is to call, and the region that AWS will want in the signature.
func (b *SubjectTokenBuilder) endpoint(ctx context.Context) (endpoint, region string, err error) {
	if b.verificationURL != "" && !strings.Contains(b.verificationURL, regionPlaceholder) {
		if u, err := url.Parse(b.verificationURL); err == nil {
			if region, ok := hosts.AWSSTS(u.Hostname()); ok {
				return b.verificationURL, region, nil
			}
		}
	}
	done := startHop(ctx, StageRegion)
	region, err = b.chain.Region(ctx)
	done(err)
	if err != nil {
		return "", "", err
	}
	if b.verificationURL != "" {
		return strings.ReplaceAll(b.verificationURL, regionPlaceholder, region), region, nil
	}
	return regionalEndpoint(ctx, region)
}

// regionalEndpoint asks the AWS SDK, which knows the hosts of every partition, and that the pseudo-region aws-global
// signs for us-east-1.
func regionalEndpoint(ctx context.Context, region string) (endpoint, signingRegion string, err error) {
	resolved, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &region})
	if err != nil {
		return "", "", &Error{Stage: StageSubjectToken, Err: fmt.Errorf("the STS endpoint of region %s: %w", region, err)}
	}
	signingRegion = region
	if host, ok := hosts.AWSSTS(resolved.URI.Hostname()); ok {
		signingRegion = host
	}
	return resolved.URI.Scheme + "://" + resolved.URI.Host + "?" + callerIdentityQuery, signingRegion, nil
}

// renew drops AWS credentials that were refused. It reports whether others came in their place.
func (b *SubjectTokenBuilder) renew(ctx context.Context) bool {
	b.mu.Lock()
	signed := b.signed
	b.mu.Unlock()
	return b.chain.renew(ctx, signed)
}

// clock is shared with the layers that hear Google's clock.
func (b *SubjectTokenBuilder) clock() *clock.Clock { return b.time }

// serialize writes a signed request as Google reads it: JSON, then the escaping of a query. Field order, header names
// and the order of headers are those of Google's own Go libraries.
func serialize(req *http.Request) (string, error) {
	type header struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	token := struct {
		URL     string   `json:"url"`
		Method  string   `json:"method"`
		Headers []header `json:"headers"`
	}{URL: req.URL.String(), Method: req.Method, Headers: []header{{"Host", req.Host}}}
	for key := range req.Header {
		token.Headers = append(token.Headers, header{key, req.Header.Get(key)})
	}
	slices.SortFunc(token.Headers, func(a, b header) int { return strings.Compare(a.Key, b.Key) })
	text, err := json.Marshal(token)
	if err != nil {
		return "", err
	}
	return url.QueryEscape(string(text)), nil
}
