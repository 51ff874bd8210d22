package awsfed

import "strings"

// fileAround is what an impersonated_service_account file has around the external_account file in
// its source_credentials. What the two may both have is in the inner one after it was read.
type fileAround struct {
	universe, quota bool // the outer file has one
	inner           credentialFile
}

// parseImpersonated reads a file in which Google's libraries look for delegates. What it says of
// the account is taken over into the inner file.
func parseImpersonated(top fileObject) credentialFile {
	around := &fileAround{universe: top.has("universe_domain"), quota: top.has("quota_project_id"), inner: parseExternalAccount(top.object("source_credentials"))}
	file := around.inner
	file.around = around
	file.ImpersonationURL = top.text("service_account_impersonation_url")
	file.Impersonation = &impersonationOptions{
		Lifetime:  top.object("service_account_impersonation").number("token_lifetime_seconds"),
		Delegates: top.texts("delegates"),
	}
	if around.universe {
		file.UniverseDomain = top.text("universe_domain")
	}
	if around.quota {
		file.QuotaProject = top.text("quota_project_id")
	}
	return file
}

// path is where a field of an external_account file stands in this one.
func (f credentialFile) path(field string) string {
	if f.around == nil {
		return field
	}
	switch field {
	case "service_account_impersonation.delegates":
		return "delegates"
	case "service_account_impersonation_url", "service_account_impersonation.token_lifetime_seconds":
		return field
	case "universe_domain":
		if f.around.universe {
			return field
		}
	case "quota_project_id":
		if f.around.quota {
			return field
		}
	}
	return inSource + field
}

// inSource is how the path of a field of the inner file starts.
const inSource = "source_credentials."

// readAround judges what the two files have between them.
func (r *fileReader) readAround() {
	inner := r.around.inner
	if r.ImpersonationURL == "" {
		r.fault("service_account_impersonation_url", "", impersonationURL(defaultIAMCredentials(r.universe), "EMAIL"))
	}
	// A chain of impersonations is what delegates are for.
	innerFault := func(field, found string) {
		r.faults = append(r.faults, (&FieldError{Field: inSource + field, Found: shown(found), Want: "none: the file around it says whom to impersonate"}).cleaned())
	}
	if inner.ImpersonationURL != "" {
		innerFault("service_account_impersonation_url", shownURL(inner.ImpersonationURL))
	}
	if inner.Impersonation != nil && len(inner.Impersonation.Delegates) > 0 {
		innerFault("service_account_impersonation.delegates", strings.Join(inner.Impersonation.Delegates, ","))
	}
	if inner.UniverseDomain != "" && r.around.universe && inner.UniverseDomain != r.UniverseDomain {
		r.fault("universe_domain", r.UniverseDomain, "that of source_credentials")
	}
}
