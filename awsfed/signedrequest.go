package awsfed

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

const (
	callerIdentityQuery    = "Action=GetCallerIdentity&Version=2011-06-15"
	regionPlaceholder      = "{region}"
	defaultVerificationURL = "https://sts." + regionPlaceholder + ".amazonaws.com?" + callerIdentityQuery

	targetResourceHeader = "X-Goog-Cloud-Target-Resource"
	emptyPayloadSHA256   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// A subjectTokenBuilder makes subject tokens out of AWS credentials: a GetCallerIdentity request of
// AWS STS, signed and not sent.
//
// The format is that of AIP-4117, "Determining the subject token in AWS".
type subjectTokenBuilder struct {
	audience        string
	verificationURL string // "" is the regional endpoint that the SDK knows
	chain           *awsChain
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

func newSignedRequests(ctx context.Context, s *settings) (*subjectTokenBuilder, error) {
	if ctx.Err() != nil {
		return nil, s.hints.explain((&Error{Stage: StageCredentials, Err: context.Cause(ctx)}).cleaned())
	}
	chain, err := loadAWSChain(ctx, s.Config)
	if err != nil {
		return nil, s.hints.explain(err)
	}
	return &subjectTokenBuilder{
		audience:        s.Audience,
		verificationURL: s.VerificationURL,
		chain:           chain,
		seed:            maphash.MakeSeed(),
		hints:           s.hints,
	}, nil
}

// SubjectToken signs a new request with the credentials of this moment.
func (b *subjectTokenBuilder) SubjectToken(ctx context.Context) (SubjectToken, error) {
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
