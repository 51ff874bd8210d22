package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// statement is one of a policy of AWS, as the IAM reference has it ("IAM JSON policy elements").
type statement struct {
	Sid          string                                `json:"Sid"`
	Effect       string                                `json:"Effect"`
	Principal    json.RawMessage                       `json:"Principal"`
	NotPrincipal json.RawMessage                       `json:"NotPrincipal"`
	Action       texts                                 `json:"Action"`
	NotAction    texts                                 `json:"NotAction"`
	Resource     texts                                 `json:"Resource"`
	NotResource  texts                                 `json:"NotResource"`
	Condition    map[string]map[string]json.RawMessage `json:"Condition"`
}

// texts is one string or a list.
type texts []string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// awsPolicy reads a policy of AWS: of an identity, or of who may assume a role.
func awsPolicy(text string, trust bool) error {
	var policy struct {
		Version   string          `json:"Version"`
		ID        string          `json:"Id"`
		Statement json.RawMessage `json:"Statement"`
	}
	if err := decodeJSON(text, &policy); err != nil {
		return err
	}
	if policy.Version != "2012-10-17" {
		return fmt.Errorf("the Version %q: want 2012-10-17", policy.Version)
	}
	list := string(policy.Statement)
	if strings.HasPrefix(strings.TrimSpace(list), "{") {
		list = "[" + list + "]"
	}
	var statements []statement
	if err := decode(list, &statements); err != nil {
		return err
	}
	var faults []error
	for i, s := range statements {
		for _, err := range s.faults(trust) {
			faults = append(faults, fmt.Errorf("statement %d: %w", i, err))
		}
	}
	if len(statements) == 0 {
		faults = append(faults, errors.New("there is no Statement"))
	}
	return errors.Join(faults...)
}

func (s *statement) faults(trust bool) (faults []error) {
	if s.Effect != "Allow" && s.Effect != "Deny" {
		faults = append(faults, fmt.Errorf("the Effect %q: want Allow or Deny", s.Effect))
	}
	if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
		faults = append(faults, errors.New("want one of Action and NotAction"))
	}
	for _, action := range slices.Concat(s.Action, s.NotAction) {
		if !isAction(action) {
			faults = append(faults, fmt.Errorf("no action %q is known", action))
		}
	}
	if trust {
		if s.Principal == nil || len(s.Resource) > 0 || len(s.NotResource) > 0 {
			faults = append(faults, errors.New("a trust policy has a Principal and no Resource"))
		} else if err := awsPrincipal(s.Principal); err != nil {
			faults = append(faults, err)
		}
	} else {
		if (len(s.Resource) == 0) == (len(s.NotResource) == 0) {
			faults = append(faults, errors.New("want one of Resource and NotResource"))
		}
		if s.Principal != nil {
			if err := awsPrincipal(s.Principal); err != nil {
				faults = append(faults, err)
			}
		}
	}
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		if !regexp.MustCompile(`^(\*|arn:(aws|aws-cn|aws-us-gov|\*):[a-z0-9-]+:[a-z0-9*-]*:([0-9]{12}|aws|\*)?:.+)$`).MatchString(resource) {
			faults = append(faults, fmt.Errorf("the Resource %q is no ARN", resource))
		}
	}
	for operator, keys := range s.Condition {
		if !isOperator(operator) {
			faults = append(faults, fmt.Errorf("there is no condition operator %q", operator))
		}
		for key := range keys {
			if !isConditionKey(key) {
				faults = append(faults, fmt.Errorf("no condition key %q is known", key))
			}
		}
	}
	return faults
}

func awsPrincipal(data json.RawMessage) error {
	var all string
	if json.Unmarshal(data, &all) == nil {
		if all != "*" {
			return fmt.Errorf("the Principal %q: want * or an object", all)
		}
		return nil
	}
	var principals map[string]texts
	if err := json.Unmarshal(data, &principals); err != nil {
		return err
	}
	forms := map[string]string{
		"AWS":       `^(\*|[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|(role|user|assumed-role)/.+))$`,
		"Service":   `^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$`,
		"Federated": `^(arn:aws[a-z-]*:iam::[0-9]{12}:(oidc|saml)-provider/.+|accounts\.google\.com|cognito-identity\.amazonaws\.com)$`,
	}
	for kind, names := range principals {
		form, ok := forms[kind]
		if !ok {
			return fmt.Errorf("there is no kind of Principal %q", kind)
		}
		for _, name := range names {
			if !regexp.MustCompile(form).MatchString(name) {
				return fmt.Errorf("the Principal %q does not fit %s", name, form)
			}
		}
	}
	return nil
}

// isOperator follows the IAM reference, "IAM JSON policy elements: Condition operators".
func isOperator(operator string) bool {
	operator, _ = strings.CutPrefix(operator, "ForAllValues:")
	operator, _ = strings.CutPrefix(operator, "ForAnyValue:")
	operator, _ = strings.CutSuffix(operator, "IfExists")
	return slices.Contains([]string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
	}, operator)
}

// isConditionKey knows the keys of the service authorization reference that guides may need.
func isConditionKey(key string) bool {
	if regexp.MustCompile(`^(aws:(PrincipalTag|RequestTag|ResourceTag)/.+|sts:RequestContext/.+|[a-z0-9.-]+(/id/[A-Z0-9]+)?:(sub|aud|amr|oaud|email|job_workflow_ref|repository|environment|ref))$`).MatchString(key) &&
		(strings.HasPrefix(key, "aws:") || strings.HasPrefix(key, "sts:") || strings.Contains(key, ".")) {
		return true
	}
	return slices.Contains([]string{
		"aws:CalledVia", "aws:CurrentTime", "aws:EpochTime", "aws:FederatedProvider", "aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent",
		"aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalType",
		"aws:RequestedRegion", "aws:ResourceAccount", "aws:ResourceOrgID", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
		"aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceVpc", "aws:SourceVpce", "aws:TagKeys", "aws:TokenIssueTime", "aws:UserAgent",
		"aws:userid", "aws:username", "aws:VpcSourceIp", "aws:Ec2InstanceSourceVpc", "aws:Ec2InstanceSourcePrivateIPv4",
		"ec2:MetadataHttpEndpoint", "ec2:MetadataHttpPutResponseHopLimit", "ec2:MetadataHttpTokens", "ec2:RoleDelivery", "ec2:SourceInstanceARN",
		"ec2:InstanceProfile", "ec2:Attribute", "ec2:Region",
		"eks:clusterName", "ecs:cluster", "iam:AWSServiceName", "iam:PassedToService", "iam:AssociatedResourceArn", "iam:PermissionsBoundary",
		"lambda:FunctionArn", "lambda:SourceFunctionArn",
		"sts:AWSServiceName", "sts:DurationSeconds", "sts:ExternalId", "sts:IdentityTokenAudience", "sts:RoleSessionName", "sts:SigningAlgorithm",
		"sts:SourceIdentity", "sts:TransitiveTagKeys",
	}, key)
}
