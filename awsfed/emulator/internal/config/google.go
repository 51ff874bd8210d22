package config

import (
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// Google is the Google side of a world.
type Google struct {
	// The project that has the pools.
	Project Project
	// The domain of the Google Cloud universe, by whose names Google's services answer besides
	// those of googleapis.com. Default: googleapis.com.
	Universe string
	// What an organization policy allows new providers to be. The providers of this file are there
	// before it, and keep working, as Google's do.
	OrganizationPolicy OrganizationPolicy
	// The workload identity pools. The first AWS provider is the one of the credential file, and
	// that faults concern. Default: my-aws-pool with my-aws-provider, which trusts the first AWS
	// account.
	Pools []Pool
	// The service accounts. The first is the one of the credential file, and that faults concern.
	// Default: aws-app@PROJECT_ID.iam.gserviceaccount.com, which the first AWS provider's
	// identities of the EC2 instance's role may impersonate.
	ServiceAccounts []ServiceAccount
	// The Google Workspace.
	Workspace Workspace
	// How long federated tokens last, in whole seconds. Default: 3599s.
	FederatedLifetime time.Duration
	// How long changes of IAM policies take until they act, such as 70s. The bindings of this file
	// act at once. Default: 0s.
	Propagation time.Duration
	// What no public source says of Google's services. The defaults are guesses, and names and
	// defaults may change in any release.
	Unsettled fakegoogle.Unsettled
}

// Project is a Google Cloud project.
type Project struct {
	// The project's number. Default: 912480652101.
	Number ProjectNumber
	// The project's ID. Default: my-project.
	ID string
	// The project's IAM policy, which counts for every service account of the project: the first
	// one, and those with the project in their email.
	Bindings []Binding
}

// OrganizationPolicy is the constraints of an organization on providers.
type OrganizationPolicy struct {
	// The values that constraints/iam.workloadIdentityPoolProviders allows: issuers, and
	// https://sts.amazonaws.com for AWS providers. Default: no constraint. An empty list allows
	// none.
	Issuers []string
	// The accounts that constraints/iam.workloadIdentityPoolAwsAccounts allows. Default: no
	// constraint. An empty list allows none.
	AWSAccounts []AccountID
}

// Pool is a workload identity pool.
type Pool struct {
	// The pool's ID.
	ID ResourceID `config:"required"`
	// The pool's state. Default: ACTIVE.
	State State
	// The pool's providers.
	Providers []Provider
}

// Provider is a provider of a workload identity pool: of AWS or of OpenID Connect.
type Provider struct {
	// The provider's ID.
	ID ResourceID `config:"required"`
	// The provider's state. Default: ACTIVE.
	State State
	// What makes it an AWS provider.
	AWS *AWSProvider
	// What makes it an OpenID Connect provider.
	OIDC *OIDCProvider
	// An expression in CEL for each of google.subject, google.groups and attribute.NAME, as in
	// gcloud's --attribute-mapping. An AWS provider's assertion has account, arn and userid, and an
	// OpenID Connect provider's has the claims of the token. Default for AWS: Google's, which has
	// google.subject and attribute.aws_role. An OpenID Connect provider must have one.
	AttributeMapping map[Attribute]string
	// An expression in CEL that must be true of whoever is admitted, with the keywords assertion,
	// google and attribute. Default: all are admitted.
	AttributeCondition string
}

// AWSProvider is what makes a provider one of AWS.
type AWSProvider struct {
	// The AWS account that the provider trusts.
	Account AccountID `config:"required"`
}

// OIDCProvider is what makes a provider one of OpenID Connect.
type OIDCProvider struct {
	// The issuer of the tokens: an https URL, or aws for the emulator's own issuer of AWS, which
	// needs aws.outbound_identity. Nothing is fetched from it.
	Issuer string `config:"required"`
	// What the tokens may be meant for, 10 values at most. Default: the provider's full resource
	// name, with or without https: before it.
	Audiences []string
	// The issuer's public keys, as a JSON Web Key Set. Required unless the issuer is aws.
	JWKS *JWKS
}

// JWKS is a JSON Web Key Set (RFC 7517).
type JWKS struct {
	// The keys: of type RSA, or EC on the curve P-256 or P-384, each with a kid. Further members
	// are ignored.
	Keys []map[string]any `config:"required"`
}

// ServiceAccount is a Google service account.
type ServiceAccount struct {
	// The email.
	Email string `config:"required"`
	// The unique ID, 21 digits. Default: one that follows from the email.
	UniqueID UniqueID
	// The google.organization_number claim of its ID tokens. Default: none, a null claim.
	OrganizationNumber int64
	// Whether its access tokens may last 12 hours instead of one, as
	// constraints/iam.allowServiceAccountCredentialLifetimeExtension allows. Default: false.
	ExtendedLifetime bool
	// Whether it is disabled, so that its tokens are invalid and it gives out no more. Default:
	// false.
	Disabled bool
	// The account's IAM policy.
	Bindings []Binding
}

// Binding is a binding of an IAM policy.
type Binding struct {
	// The role that the members have. It may be any: what the emulator knows of are
	// roles/iam.workloadIdentityUser, roles/iam.serviceAccountTokenCreator,
	// roles/iam.serviceAccountOpenIdTokenCreator, and that roles/iam.serviceAccountUser,
	// roles/owner, roles/editor and roles/viewer give no tokens.
	Role GrantRole `config:"required"`
	// Who has it: principal://…, principalSet://… or serviceAccount:EMAIL, in full.
	Members []string `config:"required"`
}

// Workspace is a Google Workspace.
type Workspace struct {
	// The emails of the users, in whose names service accounts may act.
	Users []string
	// The grants of domain-wide delegation.
	Delegations []Delegation
}

// Delegation lets a service account act in the name of every user.
type Delegation struct {
	// The service account, by its email or unique ID.
	ServiceAccount string `config:"required"`
	// The OAuth scopes that it may have.
	Scopes []string `config:"required"`
}
