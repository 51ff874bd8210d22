package awsrole

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/oauth2"
)

const (
	// refreshBefore is how long before their end credentials are replaced, a fifth of it more or
	// less, so that the instances of a deployment do not ask in the same second for ever.
	refreshBefore = 5 * time.Minute
	// refreshTimeout bounds a refresh that callers wait for, and patience one while the old
	// credentials are still good. aws.CredentialsCache gives its provider a ctx without an end.
	refreshTimeout = 30 * time.Second
	patience       = 10 * time.Second
	// refreshPause is how long the old credentials are given out after a refresh that failed.
	refreshPause = 30 * time.Second
)

// NewCredentials makes credentials of the role that opts name. The AccessToken of source's tokens
// must be an ID token of Google's; a source that has TokenContext(ctx) is asked by it. The error
// names every fault, each an [*awsfed.FieldError].
//
// The cache asks for new credentials about 5 minutes before the old ones end, when somebody calls
// Retrieve. If that fails, it gives out the old ones as long as they last. Callers share a refresh
// and wait for it as long as their ctx lasts, 30 seconds at most. It is safe for concurrent use if
// source is.
func NewCredentials(source oauth2.TokenSource, opts Options) (*aws.CredentialsCache, error) {
	opts = opts.withDefaults()
	if err := opts.validate(source); err != nil {
		return nil, err
	}
	if opts.Client == nil {
		opts.Client = newClient(opts.Region)
	}
	return aws.NewCredentialsCache(&provider{source: source, options: opts}), nil
}

// provider gets new credentials whenever it is asked.
type provider struct {
	source  oauth2.TokenSource
	options Options

	mu  sync.Mutex
	end time.Time // of the newest credentials; zero before the first
}

var (
	_ aws.CredentialsProvider                       = (*provider)(nil)
	_ aws.HandleFailRefreshCredentialsCacheStrategy = (*provider)(nil)
	_ aws.CredentialProviderSource                  = (*provider)(nil)
)

// Retrieve implements [aws.CredentialsProvider]. The credentials end early, by refreshBefore, so
// that the cache replaces them in time.
func (p *provider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	timeout := refreshTimeout
	if time.Now().Before(p.lastEnd()) {
		timeout = patience
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	token, err := p.idToken(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	credentials, err := p.assume(ctx, token)
	if err != nil {
		return aws.Credentials{}, err
	}
	p.mu.Lock()
	p.end = credentials.Expires
	p.mu.Unlock()
	credentials.Expires = credentials.Expires.Add(-early(time.Until(credentials.Expires)))
	return credentials, nil
}

// early is how long before their end credentials of that life are replaced: half of it at most.
func early(life time.Duration) time.Duration {
	spread := refreshBefore / 5
	return max(min(refreshBefore-spread+rand.N(2*spread), life/2), 0)
}

func (p *provider) lastEnd() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end
}

// HandleFailToRefresh implements [aws.HandleFailRefreshCredentialsCacheStrategy]: the credentials
// that the cache has are given out until they end.
func (p *provider) HandleFailToRefresh(_ context.Context, old aws.Credentials, err error) (aws.Credentials, error) {
	end, now := p.lastEnd(), time.Now()
	if !old.HasKeys() || !now.Before(end) {
		return aws.Credentials{}, err
	}
	old.Expires = now.Add(min(refreshPause, end.Sub(now)))
	return old, nil
}

// ProviderSources implements [aws.CredentialProviderSource].
func (p *provider) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID}
}

// idToken gets a token from the source. An access token must not get to AWS, so it has to be a JWT.
func (p *provider) idToken(ctx context.Context) (idToken, error) {
	token, err := guarded(ctx, "the source of ID tokens", func() (*oauth2.Token, error) {
		if source, ok := p.source.(contextSource); ok {
			return source.TokenContext(ctx)
		}
		return p.source.Token()
	})
	switch {
	case err != nil:
		return idToken{}, sourceError(err)
	case token == nil || token.AccessToken == "":
		return idToken{}, sourceError(errors.New("the source gave no token"))
	}
	id, ok := parseIDToken(token.AccessToken)
	if !ok {
		return idToken{}, sourceError(errors.New("the source gave no ID token: its AccessToken is no JSON Web Token"))
	}
	return id, nil
}

// contextSource is a source that heeds a ctx.
type contextSource interface {
	TokenContext(ctx context.Context) (*oauth2.Token, error)
}

// assume asks AWS STS.
func (p *provider) assume(ctx context.Context, token idToken) (aws.Credentials, error) {
	input := &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &p.options.RoleARN, RoleSessionName: &p.options.SessionName, WebIdentityToken: aws.String(token.value.Reveal()),
	}
	if p.options.Duration != 0 {
		input.DurationSeconds = aws.Int32(int32(p.options.Duration / time.Second))
	}
	out, err := guarded(ctx, "Options.Client", func() (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return p.options.Client.AssumeRoleWithWebIdentity(ctx, input)
	})
	switch {
	case err != nil:
		return aws.Credentials{}, p.assumeError(err, token)
	case out == nil || out.Credentials == nil || out.Credentials.Expiration == nil:
		return aws.Credentials{}, p.assumeError(errNoCredentials, token)
	}
	role, _ := arn.Parse(p.options.RoleARN) // cannot fail: it has been validated
	credentials := aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		Source:          "awsrole",
		CanExpire:       true,
		Expires:         *out.Credentials.Expiration,
		AccountID:       role.AccountID,
	}
	if !credentials.HasKeys() || credentials.SessionToken == "" {
		return aws.Credentials{}, p.assumeError(errNoCredentials, token)
	}
	return credentials, nil
}

// guarded runs code that the package was given. A panic in it is an error without the panic's
// value, which may be a secret; code that ignores the end of ctx is left behind.
func guarded[T any](ctx context.Context, what string, run func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		result := outcome{err: errors.New(what + " panicked")}
		defer func() {
			_ = recover()
			done <- result
		}()
		value, err := run()
		result = outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		select {
		case o := <-done: // which knows more
			return o.value, o.err
		default:
		}
		var zero T
		return zero, context.Cause(ctx)
	}
}
