package stub

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/awsfed/awsfed-go/examples/guides/internal/commandline"
)

// What the clouds of the pages are called.
const (
	ProjectID     = "my-project"
	ProjectNumber = "912480652101"
	Pool          = "aws-pool"
	Provider      = "prod"
	AWSAccount    = "123456789012"
	AWSRole       = "app"
	Account       = "aws-app@" + ProjectID + ".iam.gserviceaccount.com"

	poolName = "projects/" + ProjectNumber + "/locations/global/workloadIdentityPools/" + Pool
)

// answer is what a tool prints. A field that a page asks for and that has no answer here is an
// error, so that no page goes on with an empty variable.
func answer(tool string, call *commandline.Call) (string, error) {
	switch tool {
	case "gcloud":
		return answerGcloud(call)
	case "aws":
		return answerAWS(call)
	case "git":
		return "", os.MkdirAll(strings.TrimSuffix(filepath.Base(call.Operands[0]), ".git"), 0o700)
	case "terraform":
		if call.Command == "terraform output" {
			return "//iam.googleapis.com/" + poolName + "/providers/" + Provider, nil
		}
	}
	return "", nil
}

func answerGcloud(call *commandline.Call) (string, error) {
	command := strings.TrimPrefix(call.Command, "gcloud ")
	switch {
	case command == "iam workload-identity-pools create-cred-config":
		text, err := os.ReadFile(os.Getenv(EnvFile))
		if err != nil {
			return "", err
		}
		return "", os.WriteFile(call.Flag("--output-file"), text, 0o600)
	case command == "auth print-access-token", command == "auth print-identity-token":
		return "emulated-token\n", nil
	case command == "config get" || command == "config get-value":
		return ProjectID + "\n", nil
	case call.Flag("--format") == "json" && strings.HasSuffix(command, "get-iam-policy"):
		return `{"bindings": [], "etag": "BwXhqDVDXIE=", "version": 3}` + "\n", nil
	case call.Flag("--format") == "json":
		return "{}\n", nil
	}
	match := regexp.MustCompile(`^(?:value|get)\((.*)\)$`).FindStringSubmatch(call.Flag("--format"))
	if match == nil {
		return "", nil
	}
	var values []string
	for field := range strings.SplitSeq(match[1], ",") {
		value := fieldOfGcloud(command, strings.TrimSpace(field))
		if value == "" {
			return "", fmt.Errorf("gcloud %s: there is no answer for the field %s in internal/stub/answer.go", command, field)
		}
		values = append(values, value)
	}
	return strings.Join(values, "\t") + "\n", nil
}

func fieldOfGcloud(command, field string) string {
	switch field {
	case "projectNumber":
		return ProjectNumber
	case "projectId":
		return ProjectID
	case "email":
		return Account
	case "uniqueId":
		return "123456789012345678901"
	case "state":
		return "ACTIVE"
	case "disabled":
		return "False"
	case "attributeCondition":
		return "assertion.arn.startsWith('arn:aws:sts::" + AWSAccount + ":assumed-role/" + AWSRole + "/')"
	case "attributeMapping":
		return "google.subject=assertion.arn"
	case "aws.accountId":
		return AWSAccount
	case "address":
		return "10.10.0.5"
	case "name", "name.basename()", "name.segment(-1)":
		switch {
		case strings.HasPrefix(command, "iam workload-identity-pools providers") && field == "name":
			return poolName + "/providers/" + Provider
		case strings.HasPrefix(command, "iam workload-identity-pools providers"):
			return Provider
		case strings.HasPrefix(command, "iam workload-identity-pools") && field == "name":
			return poolName
		case strings.HasPrefix(command, "iam workload-identity-pools"):
			return Pool
		case strings.HasPrefix(command, "access-context-manager policies"):
			return "1234567890"
		case strings.HasPrefix(command, "organizations"):
			return "organizations/123456789"
		}
	}
	return ""
}

func answerAWS(call *commandline.Call) (string, error) {
	query := call.Flag("--query")
	if query == "" {
		return "", nil
	}
	last := query[strings.LastIndexAny(query, ".")+1:]
	last = strings.TrimSuffix(last, "[]")
	answers := map[string]string{
		"Account": AWSAccount, "Arn": "arn:aws:sts::" + AWSAccount + ":assumed-role/" + AWSRole + "/session", "UserId": "AROAEXAMPLEEXAMPLEEXA:session",
		"issuer":                  "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
		"IssuerIdentifier":        "https://example.tokens.sts.global.api.aws",
		"InstanceId":              "i-0123456789abcdef0",
		"HttpPutResponseHopLimit": "2", "HttpTokens": "required", "WebIdentityToken": "emulated-token",
		"VpcId": "vpc-0123456789abcdef0", "SubnetId": "subnet-0123456789abcdef0", "GroupId": "sg-0123456789abcdef0",
	}
	if strings.HasPrefix(call.Command, "aws iam ") {
		answers["Arn"] = "arn:aws:iam::" + AWSAccount + ":role/" + AWSRole
	}
	value, ok := answers[last]
	if !ok {
		return "", fmt.Errorf("%s: there is no answer for the query %s in internal/stub/answer.go", call.Command, query)
	}
	if call.Flag("--output") != "text" {
		value = fmt.Sprintf("%q", value)
	}
	return value + "\n", nil
}
