package awsfed

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/cel"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// exchange is the hint for an answer of Google's STS that is no token. Many causes share one text
// there, so the hint names all of them.
func (h *hints) exchange(e *Error) string {
	text := e.Description
	code, message, fromAWS := cutAWSAnswer(text)
	switch {
	case fromAWS:
		return awsAnswerHint(code, message)
	case e.StatusCode == http.StatusTooManyRequests, e.Transient:
		return h.anyAnswer(e)
	case e.Code == "invalid_target":
		return lines("the pool or the provider is disabled, deleted or was never made; Google gives one text for all of these. See which, first of the pool, then of the provider:",
			pools("describe", h.pool()),
			pools("providers", "describe", h.providerName()),
			"If the pool has disabled: true, enable it:",
			pools("update", h.pool(), "--no-disabled"),
			"If the provider has disabled: true, enable it:",
			pools("providers", h.updateProvider(), h.providerName(), "--no-disabled"),
			"If the pool has state: DELETED, bring it back:",
			pools("undelete", h.pool()),
			"If the provider has state: DELETED, bring it back:",
			pools("providers", "undelete", h.providerName()),
			"If either is NOT_FOUND, the audience is wrong, or what was deleted is gone for good. See which pools the project has:",
			pools("list", "--location=global")+" "+projectOption("projects/"+h.provider.ProjectNumber))
	case e.Code == "invalid_client":
		return "Google does not know Config.ClientID, or not with this ClientSecret. Workload identity federation needs neither: leave both out, unless something in front of Google's STS asks for them"
	case h.oidc != nil:
		return h.oidcExchange(e)
	case e.Code == codeUnauthorizedClient:
		return lines("the attribute condition of the provider is not true of "+h.caller()+". See the condition:",
			pools("providers", "describe", h.providerName(), "--format=value(attributeCondition)"),
			"If this caller is to be let in, join this clause to the condition with ||:",
			commandIndent+h.clause(),
			"Keep the rest of the condition: whoever sets one replaces the whole of it, and with this clause alone everybody else is locked out.")
	case strings.Contains(text, "google.subject exceeds"):
		return h.longSubject()
	case strings.Contains(text, "google.subject"), strings.Contains(text, "mapp"):
		return lines("the attribute mapping of the provider makes no subject of "+h.caller()+". See the mapping; Google's default is google.subject=assertion.arn:",
			pools("providers", "describe", h.providerName(), "--format=value(attributeMapping)"))
	case strings.Contains(text, `"audience"`):
		return lines("the audience is not the full name of a provider as Google knows it. Config.Audience is "+h.provider.Audience()+"; the true one is //iam.googleapis.com/ and then:",
			pools("providers", "list", "--workload-identity-pool="+h.pool(), "--format=value(name)"))
	case strings.Contains(text, "account"), e.Code == codeInvalidGrant:
		return lines("Google does not accept "+h.caller()+". The provider may be for another AWS account, its attribute condition may not evaluate, or Google may not call the host of Config.VerificationURL. See the account and the condition of the provider:",
			pools("providers", "describe", h.providerName(), "--format=value(aws.accountId,attributeCondition)"),
			"See the account of the AWS credentials here:",
			callerIdentityCommand())
	case strings.Contains(text, "invalid format"), strings.Contains(text, "Invalid format"):
		return "Google could not read the signed request: something between here and Google changed it, or Config.VerificationURL names a host that Google does not call"
	case e.Code == "invalid_scope":
		return "one of Config.Scopes is not a scope of Google's: see https://developers.google.com/identity/protocols/oauth2/scopes"
	}
	return h.anyAnswer(e)
}

// longSubject is the hint for a subject of more than 127 bytes.
func (h *hints) longSubject() string {
	return lines("the subject, by default the ARN with the session name, is longer than 127 bytes. If you choose the session name, shorten it (AWS_ROLE_SESSION_NAME, the name of the Lambda function). If you do not, map the subject to less. See the present mapping:",
		pools("providers", "describe", h.providerName(), "--format=value(attributeMapping)"),
		"If that is Google's default, or empty, this shortens the subject. It replaces the whole mapping, so with a mapping of your own put the rest of it in, and bindings to principal://…/subject/ARN no longer match:",
		pools("providers", "update-aws", h.providerName(), "--attribute-mapping=google.subject=assertion.userid,attribute.aws_role="+cel.DefaultAWSRole))
}

// pool and providerName are the names that gcloud takes in the place of an ID and two flags.
func (h *hints) pool() string {
	return fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", h.provider.ProjectNumber, h.provider.Pool)
}

func (h *hints) providerName() string { return h.pool() + "/providers/" + h.provider.ID }

