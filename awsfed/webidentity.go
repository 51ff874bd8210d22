package awsfed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// The codes of GetWebIdentityToken that have something to them (the reference of AWS STS).
const (
	codeOutboundDisabled = "OutboundWebIdentityFederationDisabledException"
	codeSessionTooShort  = "SessionDurationEscalationException"
)

// A webIdentity has AWS STS issue subject tokens.
type webIdentity struct {
	options *WebIdentityOptions // with their defaults
	chain   *awsChain           // nil with a Client of the program's own
	hints   *hints
}

func newWebIdentity(ctx context.Context, s *settings) (*webIdentity, error) {
	w := &webIdentity{options: s.Subject.WebIdentity, hints: s.hints}
	if w.options.Client != nil {
		return w, nil
	}
	var err error
	w.chain, err = loadAWSChain(ctx, s.Config)
	return w, s.hints.explain(err)
}

// SubjectToken asks AWS STS for a token.
func (w *webIdentity) SubjectToken(ctx context.Context) (SubjectToken, error) {
	client, options, life, err := w.client(ctx)
	if err != nil {
		return SubjectToken{}, w.hints.explain(err)
	}
	step := AttemptOf(ctx).begin(StageSubjectToken)
	value, err := w.ask(ctx, client, options, life)
	step.end(err)
	if err != nil {
		return SubjectToken{}, err
	}
	return NewSubjectToken(value, jwtType), nil
}

// client is who asks AWS STS, and for how long a token. For the default one credentials are had
// first: what their source says explains more than that a request could not be signed, and their
// session is known.
func (w *webIdentity) client(ctx context.Context) (client WebIdentityClient, options func(*sts.Options), life time.Duration, err error) {
	life = w.options.Lifetime
	if w.chain == nil {
		return w.options.Client, func(*sts.Options) {}, life, nil
	}
	step := AttemptOf(ctx).begin(StageCredentials)
	credentials, err := w.chain.Retrieve(ctx)
	step.end(err)
	if err != nil {
		return nil, nil, 0, err
	}
	if credentials.CanExpire {
		left := time.Until(credentials.Expires).Truncate(time.Second) - time.Second
		life = max(min(life, left), minWebIdentityLifetime)
	}
	step = AttemptOf(ctx).begin(StageRegion)
	region, err := w.chain.Region(ctx)
	step.end(err)
	return w.chain.sts, func(o *sts.Options) { o.Region = region }, life, err
}

// ask makes one request, or up to two more for less, where the AWS session ends before the token
// would: what is left of it is not always known.
func (w *webIdentity) ask(ctx context.Context, client WebIdentityClient, options func(*sts.Options), life time.Duration) (string, error) {
	out, err := w.request(ctx, client, options, life)
	for _, less := range []time.Duration{15 * time.Minute, minWebIdentityLifetime} {
		var api smithy.APIError
		if less < life && errors.As(err, &api) && api.ErrorCode() == codeSessionTooShort {
			out, err = w.request(ctx, client, options, less)
		}
	}
	if err != nil {
		return "", w.failed(err)
	}
	value := ""
	if out != nil {
		value = aws.ToString(out.WebIdentityToken)
	}
	token, err := tokenIn([]byte(value), "")
	if err != nil {
		return "", &Error{Stage: StageSubjectToken, Code: codeInvalidAnswer, Description: "the answer of AWS STS " + err.Error(), Transient: true,
			Hint: "it is not one of AWS STS; look at AWS_ENDPOINT_URL_STS, and for a proxy"}
	}
	return token, nil
}

func (w *webIdentity) request(ctx context.Context, client WebIdentityClient, options func(*sts.Options), life time.Duration) (*sts.GetWebIdentityTokenOutput, error) {
	return client.GetWebIdentityToken(ctx, &sts.GetWebIdentityTokenInput{
		Audience:         []string{w.options.Audience},
		SigningAlgorithm: aws.String(w.options.Algorithm),
		DurationSeconds:  aws.Int32(int32(life / time.Second)),
	}, options)
}

// failed is the error of AWS STS, or of the way there.
func (w *webIdentity) failed(err error) *Error {
	e := credentialsError(err, false)
	e.Stage = StageSubjectToken
	e.cleaned(chainSecrets()...)
	e.Hint = cleanHint(w.hint(e), nil)
	return e
}

func (w *webIdentity) hint(e *Error) string {
	const own = "Unlike a signed GetCallerIdentity request this one is sent from here, to the regional endpoint of AWS STS"
	switch {
	case errors.Is(e.Err, context.Canceled):
		return "the caller gave up: its ctx was cancelled before there was a token"
	case e.Code == codeOutboundDisabled:
		return lines("the AWS account does not issue tokens yet. Enable that, once for the account; the answer has its issuer:",
			command("aws", "iam", "enable-outbound-web-identity-federation"),
			"The provider at Google has to be an OpenID Connect one of that issuer. See whether it is:",
			pools("providers", "describe", w.hints.providerName(), "--format=value(oidc.issuerUri,oidc.allowedAudiences)"))
	case e.Code == "AccessDenied", e.Code == "AccessDeniedException":
		return lines(fmt.Sprintf("the AWS identity may not have a token: its policy has to allow sts:GetWebIdentityToken, and the conditions of that to hold for the audience %s (sts:IdentityTokenAudience), %.0f seconds (sts:DurationSeconds) and %s (sts:SigningAlgorithm). An endpoint policy of the VPC may forbid it too. See who it is:",
			inText(w.options.Audience), w.options.Lifetime.Seconds(), w.options.Algorithm),
			callerIdentityCommand())
	case e.Code == codeSessionTooShort:
		return "the AWS session ends within a minute, which is the shortest life of a token: its provider has to give new credentials sooner"
	case e.Code == codeRedirect:
		return "AWS STS does not redirect: something else answers in its place; look at AWS_ENDPOINT_URL_STS and at HTTPS_PROXY"
	case e.Code != "" && e.StatusCode != 0 && !e.Transient:
		return awsAnswerHint(e.Code, e.Description)
	case e.StatusCode != 0:
		return "AWS STS is failing or limits the caller; the request is tried again. If it lasts, look at https://health.aws.amazon.com"
	}
	return own + ": look at the route to it (NAT gateway, security group, HTTPS_PROXY, or an interface endpoint for com.amazonaws.REGION.sts), and at AWS_ENDPOINT_URL_STS"
}
