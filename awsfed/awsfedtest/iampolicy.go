package awsfedtest

import "time"

// Grant adds a binding to the IAM policy of the service account of that email or unique ID. The
// member is principal://…, principalSet://… (see [Cloud.Provider] and package principal) or
// serviceAccount:EMAIL. The role may be any, as a wrong one is a mistake that happens, and leads to
// a 403. These are known to give permissions on service accounts, as far as their contents are
// recalled:
//
//   - roles/iam.workloadIdentityUser lets a federated identity get access tokens and ID tokens,
//   - roles/iam.serviceAccountTokenCreator lets its member get tokens, sign, and pass delegation
//     on,
//   - roles/iam.serviceAccountOpenIdTokenCreator lets its member get ID tokens,
//   - roles/iam.serviceAccountUser, roles/iam.serviceAccountAdmin, roles/owner, roles/editor and
//     roles/viewer let their members look an account up and give no tokens.
//
// A binding that is there is no error. The fault missing-binding takes those of the account away.
func (c *Cloud) Grant(serviceAccount, role, member string) error {
	return wrap(c.google.Grant(serviceAccount, role, member))
}

// Revoke removes a binding that [Cloud.Grant] adds, or that was there from the start. One that is
// not there is no error. Tokens that were given out because of it stay valid.
func (c *Cloud) Revoke(serviceAccount, role, member string) error {
	return wrap(c.google.Revoke(serviceAccount, role, member))
}

// GrantProject adds a binding to the IAM policy of the project, as [Cloud.Grant] does to that of an
// account. It counts for every service account of the project: that of [Options], and those with
// the project in their email.
func (c *Cloud) GrantProject(role, member string) error {
	return wrap(c.google.GrantProject(role, member))
}

// RevokeProject removes a binding that [Cloud.GrantProject] adds, as [Cloud.Revoke] does.
func (c *Cloud) RevokeProject(role, member string) error {
	return wrap(c.google.RevokeProject(role, member))
}

// SetPropagation sets how long it takes from now on until a binding that is added acts, and until
// one that is removed does not act any more, by the cloud's clock. It is 0 at first; at Google
// somebody measured 70 s for the one and 90 s for the other. Faults of the catalogue act at once.
func (c *Cloud) SetPropagation(d time.Duration) { c.google.SetPropagation(d) }
