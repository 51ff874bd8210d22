package awsfed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// subjectToken takes the steps up to the exchange where the subject token is not a signed request,
// and those behind it.
func (d *diagnosis) subjectToken(ctx context.Context) {
	made := true
	if web := d.Subject.WebIdentity; web != nil && web.Client == nil {
		made = d.step(ctx, StageCredentials, d.credentials)
	}
	if !made {
		d.skip(ctx, StageSubjectToken, "there are no AWS credentials")
	} else {
		made = d.step(ctx, StageSubjectToken, d.claimsOfSubject)
	}
	if !made {
		d.skipTo(ctx, "there is no subject token", StageExchange)
		return
	}
	d.google(ctx)
}

// build makes what makes the subject tokens.
func (d *diagnosis) build(ctx context.Context) (err error) {
	if d.subject != nil {
		return nil
	}
	if d.subject, err = newSubjectTokenBuilder(ctx, d.settings); err != nil {
		return err
	}
	switch source := d.subject.hidden.Reveal().source.(type) {
	case *subjectTokenBuilder:
		d.builder, d.chain = source, source.chain
	case *webIdentity:
		d.chain = source.chain
	}
	return nil
}

// where is the choice in prose.
func (s Subject) where() string {
	switch {
	case s.WebIdentity != nil:
		return "AWS STS (GetWebIdentityToken) for the audience " + s.WebIdentity.Audience
	case s.File != "":
		return "the file " + shownFile(s.File)
	case s.URL != "":
		return "a URL of " + hostOf(s.URL)
	}
	return fmt.Sprintf("the program itself, by %T", s.Source)
}

// claimsOfSubject gets a token and tells what is in it, if that can be read. None of it is a secret
// without the signature.
func (d *diagnosis) claimsOfSubject(ctx context.Context, s *Step) error {
	if err := d.build(ctx); err != nil {
		return err
	}
	s.Findings = []string{"from " + d.Subject.where()}
	token, err := d.subject.SubjectToken(ctx)
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, fmt.Sprintf("a token of %d bytes and the type %s", len(token.Value()), cleanText(token.Type(), maxTokenType, nil)))
	c, err := parseClaims(token.Value())
	if err != nil {
		s.Findings = append(s.Findings, "it is not a JWT, so its claims are Google's to see")
		return nil
	}
	d.hints.oidc.see(c)
	secrets := []string{token.Value()}
	for _, finding := range [][2]string{{"issuer ", c.issuer}, {"subject ", c.subject}, {"audience ", strings.Join(c.audiences, ", ")}} {
		s.Findings = append(s.Findings, finding[0]+cleanText(finding[1], maxARN, secrets))
	}
	if c.subject != "" && shell.Printable(c.subject) && len(c.subject) <= principal.MaxSubject {
		d.report.Members = []string{d.hints.provider.Subject(c.subject)}
		s.Findings = append(s.Findings, "if the provider maps google.subject=assertion.sub, grant roles to:", "  "+d.report.Members[0])
	}
	switch left := time.Until(c.expires).Round(time.Second); {
	case c.expires.IsZero():
		s.Findings = append(s.Findings, "it does not say when it ends")
	case left > 0:
		s.Findings = append(s.Findings, "it ends in "+left.String())
	default:
		s.warn(fmt.Sprintf("the token ended %s ago by the clock of this machine, at %s, and %s still gives it: whoever writes it has stopped, or the clock is wrong", -left, c.expires.UTC().Format(time.RFC3339), d.Subject.where()))
	}
	return nil
}
