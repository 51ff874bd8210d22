package awsfed

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	// CloudPlatformScope is the scope that a [Config] without any asks for: whatever IAM allows.
	CloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform"

	defaultUniverse = "googleapis.com"
	defaultTimeout  = 30 * time.Second
	defaultLifetime = time.Hour
	maxLifetime     = 12 * time.Hour
)

// Config says which AWS identity becomes which Google identity. The constructors copy it, so one value can serve many
// of them and be changed in between. The zero value lacks an Audience and is refused.
type Config struct {
	// Audience names the workload identity pool provider. Required.
	//
	//	//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
	Audience string

	// ServiceAccount is the email address or the unique ID of the service account to impersonate. Optional: without
	// one the result is the federated token itself, for direct resource access.
	ServiceAccount string

	// Delegates are the service accounts in between, when the federated identity may not impersonate ServiceAccount
	// but a chain of others that ends there. Each needs roles/iam.serviceAccountTokenCreator on the next. Optional, and
	// an error without a ServiceAccount.
	Delegates []string

	// Scopes limit the token. Optional; the default is [CloudPlatformScope].
	Scopes []string

	// Lifetime is that of service-account tokens, in whole seconds from 1s to 12h; without a ServiceAccount there is
	// none to set. Optional; the default is one hour, which is also the most that Google grants unless the constraint iam.allowServiceAccountCredentialLifetimeExtension lists the
	// account; then it is 12 hours.
	Lifetime time.Duration

	// Credentials provide the AWS identity. Optional; the default is the whole default chain of the AWS SDK:
	// environment, shared files and profiles, SSO, processes, assumed roles, web identity, ECS, EKS and EC2. A provider
	// has to return when its ctx ends; around one that does not, put aws.NewCredentialsCache.
	Credentials aws.CredentialsProvider

	// Region is the AWS region whose STS vouches for the identity. Optional; the default is that of the AWS SDK's
	// chain, then of EC2 metadata, then us-east-1.
	Region string

	// TokenURL is the token endpoint of Google's STS. Optional; the default is https://sts.googleapis.com/v1/token. A
	// regional one is https://sts.REGION.rep.googleapis.com/v1/token.
	TokenURL string

	// IAMCredentialsEndpoint is the root of the IAM Credentials API. Optional; the default is
	// https://iamcredentials.googleapis.com.
	IAMCredentialsEndpoint string

	// VerificationURL is the GetCallerIdentity request that Google sends to AWS; {region} in it stands for the region.
	// Optional; the default is the regional endpoint of AWS STS in the partition of the region. Google does not
	// document which others (FIPS, dual-stack) it accepts.
	VerificationURL string

	// UniverseDomain is the Google Cloud universe, whose name the default endpoints take. Optional; the default is
	// googleapis.com.
	UniverseDomain string

	// MetadataEndpoint is the root of EC2's instance metadata service. Optional; the default is that of the AWS SDK,
	// which AWS_EC2_METADATA_SERVICE_ENDPOINT sets too. It is not used when Credentials and Region are set.
	MetadataEndpoint string

	// QuotaProject is the project that pays for requests made with [Transport] or over gRPC, where it should not be
	// the project of the service account. Optional. Google's own clients take theirs from option.WithQuotaProject.
	QuotaProject string

	// HTTPClient sends the requests to Google. Optional; the default uses [http.DefaultTransport]. Redirects are
	// refused whatever it says. Requests of the AWS SDK (to EC2 metadata, to AWS STS) do not use it.
	HTTPClient *http.Client

	// Timeout bounds one refresh with all of its steps and retries. Optional; the default is 30 seconds. The first
	// attempt gets a third of it, so that one that hangs is not the last; after one that hung the next gets all that is
	// left.
	Timeout time.Duration

	// Logger gets a warning when a refresh fails or a default may surprise, and every refresh at debug level; never a
	// secret. Optional; the default is [slog.Default].
	Logger *slog.Logger

	// OnRefresh is called after every attempt to refresh a token, for metrics. It runs on the refresh's own goroutine
	// before those who wait for the token get it, so it has to be quick, and must not ask for a token. Optional.
	OnRefresh func(RefreshEvent)
}

// String names the identities and leaves the rest out: Credentials may hold keys.
func (c Config) String() string {
	return fmt.Sprintf("Config(%s as %s)", c.Audience, cmp.Or(c.ServiceAccount, "itself"))
}

// GoString keeps %#v from printing keys.
func (c Config) GoString() string { return c.String() }

// LogValue keeps package slog from printing keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// validate reports every fault of the configuration at once.
func (c Config) validate() error {
	var errs []error
	for _, fault := range c.faults() {
		errs = append(errs, fault)
	}
	return errors.Join(errs...)
}

