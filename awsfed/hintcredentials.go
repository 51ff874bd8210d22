package awsfed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/awsfed/awsfed-go/internal/shell"
)

// credentialsHint explains that there are no AWS credentials, or none that work: by what the AWS
// SDK said first, and then by the source that it asked. It tells of no source that was not asked.
// Of a provider of the program's own nothing is known but what its error says.
func credentialsHint(e *Error, own bool) string {
	switch {
	case e.Code == codeSSO:
		return lines("the AWS SSO session of the profile "+inText(profile())+" has ended, or there was none. Log in:",
			command(append([]string{"aws", "sso", "login"}, profileOption()...)...))
	case e.Code == codeProfile:
		return profileHint()
	case e.Code == codeTokenFile:
		return tokenFileHint(e)
	case e.Code == codeCredentialProcess:
		return "run the credential_process of the profile by hand: it must print JSON with Version 1, AccessKeyId and SecretAccessKey, and exit with 0. Its output is not shown here, since it may hold keys"
	case e.Code == codeRedirect:
		return "sources of AWS credentials do not redirect: something else answers at the address. Look at AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_EC2_METADATA_SERVICE_ENDPOINT and AWS_ENDPOINT_URL_STS, and at HTTPS_PROXY"
	case e.Code == codeMetadataToken:
		return lines("EC2 metadata takes connections and does not answer the request for a token (PUT /latest/api/token). "+hopLimit, hopLimitCommand)
	case own && (e.Code == "" || e.Code == codeNoCredentials && e.Err == nil):
		return "Config.Credentials failed, the program's own provider of AWS credentials: look there"
	case e.Code == codeMetadataUnavailable:
		return lines(append([]string{"EC2 metadata fails or does not answer; it is asked again. " + hopLimit, hopLimitCommand}, triedBefore(e)...)...)
	case e.Code == codeNoCredentials:
		return noCredentialsHint(e)
	case strings.Contains(textOfCause(e), "web identity"), e.Code == "InvalidIdentityToken":
		return awsAnswerHint("InvalidIdentityToken", "")
	case slices.Contains(e.sources, aws.CredentialSourceHTTP):
		return endpointHint(e)
	case e.Code != "" && e.StatusCode != 0:
		return awsAnswerHint(e.Code, e.Description)
	case errors.Is(e.Err, context.DeadlineExceeded):
		return "the AWS credentials did not come in time from " + sourceName(e.sources) + "; it is asked again"
	case e.Transient:
		return sourceName(e.sources) + " is failing; it is asked again"
	}
	return sourceName(e.sources) + " gave no AWS credentials: its error says why"
}

// The commonest mistake of containers on EC2, and the command for it.
const (
	hopLimit        = "If this is a container, the usual cause is the hop limit of the instance: the answer does not reach beyond the host. Give the task or pod a role of its own, or raise the limit:"
	hopLimitCommand = commandIndent + "aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-put-response-hop-limit 2"
)

// noCredentialsHint is for the end of the chain: all sources before EC2 metadata had none.
func noCredentialsHint(e *Error) string {
	end := "nobody answered at the address of EC2 metadata"
	switch {
	case strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true"):
		end = "AWS_EC2_METADATA_DISABLED is true, so EC2 metadata was not asked"
	case e.StatusCode == http.StatusNotFound:
		return lines(append([]string{"no AWS credentials were found: EC2 metadata answers that the instance has no role. Give it one:",
			command("aws", "ec2", "associate-iam-instance-profile", "--instance-id", "INSTANCE_ID", "--iam-instance-profile", "Name=INSTANCE_PROFILE")},
			triedBefore(e)...)...)
	case e.StatusCode != 0:
		end = fmt.Sprintf("EC2 metadata answered HTTP %d", e.StatusCode)
	}
	return lines(append([]string{"no AWS credentials were found: " + end}, triedBefore(e)...)...)
}

// triedBefore is beforeEC2Metadata for an error of the chain's end, and nothing for any other.
func triedBefore(e *Error) []string {
	if !slices.Contains(e.sources, aws.CredentialSourceIMDS) {
		return nil
	}
	return beforeEC2Metadata()
}

// beforeEC2Metadata tells what the AWS SDK's chain looks at before EC2 metadata: one line a source,
// in the order of the chain. It holds where the chain came to its end. Names of variables and of
// files, never a value that is secret.
func beforeEC2Metadata() []string {
	set := func(name string) string {
		if os.Getenv(name) == "" {
			return name + " is not set"
		}
		return name + " is set"
	}
	return []string{
		"The AWS SDK found none before that, in this order:",
		"1. environment: " + set("AWS_ACCESS_KEY_ID") + ", " + set("AWS_SECRET_ACCESS_KEY"),
		"2. web identity (EKS IRSA): " + set("AWS_WEB_IDENTITY_TOKEN_FILE") + ", " + set("AWS_ROLE_ARN"),
		"3. shared files: the profile " + inText(profile()) + " of " + sharedFiles() + " has none",
		"4. ECS and EKS Pod Identity: " + set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") + ", " + set("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
	}
}

