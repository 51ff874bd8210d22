package awsfedtest

import "github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"

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
