package principal

import (
	"errors"
	"strings"
)

// Identity is what AWS STS says of a caller in its answer to GetCallerIdentity, and all that Google
// learns of it.
type Identity struct {
	Account string `json:"account"` // twelve digits; assertion.account
	ARN     string `json:"arn"`     // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, arn:aws:iam::ACCOUNT:user/NAME, …; assertion.arn
	UserID  string `json:"user_id"` // AROA…:SESSION for an assumed role, AIDA… for a user; assertion.userid
}

// Mapping turns what AWS says of a caller into Google's attributes: the attribute mapping of a
// provider. An error is that of the mapping's expression. [DefaultMapping] and [DocumentedMapping]
// are mappings.
type Mapping func(Identity) (Attributes, error)

// Condition admits or refuses a mapped identity: the attribute condition of a provider. An error is
// that of the condition's expression.
type Condition func(Identity, Attributes) (bool, error)

// DefaultMapping is the mapping of an AWS provider that has none of its own (IAM API reference,
// workloadIdentityPools.providers):
//
//	google.subject     = assertion.arn
//	attribute.aws_role = assertion.arn.contains('assumed-role')
//	                     ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' +
//	                       assertion.arn.extract('assumed-role/{role_name}/')
//	                     : assertion.arn
//
// So aws_role is the ARN of the assumed role without the session:
// arn:aws:sts::123456789012:assumed-role/ROLE.
func DefaultMapping(id Identity) (Attributes, error) {
	role := id.ARN
	var err error
	if strings.Contains(id.ARN, "assumed-role") {
		account, err1 := Extract(id.ARN, "{account_arn}assumed-role/")
		name, err2 := Extract(id.ARN, "assumed-role/{role_name}/")
		role, err = account+"assumed-role/"+name, errors.Join(err1, err2)
	}
	return Attributes{Subject: id.ARN, Custom: map[string]string{"aws_role": role}}, err
}

// DocumentedMapping is the example that Google's documentation gives for AWS (Workload Identity
// Federation with other clouds), which many providers use:
//
//	google.subject             = assertion.arn
//	attribute.account          = assertion.account
//	attribute.aws_role         = assertion.arn.extract('assumed-role/{role_name}/')
//	attribute.aws_ec2_instance = assertion.arn.extract('assumed-role/{role_and_session}').extract('/{session}')
//
// Here aws_role is the bare name of the role, unlike that of [DefaultMapping], so bindings differ.
// For a caller that is no assumed role, aws_role and aws_ec2_instance are empty.
func DocumentedMapping(id Identity) (Attributes, error) {
	role, err1 := Extract(id.ARN, "assumed-role/{role_name}/")
	roleAndSession, err2 := Extract(id.ARN, "assumed-role/{role_and_session}")
	session, err3 := Extract(roleAndSession, "/{session}")
	return Attributes{
		Subject: id.ARN,
		Custom: map[string]string{
			"account":          id.Account,
			"aws_role":         role,
			"aws_ec2_instance": session,
		},
	}, errors.Join(err1, err2, err3)
}
