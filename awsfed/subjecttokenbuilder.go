package awsfed

import (
	"context"
	"fmt"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// A SubjectTokenBuilder makes the subject tokens of a [Subject]. Those of the zero Subject are made
// out of AWS credentials: a GetCallerIdentity request of AWS STS, signed and not sent. Google sends
// it, and so learns from AWS who signed. AWS accepts it for about 15 minutes, and for that long it
// is a secret. A SubjectTokenBuilder is safe for concurrent use.
type SubjectTokenBuilder struct {
	hidden secret.Box[subjectTokens]
}

// subjectTokens are those of one kind of [Subject].
type subjectTokens struct {
	audience string
	timeout  time.Duration
	source   SubjectTokenSource // AWS credentials, or other secrets, are within reach of it
}

// NewSubjectTokenBuilder needs Audience of cfg, and heeds Subject and Timeout; for a signed request
// Credentials, Region, VerificationURL, MetadataEndpoint and Logger too, and for a URL HTTPClient.
// ctx is for loading the AWS configuration, where one is needed, and is not kept.
func NewSubjectTokenBuilder(ctx context.Context, cfg Config) (*SubjectTokenBuilder, error) {
	s, err := resolve(cfg)
	if err != nil {
		return nil, err
	}
	return newSubjectTokenBuilder(ctx, s)
}

func newSubjectTokenBuilder(ctx context.Context, s *settings) (*SubjectTokenBuilder, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	source, err := newSubjectTokenSource(ctx, s)
	if err != nil {
		return nil, err
	}
	return &SubjectTokenBuilder{secret.New(subjectTokens{audience: s.Audience, timeout: s.Timeout, source: source})}, nil
}

// newSubjectTokenSource makes what the Subject of the configuration chooses.
func newSubjectTokenSource(ctx context.Context, s *settings) (SubjectTokenSource, error) {
	switch subject := s.Subject; {
	case subject.WebIdentity != nil:
		return newWebIdentity(ctx, s)
	case subject.File != "":
		return &fileToken{name: subject.File, field: subject.Field, typ: subject.Type}, nil
	case subject.URL != "":
		return newURLToken(s), nil
	case subject.Source != nil:
		return programsSource{subject.Source}, nil
	}
	return newSignedRequests(ctx, s)
}

// SubjectToken makes a new token. Its errors are of type [*Error].
func (b *SubjectTokenBuilder) SubjectToken(ctx context.Context) (SubjectToken, error) {
	inner := b.hidden.Reveal()
	if inner.source == nil {
		return SubjectToken{}, errNotMade
	}
	return layer(ctx, inner.timeout, StageSubjectToken, inner.source.SubjectToken)
}

// Format prints the audience for every verb, and nothing else.
func (b SubjectTokenBuilder) Format(state fmt.State, verb rune) {
	formatAs(state, verb, "awsfed.SubjectTokenBuilder("+b.hidden.Reveal().audience+")")
}

// A programsSource is code of the program's own.
type programsSource struct{ source SubjectTokenSource }

// SubjectToken is a step of its own, so that an event and a panic tell where it was.
func (p programsSource) SubjectToken(ctx context.Context) (SubjectToken, error) {
	step := AttemptOf(ctx).begin(StageSubjectToken)
	token, err := p.source.SubjectToken(ctx)
	switch {
	case err != nil:
		own := asError(StageSubjectToken, err).(*Error) // a copy
		if own.Hint == "" && own.Stage == StageSubjectToken {
			own.Hint = "Config.Subject.Source failed, the program's own source of subject tokens: look there"
		}
		err = own
	case token.Value() == "":
		err = &Error{Stage: StageSubjectToken, Code: codeInvalidAnswer, Description: fmt.Sprintf("the source %T gave no token", p.source),
			Hint: "this is a fault of Config.Subject.Source, the program's own source of subject tokens"}
	}
	step.end(err)
	return token, err
}

// tellRenewed tells the attempt if value is not the token that was refused in it.
func tellRenewed(ctx context.Context, value string) {
	a := AttemptOf(ctx)
	if refused := a.Refused(); refused != "" && refused != value {
		a.Renewed()
	}
}
