package awsfed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/internal/clock"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// DiagnoseOptions are the options of [Diagnose]. Nil and the zero value are good.
type DiagnoseOptions struct {
	// Mapping is the attribute mapping of the provider, which Google shows to nobody but its
	// administrators. Optional; the default is [principal.DefaultMapping].
	Mapping principal.Mapping
	// IDTokenAudience has a step get an ID token for that audience, as [NewIDTokenSource] does;
	// Signing has one sign a text that says so, as [Signer] does; and DelegatedSubject has one get
	// a token of that Workspace user, as [NewDelegatedTokenSource] does. Optional: without them
	// there are no such steps. They need a ServiceAccount.
	IDTokenAudience  string
	Signing          bool
	DelegatedSubject string
	// ConfigError is why there is no Config: what [ConfigFromFile] returned, for example. The
	// report then says so, with its faults, and there is nothing else to look at. Optional.
	ConfigError error
}

// Diagnose follows the token flow from AWS credentials to a Google token, step by step, and does
// not stop at the first fault that it can see past: the configuration, the AWS credentials and
// their origin, the identity that AWS STS itself reports, the clock, the attribute mapping and the
// principals to grant, the exchange, the impersonation, the network. Each failed step has a hint.
//
// It gets a federated token of its own, whatever Federated of cfg is, and sends requests to the
// hosts of the configuration alone: the AWS SDK's sources of credentials, the host of
// VerificationURL, TokenURL and IAMCredentialsEndpoint. The report holds no secret. The error is
// nil unless ctx ended before the diagnosis did; the report then has the steps until there.
func Diagnose(ctx context.Context, cfg Config, options *DiagnoseOptions) (*Report, error) {
	if options == nil {
		options = &DiagnoseOptions{}
	}
	d := &diagnosis{report: &Report{}, options: options, mapping: principal.DefaultMapping, assumption: "if the provider has Google's default mapping:"}
	if options.Mapping != nil {
		d.mapping, d.assumption = options.Mapping, "by the mapping that was given:"
	}
	s, err := resolve(cfg)
	if options.ConfigError != nil {
		err = options.ConfigError
	}
	if err != nil {
		d.settings = &settings{Config: Config{Timeout: defaultTimeout}, hints: &hints{}}
	} else {
		d.settings = s
	}
	d.run(ctx, err)
	return d.report, context.Cause(ctx)
}

// A diagnosis is one run of Diagnose.
type diagnosis struct {
	*settings // all but empty if the Config is not valid
	report    *Report
	options   *DiagnoseOptions
	subject   *SubjectTokenBuilder
	builder   *subjectTokenBuilder // of subject; nil for another kind of Subject
	chain     *awsChain            // that the subject tokens need; nil for none
	clock     clock.Clock

	mu      sync.Mutex
	answers []answered // whose Date tells of the clock

	mapping    principal.Mapping
	assumption string // of which mapping the findings are
}

func (d *diagnosis) run(ctx context.Context, fault error) {
	configuration := func(_ context.Context, s *Step) error { return d.configuration(s, fault) }
	if !d.step(ctx, StageConfiguration, configuration) {
		return // Without an audience there is nowhere to go.
	}
	if len(d.Subject.kinds()) > 0 {
		d.subjectToken(ctx)
	} else if d.step(ctx, StageCredentials, d.credentials) {
		d.step(ctx, StageIdentity, d.identity)
		if d.report.Identity.ARN != "" {
			d.step(ctx, StageMapping, d.attributes)
		} else {
			d.skip(ctx, StageMapping, "AWS did not say who the caller is")
		}
		d.google(ctx)
	} else {
		d.skipTo(ctx, "there are no AWS credentials", StageIdentity, StageMapping, StageExchange)
	}
	d.step(ctx, StageNetwork, d.network)
	d.step(ctx, StageClock, d.clocks)
}

// skipTo skips these stages and those about the service account.
func (d *diagnosis) skipTo(ctx context.Context, why string, stages ...Stage) {
	for _, step := range d.accountSteps() {
		stages = append(stages, step.stage)
	}
	for _, stage := range stages {
		d.skip(ctx, stage, why)
	}
}

// google takes the steps at Google.
func (d *diagnosis) google(ctx context.Context) {
	var federated *oauth2.Token
	exchanged := d.step(ctx, StageExchange, func(ctx context.Context, s *Step) error {
		var err error
		federated, err = d.exchange(ctx, s)
		return err
	})
	for _, step := range d.accountSteps() {
		if !exchanged {
			d.skip(ctx, step.stage, "there is no federated token")
			continue
		}
		d.step(ctx, step.stage, func(ctx context.Context, s *Step) error { return step.do(ctx, s, federated) })
	}
}