func (c Config) faults() []*FieldError {
	var faults []*FieldError
	fault := func(field, found, want string) {
		faults = append(faults, &FieldError{Field: field, Found: found, Want: want})
	}
	const audience = "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"
	if c.Audience == "" {
		fault("Audience", "", audience)
	} else if _, err := principal.ParseAudience(c.Audience); err != nil {
		fault("Audience", c.Audience, audience+" ("+reason(err)+")")
	}
	const account = "the email address or the unique ID of a service account"
	if c.ServiceAccount != "" && !serviceAccountName(c.ServiceAccount) {
		fault("ServiceAccount", c.ServiceAccount, account)
	}
	for _, delegate := range c.Delegates {
		if !serviceAccountName(delegate) {
			fault("Delegates", delegate, account)
		}
	}
	if len(c.Delegates) > 0 && c.ServiceAccount == "" {
		fault("Delegates", strings.Join(c.Delegates, ","), "none without a ServiceAccount")
	}
	for _, scope := range c.Scopes {
		if scope == "" || strings.ContainsAny(scope, " ,\t\r\n\"\\") {
			fault("Scopes", scope, "one scope an entry, such as "+CloudPlatformScope)
		}
	}
	switch {
	case c.Lifetime == 0:
	case c.Lifetime < time.Second || c.Lifetime > maxLifetime || c.Lifetime%time.Second != 0:
		fault("Lifetime", c.Lifetime.String(), "whole seconds, from 1s to 12h")
	case c.ServiceAccount == "":
		fault("Lifetime", c.Lifetime.String(), "none without a ServiceAccount: Google sets that of federated tokens")
	}
	if c.Timeout < 0 {
		fault("Timeout", c.Timeout.String(), "a positive duration, or 0 for 30s")
	}
	if c.Region != "" && !regionName(c.Region) {
		fault("Region", c.Region, "an AWS region, such as us-east-1")
	}
	if c.UniverseDomain != "" && !domainName.MatchString(c.UniverseDomain) {
		fault("UniverseDomain", c.UniverseDomain, "a domain, such as googleapis.com")
	}
	if c.QuotaProject != "" && strings.ContainsFunc(c.QuotaProject, notHeaderText) {
		fault("QuotaProject", c.QuotaProject, "a project's ID or number")
	}
	return append(faults, c.urlFaults()...)
}

func (c Config) urlFaults() []*FieldError {
	var faults []*FieldError
	for _, f := range []struct {
		field, value, want string
		allowed            func(*url.URL) bool
	}{
		{"TokenURL", c.TokenURL, "an https URL, such as https://sts.googleapis.com/v1/token",
			func(u *url.URL) bool { return secure(u) && u.RawQuery == "" }},
		{"IAMCredentialsEndpoint", c.IAMCredentialsEndpoint, "an https URL, such as https://iamcredentials.googleapis.com",
			func(u *url.URL) bool { return secure(u) && u.RawQuery == "" }},
		{"VerificationURL", c.VerificationURL,
			"an https URL with the query Action=GetCallerIdentity&Version=2011-06-15, such as " + defaultVerificationURL,
			callerIdentityURL},
		{"MetadataEndpoint", c.MetadataEndpoint, "an https URL without a path, or an http one of this machine or of EC2's metadata service",
			func(u *url.URL) bool {
				return u.RawQuery == "" && strings.Trim(u.Path, "/") == "" && (secure(u) || u.Scheme == "http" && hosts.EC2Metadata(u.Hostname()))
			}},
	} {
		if f.value == "" {
			continue
		}
		u, err := url.Parse(strings.ReplaceAll(f.value, regionPlaceholder, fallbackRegion))
		if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || !f.allowed(u) {
			faults = append(faults, &FieldError{Field: f.field, Found: withoutPassword(f.value), Want: f.want})
		}
	}
	return faults
}

// secure is the rule for hosts that a program sets itself: https, or http to this machine.
func secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && hosts.Loopback(u.Hostname())
}

func callerIdentityURL(u *url.URL) bool {
	query, err := url.ParseQuery(u.RawQuery)
	return err == nil && secure(u) && (u.Path == "" || u.Path == "/") &&
		slices.Equal(query["Action"], []string{"GetCallerIdentity"}) &&
		slices.Equal(query["Version"], []string{"2011-06-15"})
}

// withoutPassword keeps an error from printing what should never have been in a URL.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil && strings.Contains(s, "@") || err == nil && (u.User != nil || strings.Contains(u.Opaque, "@")) {
		return "a URL with a user or a password, which is not shown"
	}
	return s
}

var (
	domainName     = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	accountEmail   = regexp.MustCompile(`^[A-Za-z0-9._-]+@[a-z0-9.:-]+\.[a-z]+$`)
	accountID      = regexp.MustCompile(`^[0-9]{10,30}$`)
	specialRegions = regexp.MustCompile(`^aws(-[a-z]+)*-global$`)
)

// reason is an error without the value that it starts with.
func reason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return err.Error()
}

func serviceAccountName(s string) bool {
	return accountEmail.MatchString(s) || accountID.MatchString(s)
}

// regionName accepts the pseudo-regions that the AWS SDK knows too, "aws-global" for one.
func regionName(s string) bool { return hosts.Region(s) || specialRegions.MatchString(s) }

func notHeaderText(r rune) bool { return r <= ' ' || r > '~' }

// withDefaults is the configuration that the layers work with. It shares nothing with c that c's owner may change.
func (c Config) withDefaults() Config {
	universe := cmp.Or(c.UniverseDomain, defaultUniverse)
	c.Delegates = slices.Clone(c.Delegates)
	c.Scopes = slices.Clone(c.Scopes)
	if len(c.Scopes) == 0 {
		c.Scopes = []string{CloudPlatformScope}
	}
	c.Lifetime = cmp.Or(c.Lifetime, defaultLifetime)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.TokenURL = cmp.Or(c.TokenURL, defaultTokenURL(universe))
	c.IAMCredentialsEndpoint = strings.TrimRight(cmp.Or(c.IAMCredentialsEndpoint, defaultIAMCredentials(universe)), "/")
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func defaultTokenURL(universe string) string { return "https://sts." + universe + "/v1/token" }

func defaultIAMCredentials(universe string) string { return "https://iamcredentials." + universe }