// caller is who asks, as far as it is known.
func (h *hints) caller() string {
	if h.oidc != nil {
		return h.oidc.String()
	}
	if h.known != nil {
		return inText(h.known.identity.ARN)
	}
	return "this AWS identity (awsfed.Diagnose tells its ARN)"
}

// placeholderRole stands in a command for a role that is not known, or that no command can hold.
const placeholderRole = "arn:aws:sts::AWS_ACCOUNT_ID:assumed-role/AWS_ROLE_NAME"

// attributes are those of the caller; none while it is not known, or where its mapping fails.
func (h *hints) attributes() principal.Attributes {
	if h.known == nil {
		return principal.Attributes{}
	}
	attributes, err := h.known.mapping(h.known.identity)
	if err != nil {
		return principal.Attributes{}
	}
	return attributes
}

// member is the principal to grant a role to: the AWS role with all of its sessions.
func (h *hints) member() string {
	if h.oidc != nil {
		return h.provider.Subject(h.oidc.known())
	}
	attributes := h.attributes()
	role := attributes.Custom["aws_role"]
	switch {
	case role != "" && shell.Printable(role):
		return h.provider.Attribute("aws_role", role)
	case role == "" && attributes.Subject != "" && shell.Printable(attributes.Subject):
		return h.provider.Subject(attributes.Subject)
	}
	return h.provider.Attribute("aws_role", placeholderRole)
}

// clause is a condition that is true of this caller's role, and of nobody else.
func (h *hints) clause() string {
	role := h.attributes().Custom["aws_role"]
	if role == "" || !shell.Printable(role) {
		role = placeholderRole
	}
	return "attribute.aws_role==" + cel.Clause(role)
}

// pools is a command of gcloud about pools and providers.
func pools(words ...string) string {
	return command(append([]string{"gcloud", "iam", "workload-identity-pools"}, words...)...)
}

// lifetimeExtension is a command about the constraint that lets tokens live for more than an hour.
func lifetimeExtension(verb string, words ...string) string {
	argv := append([]string{"gcloud", "resource-manager", "org-policies", verb, "constraints/iam.allowServiceAccountCredentialLifetimeExtension"}, words...)
	return command(argv...)
}

// violation is the identifier of a VPC Service Controls denial.
func violation(e *Error) string {
	_, text, _ := strings.Cut(e.Description, "vpcServiceControlsUniqueIdentifier: ")
	return inCommand(cmp.Or(e.Metadata["uid"], strings.TrimRight(text, ". ")), "IDENTIFIER")
}

// projectOption is --project, quoted for the shell, for the consumer that Google names. That is
// mostly a project number, which gcloud does not take here, so the shell asks for the ID.
func projectOption(consumer string) string {
	project := inCommand(strings.TrimPrefix(consumer, "projects/"), "PROJECT_ID")
	if strings.Trim(project, "0123456789") != "" {
		return shell.Command("--project=" + project)
	}
	return `--project="$(` + shell.Command("gcloud", "projects", "describe", project, "--format=value(projectId)") + `)"`
}

// accountProject is --project, quoted for the shell, for the project of the service account: its
// email address has it, "NAME@my-app.iam.gserviceaccount.com" or, for a project of a domain,
// "NAME@my-app.example.com.iam.gserviceaccount.com". Of another name the shell asks gcloud.
func (h *hints) accountProject() string {
	_, domain, _ := strings.Cut(h.account, "@")
	if project, ok := strings.CutSuffix(domain, ".iam.gserviceaccount.com"); ok {
		if id, domain, ofDomain := strings.Cut(project, "."); ofDomain {
			project = domain + ":" + id
		}
		return shell.Command("--project=" + inCommand(project, "PROJECT_ID"))
	}
	return `--project="$(` + shell.Command("gcloud", "iam", "service-accounts", "describe", h.account, "--format=value(projectId)") + `)"`
}

// inCommand is an identifier that a server sent, or the placeholder where it does not have the form
// of one, since then it names nothing to look up.
func inCommand(word, placeholder string) string {
	if word == "" || strings.ContainsFunc(word, func(r rune) bool {
		return r > 'z' || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:", r)
	}) {
		return placeholder
	}
	return word
}

// cutAWSAnswer finds what AWS answered to Google in what Google says of it.
func cutAWSAnswer(description string) (code, message string, ok bool) {
	_, rest, ok := strings.Cut(description, "invalid AWS response of type ")
	if !ok {
		return "", "", false
	}
	code, message, _ = strings.Cut(rest, " with error message: ")
	return strings.TrimSpace(code), message, true
}
