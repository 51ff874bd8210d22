package awsfed

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// credentials tells of the AWS credentials that the subject tokens need.
func (d *diagnosis) credentials(ctx context.Context, s *Step) error {
	if err := d.build(ctx); err != nil {
		return err
	}
	credentials, err := d.chain.Retrieve(ctx)
	if err != nil {
		return err
	}
	s.Findings = append(s.Findings, "access key "+cleanText(credentials.AccessKeyID, maxWord, []string{credentials.SecretAccessKey, credentials.SessionToken})+" from "+providerName(credentials, d.chain.credentials))
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
