package document

import (
	"regexp"
	"slices"
	"strings"
)

// isAction knows the actions of the service authorization reference that guides may need. A pattern
// has to fit one of them.
func isAction(action string) bool {
	service, name, ok := strings.Cut(action, ":")
	if !ok {
		return action == "*"
	}
	form := "^" + strings.ReplaceAll(strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, ".*"), `\?`, ".") + "$"
	return slices.ContainsFunc(actions(service), regexp.MustCompile(form).MatchString)
}

func actions(service string) []string {
	switch service {
	case "sts":
		return []string{"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage",
			"GetAccessKeyInfo", "GetCallerIdentity", "GetDelegatedAccessToken", "GetFederationToken", "GetServiceBearerToken", "GetSessionToken",
			"GetWebIdentityToken", "SetContext", "SetSourceIdentity", "TagGetWebIdentityToken", "TagSession"}
	case "iam":
		return []string{"AttachRolePolicy", "CreateOpenIDConnectProvider", "CreatePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy",
			"DisableOutboundWebIdentityFederation", "EnableOutboundWebIdentityFederation", "GetOutboundWebIdentityFederationInfo", "GetRole",
			"GetRolePolicy", "ListRoles", "PassRole", "PutRolePolicy", "UpdateAssumeRolePolicy", "UpdateRole"}
	case "ec2":
		return []string{"AssociateIamInstanceProfile", "CreateVpcEndpoint", "DescribeInstances", "DescribeVpcEndpoints", "ModifyInstanceMetadataDefaults",
			"ModifyInstanceMetadataOptions", "RunInstances"}
	case "eks":
		return []string{"CreatePodIdentityAssociation", "DescribeCluster", "ListPodIdentityAssociations"}
	case "eks-auth":
		return []string{"AssumeRoleForPodIdentity"}
	case "ecs":
		return []string{"ExecuteCommand", "RegisterTaskDefinition", "RunTask", "UpdateService"}
	case "lambda":
		return []string{"CreateFunction", "GetFunction", "InvokeFunction", "UpdateFunctionConfiguration"}
	case "codebuild":
		return []string{"BatchGetBuilds", "CreateProject", "StartBuild"}
	case "logs":
		return []string{"CreateLogGroup", "CreateLogStream", "PutLogEvents"}
	case "ssm":
		return []string{"GetParameter", "GetParameters", "GetParametersByPath"}
	case "secretsmanager":
		return []string{"DescribeSecret", "GetSecretValue"}
	case "s3":
		return []string{"DeleteObject", "GetObject", "ListBucket", "PutObject"}
	case "ecr":
		return []string{"BatchCheckLayerAvailability", "BatchGetImage", "GetAuthorizationToken", "GetDownloadUrlForLayer"}
	}
	return nil
}
