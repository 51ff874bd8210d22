package fakegoogle

// The roles that a service account's IAM policy can grant here, each with those of its permissions
// that matter.
const (
	// RoleWorkloadIdentityUser lets a federated identity get access tokens and ID tokens.
	RoleWorkloadIdentityUser = "roles/iam.workloadIdentityUser"
	// RoleServiceAccountTokenCreator lets its member get tokens, sign, and pass delegation on.
	RoleServiceAccountTokenCreator = "roles/iam.serviceAccountTokenCreator"
	// RoleServiceAccountOpenIDTokenCreator lets its member get ID tokens.
	RoleServiceAccountOpenIDTokenCreator = "roles/iam.serviceAccountOpenIdTokenCreator"
)

// The permissions that the Service Account Credentials API asks for.
const (
	permissionGet                = "iam.serviceAccounts.get"
	permissionGetAccessToken     = "iam.serviceAccounts.getAccessToken"
	permissionGetOpenIDToken     = "iam.serviceAccounts.getOpenIdToken"
	permissionSignBlob           = "iam.serviceAccounts.signBlob"
	permissionSignJWT            = "iam.serviceAccounts.signJwt"
	permissionImplicitDelegation = "iam.serviceAccounts.implicitDelegation"
)

// permissionsOf lists the permissions of a role that matter here; nil for a role that the emulator
// does not know.
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
	}
	return nil
}
