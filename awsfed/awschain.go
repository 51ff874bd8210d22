package awsfed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	fallbackRegion = "us-east-1"
	// regionTimeout bounds the question to EC2 metadata for the region. Off EC2 nobody answers, and us-east-1 does.
	regionTimeout = 3 * time.Second
)

// An awsChain finds AWS credentials and a region the way that the AWS SDK does.
type awsChain struct {
	credentials aws.CredentialsProvider
	metadata    *imds.Client
	logger      *slog.Logger

	mu      sync.Mutex
	region  string // "" until it is known
	warned  bool   // that there is no region
	yielded bool   // credentials, at least once
}

// loadAWSChain reads the environment and the shared files for what cfg leaves open. It asks no server.
func loadAWSChain(ctx context.Context, cfg Config) (*awsChain, error) {
	chain := &awsChain{credentials: cfg.Credentials, region: cfg.Region, logger: cfg.Logger}
	if chain.credentials != nil && chain.region != "" {
		return chain, nil
	}
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
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
		return nil, &Error{Stage: StageCredentials, Err: fmt.Errorf("loading the AWS configuration: %w", err)}
	}
	if chain.credentials == nil {
		chain.credentials = loaded.Credentials
	}
	chain.region = loaded.Region
	if chain.region != "" && !regionName(chain.region) {
		return nil, &Error{Stage: StageRegion, Err: &FieldError{Field: "the region of the AWS environment or profile",
			Found: chain.region, Want: "an AWS region, such as us-east-1"}}
	}
	chain.metadata = imds.NewFromConfig(loaded)
	return chain, nil
}

// Retrieve gives credentials that have keys, or an [*Error].
func (a *awsChain) Retrieve(ctx context.Context) (aws.Credentials, error) {
	credentials, err := a.credentials.Retrieve(ctx)
	a.mu.Lock()
	a.yielded = a.yielded || err == nil
	yielded := a.yielded
	a.mu.Unlock()
	switch {
	case err != nil:
		return aws.Credentials{}, credentialsError(err, yielded)
	case !credentials.HasKeys():
		return aws.Credentials{}, &Error{Stage: StageCredentials, Code: codeNoCredentials,
			Description: fmt.Sprintf("the provider %s returned no keys", providerName(credentials, a.credentials))}
	}
	return credentials, nil
}

// renew makes the provider forget the credentials that it holds, as far as it can. It reports whether that brought
// others than old.
func (a *awsChain) renew(ctx context.Context, old fingerprint) bool {
	cache, ok := a.credentials.(interface{ Invalidate() })
	if !ok {
		return false
	}
	cache.Invalidate()
	credentials, err := a.credentials.Retrieve(ctx)
	return err == nil && fingerprintOf(credentials) != old
}

// Region is the configured region, the one that EC2 metadata tells, or us-east-1. Only an answer is remembered, so that
// metadata which comes up late is heard.
func (a *awsChain) Region(ctx context.Context) (string, error) {
	a.mu.Lock()
	region := a.region
	a.mu.Unlock()
	if region != "" {
		return region, nil
	}
	asking, cancel := context.WithTimeout(ctx, regionTimeout)
	defer cancel()
	out, err := a.metadata.GetRegion(asking, &imds.GetRegionInput{})
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
	a.mu.Unlock()
	if !warned {
		a.logger.Warn("awsfed: no AWS region is configured and EC2 metadata tells none: us-east-1 signs",
			"cure", "set AWS_REGION or Config.Region; outside the partition aws that is a must")
	}
	return fallbackRegion, nil
}

// credentialsError is the error of a provider, without what may hold secrets: processcreds quotes the output of the
// process. A provider that has yielded credentials before is expected to do so again.
func credentialsError(err error, yielded bool) *Error {
	e := &Error{Stage: StageCredentials, Err: err}
	var (
		process *processcreds.ProviderError
		api     smithy.APIError
		answer  *smithyhttp.ResponseError
		named   interface{ ServiceRequestID() string }
		lookup  *smithy.OperationError
	)
	switch {
	case errors.As(err, &process):
		e.Err = nil
		e.Code = codeCredentialProcess
		e.Description = "the credential_process of the AWS profile failed or printed no credentials"
		return e
	case errors.As(err, &api):
		e.Code, e.Description = api.ErrorCode(), api.ErrorMessage()
	}
	if errors.As(err, &answer) {
		e.StatusCode = answer.HTTPStatusCode()
	}
	if errors.As(err, &named) {
		e.RequestID = named.ServiceRequestID()
	}
	// The SDK would not try again what ran out of time. Here there is the rest of the flight.
	e.Transient = transientStatus(e.StatusCode) || errors.Is(err, context.DeadlineExceeded) ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
	// EC2 metadata is the end of the chain. Where it knows no role, or has never answered, there is nothing to wait for.
	if errors.As(err, &lookup) && lookup.ServiceID == imds.ServiceID && !transientStatus(e.StatusCode) {
		e.Code = codeNoCredentials
		e.Transient = yielded && e.StatusCode == 0
	}
	return e
}

func providerName(credentials aws.Credentials, provider aws.CredentialsProvider) string {
	if credentials.Source != "" {
		return credentials.Source
	}
	return fmt.Sprintf("%T", provider)
}
