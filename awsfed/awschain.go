package awsfed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
)

const (
	fallbackRegion = "us-east-1"
	// regionTimeout bounds the question to EC2 metadata for the region. Off EC2 nobody answers, and
	// us-east-1 does.
	regionTimeout = 3 * time.Second
	// regionSilence is how long that nobody answered is remembered.
	regionSilence = 5 * time.Minute
)

// An awsChain finds AWS credentials and a region the way that the AWS SDK does.
type awsChain struct {
	credentials aws.CredentialsProvider
	metadata    *metadataClient
	nearby      []*url.URL // see nearbySources
	logger      *slog.Logger

	sources []aws.CredentialSource // that the SDK's chain took; nil for a provider of the program's own
	sts     *sts.Client            // for [WebIdentityOptions]; nil without them

	mu      sync.Mutex
	region  string    // "" until it is known
	warned  bool      // that there is no region
	silent  time.Time // until when EC2 metadata is not asked for the region
	yielded bool      // credentials, at least once
	failure *Error    // the source's latest since then, if it may pass
}

// loadAWSChain reads the environment and the shared files for what cfg leaves open. It asks no
// server.
func loadAWSChain(ctx context.Context, cfg Config) (*awsChain, error) {
	chain := &awsChain{credentials: cfg.Credentials, region: cfg.Region, logger: cfg.Logger}
	if chain.credentials != nil && chain.region != "" && cfg.Subject.WebIdentity == nil {
		return chain, nil
	}
	if err := chain.load(ctx, cfg); err != nil {
		return nil, err
	}
	return chain, nil
}

// load has the AWS SDK read what cfg leaves open.
func (chain *awsChain) load(ctx context.Context, cfg Config) error {
	chain.metadata = &metadataClient{}
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewClient()),
		config.WithAPIOptions([]func(*middleware.Stack) error{awshttp.BoundBodies, awshttp.GuardAnswers}),
		config.WithEC2RoleCredentialOptions(func(o *ec2rolecreds.Options) { o.Client = chain.metadata }),
		// The SDK does not give this provider the client of the configuration.
		config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = awshttp.NewEndpointClient() }),
	}
	if cfg.Reserve > 0 {
		options = append(options, config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = cfg.Reserve }))
	}
	if cfg.MetadataEndpoint != "" {
		options = append(options, config.WithEC2IMDSEndpoint(cfg.MetadataEndpoint))
	}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	if cfg.Credentials != nil {
		options = append(options, config.WithCredentialsProvider(cfg.Credentials))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return credentialsError(fmt.Errorf("loading the AWS configuration: %w", err), false).cleaned(chainSecrets()...)
	}
	if chain.credentials == nil {
		chain.credentials = loaded.Credentials
		if provider, ok := loaded.Credentials.(aws.CredentialProviderSource); ok {
			chain.sources = provider.ProviderSources()
		}
	}
	if cfg.Subject.WebIdentity != nil {
		chain.sts = sts.NewFromConfig(loaded)
	}
	chain.region = loaded.Region
	if chain.region != "" && !regionName(chain.region) {
		return (&Error{Stage: StageRegion, Err: &FieldError{Field: "the region of the AWS environment or profile",
			Found: chain.region, Want: "an AWS region, such as us-east-1"}}).cleaned()
	}
	chain.metadata.connect(loaded)
	chain.nearby = nearbySources(loaded, chain)
	return nil
}

// Retrieve gives credentials that have keys, or an [*Error].
func (a *awsChain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := a.credentials.Retrieve(ctx)
	switch {
	case err != nil:
		return aws.Credentials{}, a.failed(ctx, err)
	case !credentials.HasKeys():
		return aws.Credentials{}, (&Error{Stage: StageCredentials, Code: codeNoCredentials,
			Description: fmt.Sprintf("the provider %s returned no keys", providerName(credentials, a.credentials))}).cleaned()
	}
	a.mu.Lock()
	a.yielded, a.failure = true, nil
	a.mu.Unlock()
	return credentials, nil
}

// failed is the error of a question. One that ctx cut short tells less than what the source said to
// the one before.
func (a *awsChain) failed(ctx context.Context, err error) *Error {
	a.mu.Lock()
	yielded, earlier := a.yielded, a.failure
	a.mu.Unlock()
	e := credentialsError(err, yielded).cleaned(chainSecrets()...)
	e.sources = a.sources
	switch {
	case ctx.Err() != nil && e.Transient && earlier != nil:
		cut := e.Err
		e = earlier.clone()
		e.Err = newCause(errors.Join(cut, e.Err), nil)
	case ctx.Err() == nil:
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.failure = nil; e.Transient {
			a.failure = e
		}
	}
	return e
}

// renew makes the provider forget the credentials that it holds, as far as it can, and gives what
// it has then.
func (a *awsChain) renew(ctx context.Context) (aws.Credentials, bool) {
	cache, ok := a.credentials.(interface{ Invalidate() })
	if !ok {
		return aws.Credentials{}, false
	}
	cache.Invalidate()
	credentials, err := a.credentials.Retrieve(ctx)
	return credentials, err == nil
}

// Region is the configured region, the one that EC2 metadata tells, or us-east-1. An answer is
// remembered; that there was none for five minutes, where the credentials come from elsewhere, and
// only until metadata has answered anything. So metadata that comes up late is heard.
func (a *awsChain) Region(ctx context.Context) (string, error) {
	a.mu.Lock()
	region, silent := a.region, time.Now().Before(a.silent)
	a.mu.Unlock()
	if region != "" {
		return region, nil
	}
	if silent && !a.metadata.answered.Load() {
		return fallbackRegion, nil
	}
	asking, cancel := context.WithTimeout(ctx, regionTimeout)
	defer cancel()
	out, err := a.metadata.client.GetRegion(asking, &imds.GetRegionInput{})
	if ctx.Err() != nil {
		return "", &Error{Stage: StageRegion, Err: ctx.Err(), Transient: !errors.Is(ctx.Err(), context.Canceled)}
	}
	a.mu.Lock()
	if err == nil && regionName(out.Region) {
		a.region = out.Region
		a.mu.Unlock()
		return out.Region, nil
	}
	warned := a.warned
	a.warned = true
	if !slices.Contains(a.sources, aws.CredentialSourceIMDS) { // else the question for credentials tells first that it is back
		a.silent = time.Now().Add(regionSilence)
	}
	a.mu.Unlock()
	if !warned {
		a.logger.Warn("awsfed: no AWS region is configured and EC2 metadata tells none: us-east-1 signs",
			"hint", "set AWS_REGION or Config.Region; outside the partition aws that is a must")
	}
	return fallbackRegion, nil
}

func providerName(credentials aws.Credentials, provider aws.CredentialsProvider) string {
	if credentials.Source != "" {
		return cleanText(credentials.Source, maxWord, nil)
	}
	return fmt.Sprintf("%T", provider)
}
