package awsfed

import (
	"cmp"
	"strings"

	"github.com/awsfed/awsfed-go/internal/cel"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// An oidcCaller is who an OpenID Connect token says the caller is. But in Diagnose nobody has
// looked into the token, and then it is empty.
type oidcCaller struct{ subject string }

// String is the caller in prose.
func (o *oidcCaller) String() string {
	if o.subject == "" {
		return "this identity (awsfed.Diagnose tells the claims of its token)"
	}
	return "the subject " + inText(o.subject)
}

// known is the subject in a command, or a placeholder for one that is not known, or that no command
// can hold.
func (o *oidcCaller) known() string {
	if o.subject == "" || !shell.Printable(o.subject) {
		return "SUBJECT"
	}
	return o.subject
}

// updateProvider is the command of gcloud that changes a provider of this kind.
func (h *hints) updateProvider() string {
	if h.oidc != nil {
		return "update-oidc"
	}
	return "update-aws"
}

// oidcExchange is the hint for an answer of Google's STS to a token of an OpenID Connect issuer
// that is no federated token. What does not depend on the kind of the provider is explained before.
func (h *hints) oidcExchange(e *Error) string {
	text := e.Description
	describe := func(fields string) string {
		return pools("providers", "describe", h.providerName(), "--format=value("+fields+")")
	}
	switch {
	case e.Code == codeUnauthorizedClient:
		return lines("the attribute condition of the provider is not true of "+h.caller()+". See the condition:",
			describe("attributeCondition"),
			"If this caller is to be let in, join this clause to the condition with ||:",
			commandIndent+"assertion.sub=="+cel.Clause(h.oidc.known()),
			"Keep the rest of the condition: whoever sets one replaces the whole of it, and with this clause alone everybody else is locked out.")
	case strings.Contains(text, "google.subject exceeds"):
		return lines("the subject is longer than 127 bytes: map it to less. See the present mapping:",
			describe("attributeMapping"))
	case strings.Contains(text, "google.subject"), strings.Contains(text, "mapp"):
		return lines("the attribute mapping of the provider makes no subject of "+h.caller()+". See the mapping; a usual one is google.subject=assertion.sub:",
			describe("attributeMapping"))
	case strings.Contains(text, "issuer"):
		return lines("Google cannot verify tokens of the issuer: it has to be the provider's, letter by letter, and to have its keys where Google reaches them (/.well-known/openid-configuration), unless they were uploaded to the provider. See the provider's:",
			describe("oidc.issuerUri,oidc.jwksJson"))
	case strings.Contains(text, `"audience"`):
		return lines("the audience is not the full name of a provider as Google knows it. Config.Audience is "+h.provider.Audience()+"; the true one is //iam.googleapis.com/ and then:",
			pools("providers", "list", "--workload-identity-pool="+h.pool(), "--format=value(name)"))
	case e.Code == codeInvalidGrant, e.Code == "invalid_request":
		return lines("Google does not accept the token of "+h.caller()+": its issuer and its audience have to be those of the provider, and its time not over. A provider without allowed audiences wants https:"+h.provider.Audience()+". A provider of AWS takes no such token. See the provider's:",
			describe("oidc.issuerUri,oidc.allowedAudiences"))
	case e.Code == "invalid_scope":
		return "one of Config.Scopes is not a scope of Google's: see https://developers.google.com/identity/protocols/oauth2/scopes"
	}
	return h.anyAnswer(e)
}

// see takes in whose token it is.
func (o *oidcCaller) see(c claims) { o.subject = cmp.Or(c.subject, o.subject) }
