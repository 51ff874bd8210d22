package awsfed

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/awsfed/awsfed-go/internal/cel"
)

// The roles that let an identity have something of a service account.
const (
	roleUser           = "roles/iam.workloadIdentityUser"
	roleTokenCreator   = "roles/iam.serviceAccountTokenCreator"
	roleIDTokenCreator = "roles/iam.serviceAccountOpenIdTokenCreator"
)

// iamCredentials is the hint for an answer of the IAM Credentials API that is no success.
func (h *hints) iamCredentials(e *Error) string {
	switch {
	case e.Reason == reasonServiceDisabled:
		return lines("the IAM Credentials API is off in the project of the service account. Switch it on, and wait a few minutes:",
			command("gcloud", "services", "enable", "iamcredentials.googleapis.com")+" "+projectOption(e.Metadata["consumer"]))
	case e.Reason == "SECURITY_POLICY_VIOLATED", strings.Contains(e.Description, "vpcServiceControlsUniqueIdentifier"):
		return lines("a VPC Service Controls perimeter forbids the call. Look the denial up by its identifier, and add an ingress rule with the identity type ANY_IDENTITY:",
			command("gcloud", "logging", "read", `protoPayload.metadata.@type="type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata" `+
				"protoPayload.metadata.vpcServiceControlsUniqueId="+cel.String(violation(e)))+" "+projectOption(e.Metadata["consumer"]))
	case e.StatusCode == http.StatusTooManyRequests, e.Transient:
		return h.anyAnswer(e)
	case e.Reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return "the federated token lacks the scope " + CloudPlatformScope + ", which the IAM Credentials API needs: leave the exchange to awsfed.NewTokenSource, or give the Exchanger no other Scopes"
	case e.StatusCode == http.StatusUnauthorized:
		return lines("Google no longer accepts the federated token, nor a new one: the pool may have been disabled or deleted in this moment. See its state:",
			pools("describe", h.pool()))
	case e.StatusCode == http.StatusForbidden:
		return h.denied(e)
	case e.StatusCode == http.StatusNotFound:
		return lines("the service account "+h.account+" does not exist, or was deleted. See which there are:",
			command("gcloud", "iam", "service-accounts", "list", "--filter=email:"+cel.String(h.account)))
	case e.Code == "INVALID_ARGUMENT":
		return h.invalidArgument(e)
	}
	return h.anyAnswer(e)
}

// denied is the hint for a permission that is missing on the account.
func (h *hints) denied(e *Error) string {
	const delegates = "With an attribute mapping of your own the principal is another. With Delegates each account needs " + roleTokenCreator + " on the next."
	switch e.Stage {
	case StageIDToken:
		return lines(h.caller()+" may not have ID tokens of "+h.account+". Grant it the role that allows that and nothing else (or "+roleUser+", which allows access tokens too); that takes some minutes to work:",
			h.grant(roleIDTokenCreator, h.member()),
			"If you think that it is there, see the bindings, and hold their principals against this one:",
			h.bindings(), delegates)
	case StageSigning:
		if e.ownToken {
			return lines("Google takes no federated token for a signature, so "+h.account+" signs by its own, which needs a role on itself. Grant it; that takes some minutes to work:",
				h.grant(roleTokenCreator, "serviceAccount:"+h.account))
		}
		return lines(h.caller()+" may not sign as "+h.account+", which needs more than access tokens do. Grant the role; that takes some minutes to work:",
			h.grant(roleTokenCreator, h.member()),
			"If you think that it is there, see the bindings, and hold their principals against this one:",
			h.bindings(), delegates)
	}
	return lines(h.caller()+" may not impersonate "+h.account+". Google gives one text for a missing role, a wrong principal and a wrong account name. If the role is missing, grant it; that takes some minutes to work:",
		h.grant(roleUser, h.member()),
		"If you think that it is there, see the bindings, and hold their principals against this one:",
		h.bindings(), delegates)
}

// grant is the command that gives a role on the account, and bindings the one that shows who has
// which.
func (h *hints) grant(role, member string) string {
	return command("gcloud", "iam", "service-accounts", "add-iam-policy-binding", h.account, "--role="+role, "--member="+member) + " " + h.accountProject()
}

func (h *hints) bindings() string {
	return command("gcloud", "iam", "service-accounts", "get-iam-policy", h.account) + " " + h.accountProject()
}

// invalidArgument is the hint for a request that Google does not take.
func (h *hints) invalidArgument(e *Error) string {
	switch e.Stage {
	case StageIDToken:
		return "Google refuses the audience of the ID token, or one of Config.Delegates: the audience is the URL of the service, or the client ID of Identity-Aware Proxy"
	case StageSigning:
		return "Google refuses what is to be signed, or one of Config.Delegates: the claims of a JWT are a JSON object, whose exp is a whole number, not in the past and at most 12h ahead"
	}
	constraint := []string{
		lifetimeExtension("describe") + " " + h.accountProject() + " --effective",
		"If it does not, take 1h, or list the account (that needs roles/orgpolicy.policyAdmin):",
		lifetimeExtension("allow", h.account) + " " + h.accountProject(),
	}
	if strings.Contains(e.Description, "allowServiceAccountCredentialLifetimeExtension") {
		return lines(append([]string{fmt.Sprintf("the organisation does not allow tokens of %s for %s. See whether the constraint lists the account:", h.account, h.lifetime)}, constraint...)...)
	}
	return lines(append(append([]string{fmt.Sprintf("Google refuses the lifetime of %s or the scopes, and does not say which. If Config.Lifetime is more than 1h, see whether this constraint lists the account:", h.lifetime)},
		constraint...),
		"If Config.Lifetime is not more than 1h, one of Config.Scopes is not a scope of Google's: see https://developers.google.com/identity/protocols/oauth2/scopes")...)
}

// delegation is the hint for an answer of the OAuth 2.0 server that is no token.
func (h *hints) delegation(e *Error) string {
	user := h.user
	if user == nil {
		user = &workspaceUser{}
	}
	clientID := command("gcloud", "iam", "service-accounts", "describe", h.account, "--format=value(uniqueId)") + " " + h.accountProject()
	switch {
	case e.Transient:
		return h.anyAnswer(e)
	case e.Code == codeUnauthorizedClient:
		return lines("the Workspace of "+inText(user.email)+" has not granted "+h.account+" these scopes, or not all of them: "+inText(user.scope)+". An administrator does that under Security, Access and data control, API controls, Domain-wide delegation (https://admin.google.com/ac/owl/domainwidedelegation), by the client ID, which is the unique ID of the account:",
			clientID,
			"It may take up to 24 hours to work, and mostly takes minutes.")
	case e.Code == codeInvalidGrant && strings.Contains(e.Description, "JWT Signature"):
		return "Google does not take the signature of " + h.account + ": the account may have been deleted and made anew, or Config.IAMCredentialsEndpoint and Config.OAuthTokenURL are of different clouds"
	case e.Code == codeInvalidGrant && strings.Contains(e.Description, "timeframe"):
		return clockCommands("Google judges the times of the claim wrong: the clock of this machine is off by more than awsfed corrects.")
	case e.Code == codeInvalidGrant:
		return lines("Google knows no user "+inText(user.email)+" whom "+h.account+" may act for: the address has to be the primary one of a user of the Workspace, neither suspended nor a group, and of the Workspace that has granted the client ID of the account:",
			clientID)
	case e.Code == "invalid_scope":
		return "one of Config.Scopes is not a scope of Google's, or not one for users: see https://developers.google.com/identity/protocols/oauth2/scopes"
	}
	return h.anyAnswer(e)
}
