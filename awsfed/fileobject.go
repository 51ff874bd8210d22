package awsfed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/internal/strictjson"
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
	var file credentialFile
	if top.is("type", impersonatedAccount) {
		file = parseImpersonated(top)
	} else {
		file = parseExternalAccount(top)
	}
	return file, errors.Join(faults...)
}

func parseExternalAccount(account fileObject) credentialFile {
	file := credentialFile{
		UniverseDomain:       account.text("universe_domain"),
		Type:                 account.text("type"),
		Audience:             account.text("audience"),
		SubjectTokenType:     account.text("subject_token_type"),
		TokenURL:             account.text("token_url"),
		ImpersonationURL:     account.text("service_account_impersonation_url"),
		QuotaProject:         account.text("quota_project_id"),
		WorkforceUserProject: account.text("workforce_pool_user_project"),
		ClientID:             account.text("client_id"),
		ClientSecret:         account.secret("client_secret"),
	}
	if account.has("service_account_impersonation") {
		options := account.object("service_account_impersonation")
		file.Impersonation = &impersonationOptions{Lifetime: options.number("token_lifetime_seconds"), Delegates: options.texts("delegates")}
	}
	source := account.object("credential_source")
	file.Source = credentialSource{
		EnvironmentID:   source.text("environment_id"),
		RegionURL:       source.text("region_url"),
		URL:             source.text("url"),
		VerificationURL: source.text("regional_cred_verification_url"),
		SessionURL:      source.text("imdsv2_session_token_url"),
		File:            source.text("file"),
		Headers:         source.secrets("headers"),
		Executable:      source.fields.Get("executable"),
		Certificate:     source.fields.Get("certificate"),
	}
	if source.has("format") {
		format := source.object("format")
		file.Source.Format = &tokenFormat{Type: format.text("type"), Field: format.text("subject_token_field_name")}
	}
	return file
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

// is reports whether a field is that string.
func (o fileObject) is(name, text string) bool {
	s, err := strictjson.String(o.fields.Get(name))
	return err == nil && s == text
}

func (o fileObject) texts(name string) (list []string) {
	o.decode(name, &list, "an array of strings")
	if len(list) == 0 {
		return nil
	}
	return list
}

// secret is a string that no fault quotes anything of.
func (o fileObject) secret(name string) string {
	var s string
	if o.has(name) && json.Unmarshal(o.fields.Get(name), &s) != nil {
		*o.faults = append(*o.faults, &FieldError{Field: o.prefix + name, Found: "something else, which is not shown", Want: "a string"})
	}
	return s
}

// secrets are the fields of an object, each a secret.
func (o fileObject) secrets(name string) map[string]string {
	inner := o.object(name)
	var all map[string]string
	for field := range inner.fields.All() {
		if all == nil {
			all = make(map[string]string)
		}
		all[field] = inner.secret(field)
	}
	return all
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
	case "ClientID":
		return "client_id"
	case "ClientSecret":
		return "client_secret"
	case "Subject.File":
		return "credential_source.file"
	case "Subject.URL":
		return "credential_source.url"
	case "Subject.Headers":
		return "credential_source.headers"
	case "Subject.Field":
		return "credential_source.format.subject_token_field_name"
	case "Subject.Type":
		return "subject_token_type"
	case "Delegates":
		return "service_account_impersonation.delegates"
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
