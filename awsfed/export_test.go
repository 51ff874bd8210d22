package awsfed

import (
	"context"
	"time"

	"golang.org/x/oauth2"
)

// Suspend does to the source what a suspended machine does: the wall clock goes on by gap, and the
// monotonic one does not. No test can do that to the clock itself.
func (ts *TokenSource) Suspend(gap time.Duration) { ts.moveWallClock(gap) }

// SetBack does what setting the wall clock back by gap does.
func (ts *TokenSource) SetBack(gap time.Duration) { ts.moveWallClock(-gap) }

func (ts *TokenSource) moveWallClock(d time.Duration) {
	r := ts.refresher()
	r.mu.Lock()
	defer r.mu.Unlock()
	if held := r.held.Load(); held != nil {
		moved := newHeldToken(&held.token, held.fetched)
		moved.life = held.life
		moved.token.Expiry = held.token.Expiry.Add(-d)
		moved.ends -= int64(d)
		r.held.Store(moved)
	}
	r.used = r.used.Add(-d)
	if f := r.refresh; f != nil {
		f.resume = f.resume.Round(0).Add(-d)
		if f.trial != nil {
			f.trial.due = f.trial.due.Round(0).Add(-d)
		}
	}
}

// The rules of the schedule, for a table of their bounds.
var RefreshAfter = refreshAfter

func BackgroundPause(failed int, err *Error, remaining time.Duration) time.Duration {
	return backgroundPause(failed, newFailure("", err), remaining)
}

func RetryPause(failed int, err *Error) time.Duration { return retryPause(failed, newFailure("", err)) }

func FailingPause(failed int, err *Error) time.Duration {
	return failingPause(failed, newFailure("", err))
}

// RefusedAttempt is an attempt in which a server has refused token.
func RefusedAttempt(token string) *Attempt {
	a := &Attempt{}
	a.refuse(token)
	return a
}

// NearbySources are the URLs near this machine that the chain of cfg may ask. No test can let it
// ask them.
func NearbySources(ctx context.Context, cfg Config) ([]string, error) {
	chain, err := loadAWSChain(ctx, cfg.withDefaults())
	if err != nil {
		return nil, err
	}
	var urls []string
	for _, u := range chain.nearby {
		urls = append(urls, u.String())
	}
	return urls, nil
}

// EncodeForm writes a form of one field.
func EncodeForm(name, value string) string { return encodeForm(formField{name, value}) }

// AskIDToken, AskSignature and AskUserToken make one request each, without the retries of who keeps
// their results.
func AskIDToken(ctx context.Context, cfg Config, federated ContextTokenSource, audience string) (*oauth2.Token, error) {
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	return newIDTokens(s, federated, audience).TokenContext(ctx)
}

func AskSignature(ctx context.Context, cfg Config, federated ContextTokenSource, method, payload string) (keyID, jwt string, blob []byte, err error) {
	s, err := resolve(cfg)
	if err != nil {
		return "", "", nil, err
	}
	client := newAccountClient(s, federated)
	made, err := layer(ctx, s.Timeout, StageSigning, func(ctx context.Context) (signature, error) {
		return ask[signature](ctx, &client, signRequest{&client, method, payload})
	})
	return made.keyID, made.jwt, made.blob, err
}

func AskUserToken(ctx context.Context, cfg Config, assertion string) (*oauth2.Token, error) {
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	d := &delegation{client: s.client, url: s.OAuthTokenURL}
	return layer(ctx, s.Timeout, StageDelegation, func(ctx context.Context) (*oauth2.Token, error) {
		token, err := d.post(ctx, assertion)
		if err != nil {
			err = s.hints.explain(cleanError(err, jwtSecrets(assertion)...))
		}
		return token, err
	})
}
