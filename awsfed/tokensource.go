package awsfed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// A TokenSource hands out a token and replaces it in time. It is an [oauth2.TokenSource], a
// [ContextTokenSource] and, without importing gRPC, gRPC's per-RPC credentials. It is safe for any
// number of goroutines and needs no closing. Its zero value gives errors.
//
// While its token is valid no caller waits and none fails. The token is replaced in the background
// at 40 to 50 percent of its life, or sooner with a Reserve, as long as a token that was handed out
// is alive: whoever holds one, a cache of Google's clients for example, will be back. A failed
// replacement is tried again until it succeeds.
//
// Without a valid token callers share one refresh, which tries again by itself for as long as the
// Timeout. Once one of its attempts has failed, no more than 1,000 callers wait for it; the others
// get the error at once. After a whole refresh has failed all of them do, while attempts go on in
// the background, with pauses of at most four seconds if the failure is transient and the service
// asks for no longer ones, as long as somebody asks.
type TokenSource struct {
	hidden       secret.Box[*refresher] // of nil in the zero value
	below        secret.Box[*refresher] // of the federated token, where a constructor of this package knows it; else of nil
	quotaProject string
}

// CacheOptions are the options of [NewCachedTokenSource]. Nil and the zero value are good.
type CacheOptions struct {
	// Kind, Provider, ServiceAccount and Target say in events and log lines what the source gives.
	// Optional; the default of Kind is "token".
	Kind           TokenKind
	Provider       string
	ServiceAccount string
	Target         string
	// Timeout, Reserve, QuotaProject, Logger, OnRefresh and LinkOf are as in [Config].
	Timeout      time.Duration
	Reserve      time.Duration
	QuotaProject string
	Logger       *slog.Logger
	OnRefresh    func(RefreshEvent)
	LinkOf       func(ctx context.Context) any
}

// NewTokenSource connects the whole token flow: a [SubjectTokenBuilder], a cached [Exchanger] and,
// if cfg names a service account, a cached [Impersonator]. ctx is for loading the AWS configuration
// and is not kept; no token is fetched yet. All faults of cfg are reported at once, each as a
// [*FieldError].
func NewTokenSource(ctx context.Context, cfg Config) (*TokenSource, error) {
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	flow, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	if s.ServiceAccount == "" {
		return flow.federated, nil
	}
	return flow.cached(newImpersonator(s, flow.federated), ServiceAccountToken, ""), nil
}

// A tokenFlow is a source of federated tokens and what is shared by those who use it.
type tokenFlow struct {
	settings  *settings
	reporter  *reporter
	federated *TokenSource
}

// connect makes the source of federated tokens, unless the configuration has one.
func connect(ctx context.Context, s *settings) (tokenFlow, error) {
	flow := tokenFlow{settings: s, federated: s.Federated,
		reporter: newReporter(CacheOptions{Provider: s.providerName(), Logger: s.Logger, OnRefresh: s.OnRefresh, LinkOf: s.LinkOf})}
	if flow.federated != nil {
		return flow, nil
	}
	builder, err := newSubjectTokenBuilder(ctx, s)
	if err != nil {
		return flow, err
	}
	exchanger := newExchanger(s, builder, s.exchangeScopes(), &clock.Clock{})
	options := CacheOptions{Kind: FederatedToken, Timeout: s.Timeout, Reserve: s.Reserve, QuotaProject: s.QuotaProject}
	flow.federated = newCachedTokenSource(exchanger, options, flow.reporter)
	return flow, nil
}

// cached is a source of what the service account gives.
func (flow tokenFlow) cached(source ContextTokenSource, kind TokenKind, target string) *TokenSource {
	s := flow.settings
	options := CacheOptions{Kind: kind, ServiceAccount: s.ServiceAccount, Target: target, Timeout: s.Timeout, Reserve: s.Reserve, QuotaProject: s.QuotaProject}
	ts := newCachedTokenSource(source, options, flow.reporter)
	ts.below = flow.federated.hidden
	return ts
}

