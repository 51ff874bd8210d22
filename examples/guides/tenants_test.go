package guides_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/downscope"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The code of docs/multi-tenant.md. Its tests are in isolation_test.go.

// [file]
// configOf reads the file that a tenant has uploaded. Nil options allow nothing: the file can name
// Google's and AWS's own hosts, and no file, URL or metadata service.
func configOf(upload []byte) (awsfed.Config, []*awsfed.FieldError, error) {
	cfg, err := awsfed.ConfigFromJSON(upload, nil)
	return cfg, faultsOf(err), err
}

// faultsOf are the faults of a file, for the one who wrote it.
func faultsOf(err error) []*awsfed.FieldError {
	if fault, ok := err.(*awsfed.FieldError); ok {
		return []*awsfed.FieldError{fault}
	}
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return nil
	}
	var faults []*awsfed.FieldError
	for _, one := range joined.Unwrap() {
		faults = append(faults, faultsOf(one)...)
	}
	return faults
}

// [end]

// [session]
// asTenant gives cfg an AWS identity that no other tenant has: the role's, in a session that is
// called by the tenant's ID.
func asTenant(sdk aws.Config, role, tenant string, cfg awsfed.Config) awsfed.Config {
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(sdk), role,
		func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = tenant }))
	cfg.Region = sdk.Region
	return cfg
}

// memberOf is the member that the tenant grants roles to, for a provider with Google's default
// mapping. No other tenant can be it.
func memberOf(provider principal.Provider, account, role, tenant string) string {
	return provider.Subject(fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, role, tenant))
}

// [end]

// [accounts]
// Accounts are sources of many service accounts of one AWS identity, with one federated token.
type Accounts struct {
	cfg awsfed.Config

	mu      sync.Mutex
	sources map[string]*awsfed.TokenSource
}

func NewAccounts(ctx context.Context, cfg awsfed.Config) (*Accounts, error) {
	cfg.ServiceAccount = ""
	federated, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		return nil, err
	}
	cfg.Federated = federated
	return &Accounts{cfg: cfg, sources: make(map[string]*awsfed.TokenSource)}, nil
}

func (a *Accounts) Of(ctx context.Context, email string) (*awsfed.TokenSource, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ts, ok := a.sources[email]; ok {
		return ts, nil
	}
	cfg := a.cfg
	cfg.ServiceAccount = email
	ts, err := awsfed.NewTokenSource(ctx, cfg) // makes no request
	if err != nil {
		return nil, err
	}
	a.sources[email] = ts
	return ts, nil
}

// Forget drops the source of an account that has left. There is nothing to close.
func (a *Accounts) Forget(email string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sources, email)
}

// [end]

// [narrow]
// narrow gives tokens of ts that open one bucket, for reading, and nothing else.
func narrow(ctx context.Context, ts *awsfed.TokenSource, bucket string) (*awsfed.TokenSource, error) {
	source, err := downscope.NewTokenSource(ctx, downscope.DownscopingConfig{
		RootSource: ts,
		Rules: []downscope.AccessBoundaryRule{{
			AvailableResource:    "//storage.googleapis.com/projects/_/buckets/" + bucket,
			AvailablePermissions: []string{"inRole:roles/storage.objectViewer"},
		}},
	})
	if err != nil {
		return nil, err
	}
	return awsfed.NewCachedTokenSource(narrowed{source}, &awsfed.CacheOptions{Kind: "narrowed-token", Target: bucket})
}

// narrowed lets a cache of awsfed keep tokens that downscope, which has no cache, makes anew.
type narrowed struct{ oauth2.TokenSource }

func (n narrowed) TokenContext(context.Context) (*oauth2.Token, error) { return n.Token() }

// [end]

// [blame]
// blame says who has to act on a failure: the tenant, whose binding, condition or account it is, or
// the operator.
func blame(err error) string {
	failure, ok := errors.AsType[*awsfed.Error](err)
	switch {
	case !ok:
		return "operator"
	case failure.Transient:
		return "nobody: it is tried again"
	case failure.Stage == awsfed.StageExchange || failure.Stage == awsfed.StageImpersonation:
		return "tenant"
	}
	return "operator"
}

// [end]
