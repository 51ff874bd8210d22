package awsfed

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	// CloudPlatformScope is the scope that a [Config] without any asks for: whatever IAM allows.
	CloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform"
	// AWSSubjectTokenType is the type of the subject tokens that a [SubjectTokenBuilder] makes.
	AWSSubjectTokenType = "urn:ietf:params:aws:token-type:aws4_request"

	defaultUniverse = "googleapis.com"
	defaultTimeout  = 30 * time.Second
	defaultLifetime = time.Hour
	maxLifetime     = 12 * time.Hour
)

// Config says which AWS identity becomes which Google identity. The constructors copy it, so one
// value can serve many of them and be changed in between. The zero value lacks an Audience and is
// refused.
//
// A Config prints and encodes as String, and gob refuses it: its fields may hold secrets. Package
// fmt asks it for that neither in an unexported field of another struct, nor for %p or a stray %w,
// which go vet reports, and other packages may read its fields by reflection. There ClientSecret is
// printed and what Credentials, HTTPClient, Logger and Subject hold openly, such as the keys of a
// credentials.StaticCredentialsProvider; a func, such as an aws.CredentialsProviderFunc, shows
// nothing.
//
// # Code of your own
//
// Credentials, HTTPClient with its RoundTripper, Logger, OnRefresh, LinkOf, and a
// [SubjectTokenSource], [WebIdentityClient] or [ContextTokenSource] of your own are called by these
// rules:
//
//   - Concurrency: from any goroutine, and from many at once. One source makes one attempt at a
//     time, but a call that was abandoned may still run beside the next. OnRefresh and Logger are
//     told of refreshes one at a time and in order.
//   - Re-entrancy: under no lock, so every method of the source may be called. Code that is part of
//     an attempt and asks for the token of that same attempt waits for itself, until the attempt's
//     deadline.
//   - The ctx: that of the refresh. It carries an [Attempt] and nothing of any caller's ctx.
//   - Time: a call has to return when its ctx ends. One that does not is abandoned, and the next
//     attempt starts; while four such calls run, no further one is made, and [Status] tells.
//     OnRefresh and Logger may take their time: events wait in a queue of 64 each.
//   - Panics and runtime.Goexit become an [Error] with the code "Panic", which names the func and
//     not the value, and the next attempt goes on. In goroutines that such code starts itself, or
//     the AWS SDK and net/http start for it, nobody can recover them; an aws.CredentialsCache
//     panics again in one if several callers wait for it.
type Config struct {
	// Audience names the workload identity pool provider. Required.
	//
	//	//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
	Audience string

	// ServiceAccount is the email address or the unique ID of the service account to impersonate.
	// Optional: without one the result is the federated token itself, for direct resource access.
	ServiceAccount string

	// Delegates are the service accounts in between, when the federated identity may not
	// impersonate ServiceAccount but a chain of others that ends there. Each needs
	// roles/iam.serviceAccountTokenCreator on the next. Both the name of an account, as in
	// ServiceAccount, and projects/-/serviceAccounts/NAME will do. Optional, and an error without a
	// ServiceAccount.
	Delegates []string

	// Scopes limit the token. Optional; the default is [CloudPlatformScope].
	Scopes []string

	// Lifetime is that of service-account tokens, in whole seconds from 1s to 12h; without a
	// ServiceAccount there is none to set. Optional; the default is one hour, which is also the
	// most that Google grants unless the constraint
	// iam.allowServiceAccountCredentialLifetimeExtension lists the account; then it is 12 hours.
	Lifetime time.Duration

	// Credentials provide the AWS identity. Optional; the default is the whole default chain of the
	// AWS SDK: environment, shared files and profiles, SSO, processes, assumed roles, web identity,
	// ECS, EKS and EC2.
	Credentials aws.CredentialsProvider

	// Region is the AWS region whose STS vouches for the identity. Optional; the default is that of
	// the AWS SDK's chain, then of EC2 metadata, then us-east-1.
	Region string

	// Subject is what proves the identity to Google, where that is not a signed GetCallerIdentity
	// request of AWS STS. Optional; the zero value is that request.
	Subject Subject

	// Federated gives the federated tokens, so that sources of many accounts, audiences and users
	// share one: a [NewTokenSource] without a ServiceAccount. Optional; each constructor makes its
	// own otherwise. With it Credentials, Region, Subject and what else is of the exchange are not
	// used.
	Federated *TokenSource

	// TokenURL is the token endpoint of Google's STS. Optional; the default is
	// https://sts.googleapis.com/v1/token. A regional one is
	// https://sts.REGION.rep.googleapis.com/v1/token.
	TokenURL string

	// ClientID and ClientSecret authenticate the program to TokenURL, by HTTP Basic (RFC 6749
	// §2.3.1). Optional, and an error one without the other. Google's STS needs none for workload
	// identity federation, and its reference says that they can make the exchange fail.
	ClientID, ClientSecret string

	// UserProject is the project that pays for what the federated token is used for, by its ID or
	// number, of 32 characters at most (options.userProject in the reference of STS). Optional, for
	// direct resource access: the token carries it to every client, and the principal needs
	// serviceusage.services.use on it.
	UserProject string

	// IAMCredentialsEndpoint is the root of the IAM Credentials API. Optional; the default is
	// https://iamcredentials.googleapis.com.
	IAMCredentialsEndpoint string

	// OAuthTokenURL is the token endpoint of Google's OAuth 2.0 server, which [NewDelegatedTokenSource]
	// needs. Optional; the default is https://oauth2.googleapis.com/token.
	OAuthTokenURL string

	// VerificationURL is the GetCallerIdentity request that Google sends to AWS; {region} in it
	// stands for the region. Optional; the default is the regional endpoint of AWS STS in the
	// partition of the region. Google does not document which others (FIPS, dual-stack) it accepts.
	VerificationURL string

	// UniverseDomain is the Google Cloud universe, whose name the default endpoints take. Optional;
	// the default is googleapis.com.
	UniverseDomain string

	// MetadataEndpoint is the root of EC2's instance metadata service. Optional; the default is
	// that of the AWS SDK, which AWS_EC2_METADATA_SERVICE_ENDPOINT sets too. It is not used when
	// Credentials and Region are set.
	MetadataEndpoint string

	// QuotaProject is the project that pays for requests made with [Transport] or over gRPC, where
	// it should not be the project of the service account. Optional. Google's own clients take it
	// from credentials of package cloudauth; option.WithQuotaProject does for some of them, and not
	// for that of Cloud Storage.
	QuotaProject string

	// HTTPClient sends the requests to Google and to the URL of Subject. Optional; the default uses
	// [http.DefaultTransport], and no proxy for a metadata address. Redirects are refused whatever
	// it says. Requests of the AWS SDK (to EC2 metadata, to AWS STS) do not use it. The default
	// takes 64 KiB of response headers; a transport of your own has its own MaxResponseHeaderBytes.
	HTTPClient *http.Client

	// Timeout bounds one refresh with all of its steps and retries. Optional; the default is 30
	// seconds. The first attempt gets a third of it, so that one that hangs is not the last; after
	// one that hung the next gets all that is left.
	Timeout time.Duration

	// Reserve is how much of a token's life is at hand whatever happens: an outage of that length,
	// beginning at any moment, fails no call. Optional; the default is half of the life, and 90
	// percent of it is the most. It holds for the federated token below too, and makes the AWS
	// SDK's chain replace credentials that would end sooner, as far as their provider has others.
	// With tokens of one hour the default costs about 54 requests a day to each of STS and IAM
	// Credentials, and a Reserve of 50 minutes about 160.
	Reserve time.Duration

	// Logger tells states: a warning when refreshing starts to fail, with the hint, and up to four
	// more as less is left of the token; an error when callers begin to fail; an info when it is
	// over. A default that may surprise is a warning too, and every attempt is there at debug
	// level; never a secret. Optional; the default is [slog.Default].
	Logger *slog.Logger

	// OnRefresh is called after every attempt to refresh a token, for metrics: in order, one call
	// at a time, off the way of callers and refreshes. A hook that is slow has a queue of 64
	// events; later ones are dropped, and the next event tells how many. Optional.
	OnRefresh func(RefreshEvent)

	// LinkOf makes of the ctx of a caller who has to wait what ties the refresh to it, the span
	// context of a trace for example: the Link of the events. Nothing else of a caller's ctx gets
	// into a refresh. It is called before the caller waits, and for some whose refresh another has
	// started. Optional.
	LinkOf func(ctx context.Context) any
}

// String names the identities and leaves the rest out: Credentials may hold keys.
func (c Config) String() string {
	return fmt.Sprintf("awsfed.Config(%s as %s)", c.Audience, cmp.Or(c.ServiceAccount, "itself"))
}

// Format prints String for every verb.
func (c Config) Format(state fmt.State, verb rune) { formatAs(state, verb, c.String()) }

// LogValue is String, for package slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is String, for JSON, XML and other encoders.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
