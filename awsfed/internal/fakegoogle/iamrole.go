package fakegoogle

import (
	"regexp"
	"slices"
)

// The roles that the emulator's own parts name.
const (
	// RoleWorkloadIdentityUser lets a federated identity get access tokens and ID tokens.
	RoleWorkloadIdentityUser = "roles/iam.workloadIdentityUser"
	// RoleServiceAccountTokenCreator lets its member get tokens, sign, and pass delegation on.
	RoleServiceAccountTokenCreator = "roles/iam.serviceAccountTokenCreator"
	// RoleServiceAccountOpenIDTokenCreator lets its member get ID tokens.
	RoleServiceAccountOpenIDTokenCreator = "roles/iam.serviceAccountOpenIdTokenCreator"
)

// The permissions on service accounts that the Service Account Credentials API asks for.
const (
	permissionGet                = "iam.serviceAccounts.get"
	permissionGetAccessToken     = "iam.serviceAccounts.getAccessToken"
	permissionGetOpenIDToken     = "iam.serviceAccounts.getOpenIdToken"
	permissionSignBlob           = "iam.serviceAccounts.signBlob"
	permissionSignJWT            = "iam.serviceAccounts.signJwt"
	permissionImplicitDelegation = "iam.serviceAccounts.implicitDelegation"
)

// permissionsOf lists those permissions of a role that the API asks for. The contents of all roles
// are recalled and not measured. That neither the basic roles nor those that manage service
// accounts give tokens is what people stumble over: roles/iam.serviceAccountUser has
// iam.serviceAccounts.actAs, which nothing here asks for.
func permissionsOf(role string) []string {
	switch role {
	case RoleWorkloadIdentityUser:
		return []string{permissionGet, permissionGetAccessToken, permissionGetOpenIDToken}
	case RoleServiceAccountTokenCreator:
		return []string{
			permissionGet, permissionGetAccessToken, permissionGetOpenIDToken,
			permissionSignBlob, permissionSignJWT, permissionImplicitDelegation,
		}
	case RoleServiceAccountOpenIDTokenCreator:
		return []string{permissionGetOpenIDToken}
	case "roles/iam.serviceAccountUser", "roles/iam.serviceAccountAdmin", "roles/owner", "roles/editor", "roles/viewer":
		return []string{permissionGet}
	}
	return nil // roles/iam.workloadIdentityPoolAdmin has none on service accounts, for one
}

// isRole reports whether s can be the name of a role: a predefined one, or a custom one of a
// project or an organization.
func isRole(s string) bool {
	return regexp.MustCompile(`^(projects/[a-z0-9.:-]+/|organizations/[0-9]+/)?roles/[A-Za-z0-9_.]+$`).MatchString(s)
}

// gives reports whether a role has the permission.
func gives(role, permission string) bool { return slices.Contains(permissionsOf(role), permission) }
