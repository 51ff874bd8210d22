package awsfed

import (
	"strings"
)

// awsAnswerHint explains what AWS STS said of the signed request, to Google or to [Diagnose].
func awsAnswerHint(code, message string) string {
	switch {
	case strings.HasPrefix(message, "Signature expired"), strings.HasPrefix(message, "Signature not yet current"),
		code == "RequestExpired", code == "RequestTimeTooSkewed":
		return clockCommands("AWS judges the signature too old or too new: the clock of this machine is wrong. awsfed corrects up to 12h by itself, and signs anew.")
	case strings.Contains(message, "Credential should be scoped"):
		return "the request is signed for another region or service than that of the host it goes to: Config.Region must be the region of Config.VerificationURL, and us-east-1 for the global sts.amazonaws.com"
	}
	switch code {
	case "ExpiredToken", "ExpiredTokenException":
		return lines("the AWS session has ended and its provider still gives it out, or has no other. See what it gives, and whether AWS_SESSION_TOKEN is set by hand:",
			callerIdentityCommand())
	case "InvalidClientTokenId", "UnrecognizedClientException":
		return lines("AWS does not know the access key: it was deleted or deactivated, is of another partition (aws, aws-cn, aws-us-gov) than the region, or AWS_SESSION_TOKEN belongs to other keys or is missing:",
			callerIdentityCommand())
	case "SignatureDoesNotMatch":
		return lines("AWS_SECRET_ACCESS_KEY is not that of the access key (often a blank or a line break at its end), or a proxy changed the request:",
			callerIdentityCommand())
	case "AccessDenied":
		return "AWS refuses the caller: look at the trust policy of the role, which for AssumeRoleWithWebIdentity (EKS IRSA) has to name the pod's namespace and service account; for GetCallerIdentity there is no permission to lack"
	case "InvalidIdentityToken", "IDPCommunicationError", "IDPRejectedClaim":
		return "AWS does not accept the web identity token: look at the OIDC provider of the cluster in IAM, and at the trust policy of AWS_ROLE_ARN (namespace and service account)"
	}
	if awsMayRecover(code) {
		return "AWS STS is failing or limits the caller; the request is tried again. If it lasts, look at https://health.aws.amazon.com"
	}
	return lines("AWS answered "+inText(code)+"; this shows who it says the caller is:", callerIdentityCommand())
}

// awsMayRecover reports whether a code of AWS STS is of a moment and not of the request.
func awsMayRecover(code string) bool {
	switch code {
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable", "InternalFailure", "InternalError":
		return true
	}
	return false
}

// callerIdentityCommand shows who the AWS CLI is here.
func callerIdentityCommand() string { return command("aws", "sts", "get-caller-identity") }