// endpointHint is for the endpoint that gives a task of ECS or a pod of EKS its credentials.
func endpointHint(e *Error) string {
	variable, place := "AWS_CONTAINER_CREDENTIALS_FULL_URI", ""
	if os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" {
		variable, place = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ecsEndpoint
	} else if scheme, rest, ok := strings.Cut(os.Getenv(variable), "://"); ok {
		host, _, _ := strings.Cut(rest, "/") // the path may be a secret of the task
		place = scheme + "://" + host
	}
	endpoint := "the endpoint of AWS credentials at " + inText(place) + ", which " + variable + " names,"
	if e.Transient {
		return lines(endpoint+" is failing or does not answer; it is asked again. It is the agent of ECS, or the EKS Pod Identity Agent; if this is EKS, see whether that runs on the node:",
			command("kubectl", "get", "daemonset", "eks-pod-identity-agent", "--namespace", "kube-system"))
	}
	return lines(endpoint+" refused. If this is ECS, look at the taskRoleArn of the task definition; if it is EKS, look at the Pod Identity association and at the agent:",
		command("aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"),
		command("kubectl", "get", "daemonset", "eks-pod-identity-agent", "--namespace", "kube-system"))
}

// tokenFileHint is for a file with a token of Kubernetes that a variable names.
func tokenFileHint(e *Error) string {
	if slices.Contains(e.sources, aws.CredentialSourceHTTP) {
		const variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
		return lines(variable+" is "+inText(os.Getenv(variable))+", which cannot be read. EKS Pod Identity projects that volume when a pod starts whose service account has an association. See the associations, then start the pod anew:",
			command("aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"))
	}
	const variable = "AWS_WEB_IDENTITY_TOKEN_FILE"
	name := variable + " is " + inText(os.Getenv(variable))
	if os.Getenv(variable) == "" {
		name = "web_identity_token_file of the profile " + inText(profile()) + " names a file"
	}
	return lines(name+", which cannot be read. On EKS (IRSA) it is a projected volume, made when a pod starts whose service account has the annotation eks.amazonaws.com/role-arn. See the account, then start the pod anew:",
		command("kubectl", "get", "serviceaccount", "SERVICE_ACCOUNT", "--namespace", "NAMESPACE", "--output", "yaml"))
}

// profileHint is for a profile that a variable or another profile names, and that is not there.
func profileHint() string {
	named := "AWS_PROFILE names the profile " + inText(profile()) + ", or that profile has a source_profile, and it is not in"
	if os.Getenv("AWS_PROFILE")+os.Getenv("AWS_DEFAULT_PROFILE") == "" {
		named = "the profile that the profile default has for its source_profile is not in"
	}
	return lines(named+" "+sharedFiles()+". See which there are:", command("aws", "configure", "list-profiles"))
}

// sharedFiles are the files that the AWS SDK looks at.
func sharedFiles() string {
	name := func(variable, usual string) string {
		if value := os.Getenv(variable); value != "" {
			return inText(value) + " (" + variable + ")"
		}
		return usual
	}
	return name("AWS_CONFIG_FILE", "~/.aws/config") + " and " + name("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
}

// sourceName is the source that the AWS SDK took, for a sentence.
func sourceName(sources []aws.CredentialSource) string {
	if len(sources) == 0 {
		return "the source of the AWS credentials"
	}
	switch sources[len(sources)-1] {
	case aws.CredentialSourceEnvVarsSTSWebIDToken, aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceProfileSTSWebIDToken:
		return "AWS STS, asked for the role of the web identity,"
	case aws.CredentialSourceSTSAssumeRole, aws.CredentialSourceProfileSourceProfile:
		return "AWS STS, asked for the role of the profile " + inText(profile()) + ","
	case aws.CredentialSourceSSO, aws.CredentialSourceSSOLegacy, aws.CredentialSourceProfileSSO, aws.CredentialSourceProfileSSOLegacy:
		return "AWS SSO, asked for the profile " + inText(profile()) + ","
	case aws.CredentialSourceProcess, aws.CredentialSourceProfileProcess:
		return "the credential_process of the profile " + inText(profile())
	case aws.CredentialSourceIMDS:
		return "EC2 metadata"
	}
	return "the source of the AWS credentials"
}

func textOfCause(e *Error) string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
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

// inContainer reports whether this is a task of ECS or a pod of Kubernetes, where credentials of
// the EC2 instance are the node's and not the workload's.
func inContainer() bool {
	return os.Getenv("ECS_CONTAINER_METADATA_URI_V4") != "" || os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}