// step runs one step under its share of time, and notes it. It reports whether the flow goes on
// from there.
func (d *diagnosis) step(ctx context.Context, stage Stage, do func(context.Context, *Step) error) bool {
	if ctx.Err() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	s := Step{Stage: stage}
	start := time.Now()
	s.Err = do(ctx, &s)
	s.Duration = time.Since(start)
	if s.Err != nil {
		s.Err = d.hints.explain(s.Err)
		s.Verdict = VerdictFailed
		var e *Error
		if errors.As(s.Err, &e) {
			s.Findings = append(s.Findings, e.summary())
			s.Hint = e.Hint
		} else if field := new(FieldError); errors.As(s.Err, &field) && s.Hint == "" {
			s.Findings = append(s.Findings, faultLines(s.Err)...)
			s.Hint = fieldsHint
		}
	}
	d.report.Steps = append(d.report.Steps, s)
	return s.Err == nil
}

func (d *diagnosis) skip(ctx context.Context, stage Stage, why string) {
	if ctx.Err() != nil {
		return // It is the diagnosis that ended.
	}
	d.report.Steps = append(d.report.Steps, Step{Stage: stage, Verdict: VerdictSkipped, Findings: []string{why}})
}

func (d *diagnosis) configuration(s *Step, err error) error {
	if err != nil {
		s.Findings = faultLines(err)
		s.Hint = fieldsHint
		var field *FieldError
		if !errors.As(err, &field) {
			s.Hint = "the credential file cannot be read: look at its name and at who may read it"
		}
		return err
	}
	account := d.ServiceAccount
	if account == "" {
		account = "none (direct resource access)"
	}
	s.Findings = []string{
		"provider " + d.hints.providerName(),
		"service account " + account,
	}
	return nil
}

// fieldsHint is for faults that name their fields.
const fieldsHint = "correct these fields of the Config or of the credential file"

// faultLines are the faults that an error of the configuration has, one a line.
func faultLines(err error) []string {
	var texts []string
	for line := range strings.Lines(textOf(err)) {
		line = strings.Replace(strings.TrimSuffix(line, "\n"), "awsfed: ", "", 1)
		texts = append(texts, cleanText(line, maxCause, nil))
	}
	return texts
}

// warn adds a hint to those of a step that works.
func (s *Step) warn(hint string) {
	s.Verdict = VerdictWarned
	s.Hint = strings.TrimPrefix(s.Hint+"\n"+hint, "\n")
}

func (d *diagnosis) attributes(_ context.Context, s *Step) error {
	attributes, err := d.mapping(d.report.Identity)
	if err == nil {
		err = attributes.Validate()
	}
	s.Findings = append(s.Findings, d.assumption)
	s.Findings = append(s.Findings, fmt.Sprintf("google.subject is %s (%d of at most %d bytes)", attributes.Subject, len(attributes.Subject), principal.MaxSubject))
	for _, name := range slices.Sorted(maps.Keys(attributes.Custom)) {
		s.Findings = append(s.Findings, "attribute."+name+" is "+attributes.Custom[name])
	}
	if !strings.HasPrefix(d.report.Identity.ARN, "arn:aws:") {
		s.Findings = append(s.Findings, `the ARN is of another partition: a condition on "arn:aws:sts::…", as in Google's examples, is false of it`)
	}
	if err != nil {
		s.Hint = d.hints.longSubject()
		s.Findings = append(s.Findings, cleanText(err.Error(), maxCause, nil))
		return err
	}
	d.report.Members = attributes.Members(d.hints.provider)
	s.Findings = append(s.Findings, "grant roles to one of:")
	for _, member := range d.report.Members {
		s.Findings = append(s.Findings, "  "+member)
	}
	return nil
}

func (d *diagnosis) exchange(ctx context.Context, s *Step) (*oauth2.Token, error) {
	exchanger := newExchanger(d.listeningSettings(), d.subject, d.exchangeScopes(), &d.clock)
	token, err := exchanger.TokenContext(ctx)
	if err != nil {
		return nil, err
	}
	s.Findings = append(s.Findings, "a federated token for "+time.Until(token.Expiry).Round(time.Second).String())
	if d.ServiceAccount == "" {
		d.gained(s, token)
	}
	return token, nil
}

// listeningSettings are the settings with a client that notes the clocks of those who answer, and
// with hints that know what AWS said.
func (d *diagnosis) listeningSettings() *settings {
	s := *d.settings
	s.client = s.client.Listening(func(answer *call.Answer) { d.heard("Google", answer) })
	return &s
}