// NewCachedTokenSource makes a [TokenSource] of any source, so that one cached federated token can
// feed many [Impersonator]s. The tokens of source must have an Expiry.
func NewCachedTokenSource(source ContextTokenSource, options *CacheOptions) (*TokenSource, error) {
	if options == nil {
		options = &CacheOptions{}
	}
	var faults []error
	if source == nil {
		faults = append(faults, &FieldError{Field: "the source of tokens", Want: "an Exchanger, for example"})
	}
	if options.Timeout < 0 {
		faults = append(faults, &FieldError{Field: "Timeout", Found: options.Timeout.String(), Want: "a positive duration, or 0 for 30s"})
	}
	if options.Reserve < 0 {
		faults = append(faults, &FieldError{Field: "Reserve", Found: options.Reserve.String(), Want: "a positive duration, or 0 for half of a token's life"})
	}
	if fault := quotaProjectFault(options.QuotaProject); fault != nil {
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return newCachedTokenSource(source, *options, newReporter(*options)), nil
}

func newCachedTokenSource(source ContextTokenSource, options CacheOptions, reporter *reporter) *TokenSource {
	return &TokenSource{
		hidden: secret.New(&refresher{
			source:   source,
			kind:     cmp.Or(options.Kind, "token"),
			account:  options.ServiceAccount,
			target:   options.Target,
			timeout:  cmp.Or(options.Timeout, defaultTimeout),
			reserve:  options.Reserve,
			reporter: reporter,
		}),
		quotaProject: options.QuotaProject,
	}
}

// errNotMade is what the zero value gives.
var errNotMade = &FieldError{Field: "the constructor's work", Want: "a value that a constructor of this package made, and not the zero value"}

// Format prints the kind of the tokens for every verb, and nothing else.
func (ts TokenSource) Format(state fmt.State, verb rune) {
	kind := TokenKind("")
	if r := ts.refresher(); r != nil {
		kind = r.kind
	}
	formatAs(state, verb, "awsfed.TokenSource("+string(kind)+")")
}

// refresher is nil in a source that no constructor made.
func (ts *TokenSource) refresher() *refresher {
	if ts == nil {
		return nil
	}
	return ts.hidden.Reveal()
}

// Token is TokenContext with a ctx that ends after the Timeout of the configuration.
func (ts *TokenSource) Token() (*oauth2.Token, error) {
	r := ts.refresher()
	if r == nil {
		return nil, errNotMade
	}
	if token := r.take(); token != nil {
		return token, nil // without the price of a ctx
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	return r.wait(ctx)
}

// TokenContext gives a valid token that is the caller's own. It waits only while there is none, and
// no longer than ctx lasts; the refresh that it waited for then goes on for the others. Nothing of
// ctx reaches the refresh. Errors are of type [*Error], but for a nil ctx and the zero TokenSource,
// which are a [*FieldError].
func (ts *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	r := ts.refresher()
	if r == nil {
		return nil, errNotMade
	}
	if token := r.take(); token != nil && (ctx == nil || AttemptOf(ctx).Refused() != token.AccessToken) {
		return token, nil
	}
	if ctx == nil {
		return nil, errNoContext
	}
	return r.wait(ctx)
}

// errNoContext is for a nil ctx.
var errNoContext = &FieldError{Field: "ctx", Want: "a context.Context that is not nil"}

// QuotaProject is that of the configuration; "" for none.
func (ts *TokenSource) QuotaProject() string {
	if ts == nil {
		return ""
	}
	return ts.quotaProject
}

// Invalidate drops a token that a server refused although it has not ended, so that the next call
// gets a new one. It does nothing if another token has taken its place already, and no more than
// once a minute.
func (ts *TokenSource) Invalidate(token *oauth2.Token) {
	if r := ts.refresher(); r != nil && token != nil {
		r.invalidate(token.AccessToken)
	}
}
