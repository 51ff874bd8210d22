package awsfed

import (
	"encoding/json"
	"strings"
)

// otherKind is the error for credentials that this package is not for.
func (f credentialFile) otherKind() error {
	const read = "an external_account file for AWS, or for an OpenID Connect token in a file or at a URL, or an impersonated_service_account file around one"
	kind := func(field, found, is, use string) error {
		return (&FieldError{Field: f.path(field), Found: shown(found), Want: read + "; this is " + is + ": use " + use}).cleaned()
	}
	const others = "cloud.google.com/go/auth/credentials"
	switch f.Type {
	case externalAccount:
	case "":
		return &FieldError{Field: f.path("type"), Want: externalAccount}
	case "service_account":
		return kind("type", f.Type, "a service account key, which this package exists to replace",
			"gcloud iam workload-identity-pools create-cred-config --aws to make a file without a key, or "+others)
	case "authorized_user":
		return kind("type", f.Type, "the login of a person", others)
	case impersonatedAccount: // within one
		return kind("type", f.Type, "impersonation on top of impersonation", "delegates")
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
	}
	token := f.Source.hasToken()
	switch f.SubjectTokenType {
	case "", jwtType, idTokenType, AWSSubjectTokenType:
	case "urn:ietf:params:oauth:token-type:saml2":
		return kind("subject_token_type", f.SubjectTokenType, "a SAML credential", others)
	case "urn:ietf:params:oauth:token-type:mtls":
		return kind("subject_token_type", f.SubjectTokenType, "an X.509 credential", others)
	default:
		return kind("subject_token_type", f.SubjectTokenType, "a credential of another type", others)
	}
	switch isAWS := f.SubjectTokenType == AWSSubjectTokenType; {
	case token && isAWS && f.Source.File != "":
		return kind("credential_source.file", shownFile(f.Source.File), "the file of an OIDC token, and the subject_token_type is that of AWS", "one of the two")
	case token && isAWS:
		return kind("credential_source.url", shownURL(f.Source.URL), "the URL of an OIDC token, since there is no environment_id, and the subject_token_type is that of AWS", "one of the two")
	case !token && !isAWS && f.SubjectTokenType != "":
		return kind("subject_token_type", f.SubjectTokenType, "an OIDC credential, and the credential_source has none", "a file or a url without an environment_id")
	}
	return nil
}

// given reports whether a field is there and not null.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
