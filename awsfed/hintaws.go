package awsfed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"

	"github.com/awsfed/awsfed-go/awsfed/internal/shell"
)

// awsAnswerHint explains what AWS STS said of the signed request, to Google or to [Diagnose].
func awsAnswerHint(code, message string) string {
	switch {
	case strings.HasPrefix(message, "Signature expired"), strings.HasPrefix(message, "Signature not yet current"),
		code == "RequestExpired", code == "RequestTimeTooSkewed":
		return "AWS judges the signature too old or too new: the clock of this machine is wrong (chronyc tracking, timedatectl). awsfed corrects up to 12h by itself, and signs anew"
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
		return "AWS refuses the caller: for an assumed role look at the role's trust policy; for GetCallerIdentity itself there is no permission to lack"
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

// fromSSO reports whether the SDK's provider for IAM Identity Center failed.
func fromSSO(err error) bool {
	var (
		invalid *ssocreds.InvalidTokenError
		call    *smithy.OperationError
	)
	return errors.As(err, &invalid) || errors.As(err, &call) && strings.HasPrefix(call.ServiceID, "SSO")
}

// credentialsHint explains that the AWS SDK found no credentials, or none that work. Of a provider
// of the program's own nothing is known.
func credentialsHint(e *Error, own bool) string {
	if hint := sourceHint(e); hint != "" {
		return hint
	}
	switch {
	case own && !fromSSO(e.Err) && (e.Code == "" || e.Code == codeNoCredentials && e.Err == nil):
		return "Config.Credentials failed, the program's own provider of AWS credentials: look there"
	case e.Code == codeNoCredentials:
		return lines(append([]string{"no AWS credentials were found. In the order in which the AWS SDK looks:"}, credentialTrail()...)...)
	case e.Code == codeCredentialProcess:
		return "run the credential_process of the profile by hand: it must print JSON with Version 1, AccessKeyId and SecretAccessKey, and exit with 0. Its output is not shown here, since it may hold keys"
	case fromSSO(e.Err):
		return lines("the AWS SSO session has ended, or there was none:", command(append([]string{"aws", "sso", "login"}, profileOption()...)...))
	case e.Err != nil && strings.Contains(e.Err.Error(), "web identity"), e.Code == "InvalidIdentityToken":
		return awsAnswerHint("InvalidIdentityToken", "")
	case e.Code != "" && e.StatusCode != 0:
		return awsAnswerHint(e.Code, e.Description)
	case errors.Is(e.Err, context.DeadlineExceeded):
		return lines(append([]string{"the AWS credentials did not come in time. In the order in which the AWS SDK looks:"}, credentialTrail()...)...)
	case e.Transient:
		return "the source of the AWS credentials is failing; it is asked again"
	case os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")+os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" && os.Getenv("AWS_ACCESS_KEY_ID") == "":
		return lines("the endpoint that gives a task or pod its credentials refused. On ECS look at the taskRoleArn of the task definition; on EKS at the Pod Identity association and at the agent:",
			command("aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"),
			command("kubectl", "get", "daemonset", "eks-pod-identity-agent", "--namespace", "kube-system"))
	}
	return lines(append([]string{"the AWS SDK could not load credentials. In the order in which it looks:"}, credentialTrail()...)...)
}

// credentialTrail tells what the AWS SDK's chain finds in this process's environment: one line a
// source, in the order of the chain, and a command below the last. Names of variables and of files,
// never a value that is secret.
func credentialTrail() []string {
	set := func(name string) string {
		if os.Getenv(name) == "" {
			return name + " is not set"
		}
		return name + " is set"
	}
	trail := []string{
		"1. environment: " + set("AWS_ACCESS_KEY_ID") + ", " + set("AWS_SECRET_ACCESS_KEY"),
		"2. web identity (EKS IRSA): " + fileState("AWS_WEB_IDENTITY_TOKEN_FILE") + ", " + set("AWS_ROLE_ARN"),
		"3. shared files: profile " + inText(profile()) + " of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE (~/.aws) has none",
		"4. ECS and EKS Pod Identity: " + set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") + ", " + set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
	}
	if strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		return append(trail, "5. EC2 metadata: AWS_EC2_METADATA_DISABLED is true")
	}
	return append(trail,
		"5. EC2 metadata: it did not answer, or the instance has no role. In a container the usual cause is the hop limit: a role of the task or pod is better; else:",
		command("aws", "ec2", "modify-instance-metadata-options", "--instance-id", "INSTANCE_ID", "--http-put-response-hop-limit", "2"))
}

func fileState(variable string) string {
	name := os.Getenv(variable)
	if name == "" {
		return variable + " is not set"
	}
	if _, err := os.Stat(name); err != nil {
		return fmt.Sprintf("%s is %s, which cannot be read", variable, inText(name))
	}
	return variable + " is " + inText(name)
}

func profile() string {
	for _, variable := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if name := os.Getenv(variable); name != "" {
			return name
		}
	}
	return "default"
}

// profileOption names the profile to the AWS CLI, unless it is the default.
func profileOption() []string {
	switch name := profile(); {
	case name == "default":
		return nil
	case !shell.Printable(name):
		return []string{"--profile", "PROFILE"}
	case strings.HasPrefix(name, "-"):
		return []string{"--profile=" + name} // By itself it would be an option.
	default:
		return []string{"--profile", name}
	}
}

// callerIdentityCommand shows who the AWS CLI is here.
func callerIdentityCommand() string { return command("aws", "sts", "get-caller-identity") }

// inContainer reports whether this is a task of ECS or a pod of Kubernetes, where credentials of
// the EC2 instance are the node's and not the workload's.
func inContainer() bool {
	return os.Getenv("ECS_CONTAINER_METADATA_URI_V4") != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}
