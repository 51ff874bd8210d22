package awsfed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
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
	// ConfigError is why there is no Config: what [ConfigFromFile] returned, for example. The
	// report then says so, with its faults, and there is nothing else to look at. Optional.
	ConfigError error
}

// Diagnose follows the token flow from AWS credentials to a Google token, step by step, and does
// not stop at the first fault that it can see past: the configuration, the AWS credentials and
// their origin, the identity that AWS STS itself reports, the clock, the attribute mapping and the
// principals to grant, the exchange, the impersonation, the network. Each failed step has a hint.
//
// It sends requests to the hosts of the configuration alone: the AWS SDK's sources of credentials,
// the host of VerificationURL, TokenURL and IAMCredentialsEndpoint. The report holds no secret. The
// error is nil unless ctx ended before the diagnosis did; the report then has the steps until
// there.
func Diagnose(ctx context.Context, cfg Config, options *DiagnoseOptions) (*Report, error) {
	d := &diagnosis{report: &Report{}, mapping: principal.DefaultMapping, assumption: "if the provider has Google's default mapping:"}
	if options != nil && options.Mapping != nil {
		d.mapping, d.assumption = options.Mapping, "by the mapping that was given:"
	}
	s, err := resolve(cfg)
	if options != nil && options.ConfigError != nil {
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
	subject   *SubjectTokenBuilder
	builder   *subjectTokenBuilder // of subject; nil for another kind of Subject
	clock     clock.Clock
	answers   []answered // whose Date tells of the clock

	mapping    principal.Mapping
	assumption string // of which mapping the findings are
}

func (d *diagnosis) run(ctx context.Context, fault error) {
	configuration := func(_ context.Context, s *Step) error { return d.configuration(s, fault) }
	if !d.step(ctx, StageConfiguration, configuration) {
		return // Without an audience there is nowhere to go.
	}
	if d.step(ctx, StageCredentials, d.credentials) {
		d.step(ctx, StageIdentity, d.identity)
		if d.report.Identity.ARN != "" {
			d.step(ctx, StageMapping, d.attributes)
		} else {
			d.skip(ctx, StageMapping, "AWS did not say who the caller is")
		}
		d.google(ctx)
	} else {
		for _, stage := range []Stage{StageIdentity, StageMapping, StageExchange, StageImpersonation} {
			d.skip(ctx, stage, "there are no AWS credentials")
		}
	}
	d.step(ctx, StageNetwork, d.network)
	d.step(ctx, StageClock, d.clocks)
}

// google takes the two steps at Google.
func (d *diagnosis) google(ctx context.Context) {
	var federated *oauth2.Token
	exchanged := d.step(ctx, StageExchange, func(ctx context.Context, s *Step) error {
		var err error
		federated, err = d.exchange(ctx, s)
		return err
	})
	switch {
	case d.ServiceAccount == "":
		return
	case !exchanged:
		d.skip(ctx, StageImpersonation, "there is no federated token")
	default:
		d.step(ctx, StageImpersonation, func(ctx context.Context, s *Step) error { return d.impersonation(ctx, s, federated) })
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
		s.Hint = "correct these fields of the Config or of the credential file"
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

// faultLines are the faults that an error of the configuration has, one a line.
func faultLines(err error) []string {
	var texts []string
	for line := range strings.Lines(textOf(err)) {
		line = strings.Replace(strings.TrimSuffix(line, "\n"), "awsfed: ", "", 1)
		texts = append(texts, cleanText(line, maxCause, nil))
	}
	return texts
}

func (d *diagnosis) credentials(ctx context.Context, s *Step) error {
	builder, err := newSubjectTokenBuilder(ctx, d.settings)
	if err != nil {
		return err
	}
	d.subject, d.builder = builder, builder.signedRequests()
	if d.builder == nil {
		s.Verdict = VerdictSkipped
		s.Findings = append(s.Findings, "Config.Subject needs no AWS credentials")
		return nil
	}
	credentials, err := d.builder.chain.Retrieve(ctx)
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, "access key "+cleanText(credentials.AccessKeyID, maxWord, []string{credentials.SecretAccessKey, credentials.SessionToken})+" from "+providerName(credentials, d.builder.chain.credentials))
	left := time.Until(credentials.Expires).Round(time.Second)
	switch {
	case !credentials.CanExpire:
		s.Findings = append(s.Findings, "their provider does not tell when they expire")
	case left > 0:
		s.Findings = append(s.Findings, "they expire in "+left.String())
	default:
		s.Findings = append(s.Findings, fmt.Sprintf("they expired %s ago, at %s", -left, credentials.Expires.UTC().Format(time.RFC3339)))
		s.warn("the AWS credentials have expired, and their provider still gives them out: put new ones where they come from, or log in again. awsfed asks the provider anew at each refresh")
	}
	if strings.HasPrefix(credentials.AccessKeyID, "ASIA") && credentials.SessionToken == "" {
		s.warn("the access key is of a session (ASIA…), and there is no session token: set AWS_SESSION_TOKEN too")
	}
	if inContainer() && strings.Contains(credentials.Source, "EC2Role") {
		s.warn(nodeRoleHint())
	}
	return nil
}

// warn adds a hint to those of a step that works.
func (s *Step) warn(hint string) {
	s.Verdict = VerdictWarned
	s.Hint = strings.TrimPrefix(s.Hint+"\n"+hint, "\n")
}

// nodeRoleHint is for a task or pod whose credentials are those of its EC2 instance: it names the
// variables that would have told the AWS SDK of a role of its own.
func nodeRoleHint() string {
	state := func(names ...string) string {
		states := make([]string, len(names))
		for i, name := range names {
			states[i] = name + " is set"
			if os.Getenv(name) == "" {
				states[i] = name + " is not set"
			}
		}
		return strings.Join(states, ", ")
	}
	if os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return lines("this is a container of ECS, and the credentials are those of its EC2 instance. With a taskRoleArn in the task definition it has a role of its own, of which ECS tells it by this variable:",
			state("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"))
	}
	return lines("this is a pod, and the credentials are those of its EC2 node. EKS tells a pod of a role of its own by these variables, which it sets when the pod is made:",
		"Pod Identity: "+state("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
		"IRSA: "+state("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
		"For Pod Identity, see whether the pod's service account has an association:",
		command("aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"),
		"For IRSA, see whether it has the annotation eks.amazonaws.com/role-arn:",
		command("kubectl", "get", "serviceaccount", "SERVICE_ACCOUNT", "--namespace", "NAMESPACE", "--output", "yaml"))
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

// listeningSettings are the settings with a client that notes the clocks of those who answer, and
// with hints that know what AWS said.
func (d *diagnosis) listeningSettings() *settings {
	s := *d.settings
	s.client = s.client.Listening(func(answer *call.Answer) { d.answers = append(d.answers, answered{"Google", answer}) })
	return &s
}

// gained notes what the final token is good for.
func (d *diagnosis) gained(s *Step, token *oauth2.Token) {
	d.report.Expiry = token.Expiry
	s.Findings = append(s.Findings, "scopes "+strings.Join(d.Scopes, " "))
}

// staticToken is one token as a source.
type staticToken struct{ token *oauth2.Token }

func (s staticToken) TokenContext(context.Context) (*oauth2.Token, error) { return s.token, nil }
