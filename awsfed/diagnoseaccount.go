package awsfed

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// An accountStep is a step of a diagnosis that is about the service account.
type accountStep struct {
	stage Stage
	do    func(ctx context.Context, s *Step, federated *oauth2.Token) error
}

// accountSteps are those that the configuration and the options ask for.
func (d *diagnosis) accountSteps() (steps []accountStep) {
	if d.ServiceAccount != "" {
		steps = append(steps, accountStep{StageImpersonation, d.impersonation})
	}
	if d.options.IDTokenAudience != "" {
		steps = append(steps, accountStep{StageIDToken, d.idToken})
	}
	if d.options.Signing {
		steps = append(steps, accountStep{StageSigning, d.signing})
	}
	if d.options.DelegatedSubject != "" {
		steps = append(steps, accountStep{StageDelegation, d.delegation})
	}
	return steps
}

func (d *diagnosis) impersonation(ctx context.Context, s *Step, federated *oauth2.Token) error {
	impersonator := newImpersonator(d.listeningSettings(), staticToken{federated})
	token, err := impersonator.TokenContext(ctx)
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, "a token of "+d.ServiceAccount+" for "+time.Until(token.Expiry).Round(time.Second).String())
	d.gained(s, token)
	return nil
}

func (d *diagnosis) idToken(ctx context.Context, s *Step, federated *oauth2.Token) error {
	if err := d.idTokenFault(d.options.IDTokenAudience); err != nil {
		return err
	}
	token, err := newIDTokens(d.listeningSettings(), staticToken{federated}, d.options.IDTokenAudience).TokenContext(ctx)
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, "an ID token of "+d.ServiceAccount+" for "+time.Until(token.Expiry).Round(time.Second).String(),
		"audience "+d.options.IDTokenAudience)
	return nil
}

// signing has a text signed that nobody can take for anything else.
func (d *diagnosis) signing(ctx context.Context, s *Step, federated *oauth2.Token) error {
	if err := d.needsEmail(); err != nil {
		return err
	}
	signer := newSigner(d.flow(federated))
	made, err := layer(ctx, d.Timeout, StageSigning, func(ctx context.Context) (signature, error) {
		return signer.sign(ctx, signBlob, "YXdzZmVkIERpYWdub3Nl") // "awsfed Diagnose"
	})
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, fmt.Sprintf("a signature of %s, by the key %s", d.ServiceAccount, made.keyID))
	if signer.unsupported.Load() {
		s.Findings = append(s.Findings, "Google takes no federated token for it: the account signs with a token of its own")
	}
	return nil
}

func (d *diagnosis) delegation(ctx context.Context, s *Step, federated *oauth2.Token) error {
	if err := d.delegationFault(d.options.DelegatedSubject); err != nil {
		return err
	}
	token, err := newDelegation(d.flow(federated), d.options.DelegatedSubject).TokenContext(ctx)
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, "a token of "+d.options.DelegatedSubject+" for "+time.Until(token.Expiry).Round(time.Second).String(),
		"scopes "+strings.Join(d.Scopes, " "))
	return nil
}

// flow is that of the one federated token of this diagnosis. It tells no hook and no log.
func (d *diagnosis) flow(federated *oauth2.Token) tokenFlow {
	quiet := slog.New(slog.DiscardHandler)
	source := newCachedTokenSource(staticToken{federated}, CacheOptions{Kind: FederatedToken, Logger: quiet}, newReporter(CacheOptions{Logger: quiet}))
	return tokenFlow{settings: d.listeningSettings(), reporter: newReporter(CacheOptions{Logger: quiet}), federated: source}
}

// gained notes what the final token is good for.
func (d *diagnosis) gained(s *Step, token *oauth2.Token) {
	d.report.Expiry = token.Expiry
	s.Findings = append(s.Findings, "scopes "+strings.Join(d.Scopes, " "))
}

// staticToken is one token as a source.
type staticToken struct{ token *oauth2.Token }

func (s staticToken) TokenContext(context.Context) (*oauth2.Token, error) { return s.token, nil }
