package awsfedtest

import (
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// ServiceAccount is a service account of Google Cloud, for [Cloud.AddServiceAccount].
type ServiceAccount struct {
	Email    string // required
	UniqueID string // 21 digits; default: some that follow from Email
	// OrganizationNumber is the google.organization_number claim of its ID tokens. Default 0: none,
	// a null claim.
	OrganizationNumber int64
	// ExtendedLifetime allows access tokens of 12 hours instead of one: the account is named by
	// constraints/iam.allowServiceAccountCredentialLifetimeExtension.
	ExtendedLifetime bool
	// Disabled makes its tokens invalid and gives out no more.
	Disabled bool
}

// AddServiceAccount adds a service account whom nobody may use yet: see [Cloud.Grant]. It refuses
// an email or unique ID that is taken.
func (c *Cloud) AddServiceAccount(sa ServiceAccount) error {
	_, err := c.google.AddServiceAccount(fakegoogle.ServiceAccount(sa))
	return wrap(err)
}

// Grant adds a binding to the IAM policy of the service account of that email or unique ID. The
// member is principal://…, principalSet://… (see [Cloud.Provider] and package principal) or
// serviceAccount:EMAIL. The role is one of
//
//   - roles/iam.workloadIdentityUser, which lets a federated identity get access tokens and ID
//     tokens,
//   - roles/iam.serviceAccountTokenCreator, which lets its member get tokens, sign, and pass
//     delegation on,
//   - roles/iam.serviceAccountOpenIdTokenCreator, which lets its member get ID tokens.
//
// A binding that is there is no error. The fault missing-binding takes bindings away.
func (c *Cloud) Grant(serviceAccount, role, member string) error {
	return wrap(c.google.Grant(serviceAccount, role, member))
}

// Revoke removes a binding that [Cloud.Grant] adds, or that was there from the start. One that is
// not there is no error. Tokens that were given out because of it stay valid.
func (c *Cloud) Revoke(serviceAccount, role, member string) error {
	return wrap(c.google.Revoke(serviceAccount, role, member))
}

// SetPropagation sets how long it takes from now on until a binding that is added acts, and until
// one that is removed does not act any more, by the cloud's clock. It is 0 at first; at Google
// somebody measured 70 s for the one and 90 s for the other. Faults of the catalogue act at once.
func (c *Cloud) SetPropagation(d time.Duration) { c.google.SetPropagation(d) }
