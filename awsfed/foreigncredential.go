package awsfed

import (
	"encoding/json"
	"strings"
)

// otherKind is the error for credentials that this package is not for.
func (f credentialFile) otherKind() error {
	kind := func(field, found, is, use string) error {
		return (&FieldError{Field: field, Found: shown(found), Want: "an external_account file for AWS; this is " + is + ": use " + use}).cleaned()
	}
	const others = "cloud.google.com/go/auth/credentials"
	switch f.Type {
	case externalAccount:
	case "":
		return &FieldError{Field: "type", Want: externalAccount}
	case "service_account":
		return kind("type", f.Type, "a service account key, which this package exists to replace",
			"gcloud iam workload-identity-pools create-cred-config --aws to make a file without a key, or "+others)
	case "authorized_user":
		return kind("type", f.Type, "the login of a person", others)
	case "impersonated_service_account":
		return kind("type", f.Type, "impersonation on top of another credential", others)
	case "external_account_authorized_user":
		return kind("type", f.Type, "a login through a workforce pool", others)
	default:
		return kind("type", f.Type, "something else", others)
	}
	switch {
	case strings.Contains(f.Audience, "/workforcePools/"):
		return kind("audience", f.Audience, "a workforce pool, for people", others)
	case f.WorkforceUserProject != "":
		return kind("workforce_pool_user_project", f.WorkforceUserProject, "a workforce pool, for people", others)
	case given(f.Source.Executable):
		return kind("credential_source.executable", "…", "a credential from an executable", others)
	case given(f.Source.Certificate):
		return kind("credential_source.certificate", "…", "an X.509 credential", others)
	case f.Source.File != "":
		return kind("credential_source.file", f.Source.File, "an OIDC or SAML credential", others)
	case f.Source.EnvironmentID == "" && f.Source.URL != "":
		return kind("credential_source.url", shownURL(f.Source.URL), "an OIDC or SAML credential from a URL", others)
	case f.SubjectTokenType != "" && f.SubjectTokenType != AWSSubjectTokenType:
		return kind("subject_token_type", f.SubjectTokenType, "an OIDC, SAML or X.509 credential", others)
	}
	return nil
}

// given reports whether a field is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
