package awsfed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/strictjson"
)

// parseCredentialFile reads the fields that this package knows, by their exact names. Others are
// ignored: gcloud adds fields over the years.
func parseCredentialFile(data []byte) (credentialFile, error) {
	if len(data) > maxFile {
		return credentialFile{}, fileFault(fmt.Sprintf("a text of %d bytes", len(data)), "at most 64 KiB")
	}
	var faults []error
	top := fileObject{faults: &faults}
	if raw := strings.TrimSpace(string(data)); raw != "null" {
		fields, err := strictjson.Fields(data)
		if err != nil {
			return credentialFile{}, fileFault("unreadable", "one JSON object ("+shown(err.Error())+")")
		}
		top.fields = fields
	}
	file := credentialFile{
		UniverseDomain:       top.text("universe_domain"),
		Type:                 top.text("type"),
		Audience:             top.text("audience"),
		SubjectTokenType:     top.text("subject_token_type"),
		TokenURL:             top.text("token_url"),
		ImpersonationURL:     top.text("service_account_impersonation_url"),
		QuotaProject:         top.text("quota_project_id"),
		WorkforceUserProject: top.text("workforce_pool_user_project"),
	}
	if top.has("service_account_impersonation") {
		file.Impersonation = &impersonationOptions{
			Lifetime: top.object("service_account_impersonation").number("token_lifetime_seconds"),
		}
	}
	source := top.object("credential_source")
	file.Source = credentialSource{
		EnvironmentID:   source.text("environment_id"),
		RegionURL:       source.text("region_url"),
		URL:             source.text("url"),
		VerificationURL: source.text("regional_cred_verification_url"),
		SessionURL:      source.text("imdsv2_session_token_url"),
		File:            source.text("file"),
		Executable:      source.fields.Get("executable"),
		Certificate:     source.fields.Get("certificate"),
	}
	return file, errors.Join(faults...)
}

// fileObject is an object of a credential file. What is missing and what is null are the same.
type fileObject struct {
	prefix string // of the paths of its fields
	fields strictjson.Object
	faults *[]error
}

func (o fileObject) has(name string) bool { return given(o.fields.Get(name)) }

func (o fileObject) text(name string) (s string) {
	o.decode(name, &s, "a string")
	return s
}

func (o fileObject) number(name string) (n int64) {
	o.decode(name, &n, "a whole number")
	return n
}

func (o fileObject) object(name string) fileObject {
	inner := fileObject{prefix: o.prefix + name + ".", faults: o.faults}
	if o.has(name) {
		var err error
		if inner.fields, err = strictjson.Fields(o.fields.Get(name)); err != nil {
			o.fault(name, "an object")
		}
	}
	return inner
}

// decode leaves the value as it is where there is nothing. A fault names the type of what it found,
// and not the value: who mixes up two fields may mix up a secret.
func (o fileObject) decode(name string, value any, want string) {
	if !o.has(name) {
		return
	}
	if err := json.Unmarshal(o.fields.Get(name), value); err != nil {
		o.fault(name, want)
	}
}

func (o fileObject) fault(name, want string) {
	*o.faults = append(*o.faults, &FieldError{Field: o.prefix + name, Found: jsonType(o.fields.Get(name)), Want: want})
}

// jsonType is what a value is, in the words of JSON.
func jsonType(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return string(raw)
	}
	return "the number " + shown(string(raw))
}

// fieldInFile is the name in the file of what Config calls otherwise.
func fieldInFile(field string) string {
	switch field {
	case "Audience":
		return "audience"
	case "UniverseDomain":
		return "universe_domain"
	case "TokenURL":
		return "token_url"
	case "ServiceAccount", "IAMCredentialsEndpoint":
		return "service_account_impersonation_url"
	case "Lifetime":
		return "service_account_impersonation.token_lifetime_seconds"
	case "VerificationURL":
		return "credential_source.regional_cred_verification_url"
	case "MetadataEndpoint":
		return "credential_source.url"
	case "QuotaProject":
		return "quota_project_id"
	}
	return ""
}
