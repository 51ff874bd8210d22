package awsfed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// partitionVerificationURL is for readers of a file that know AWS's first partition alone; "" for a
// region of that.
func (c Config) partitionVerificationURL() string {
	if c.Region == "" {
		return ""
	}
	endpoint, _, err := regionalEndpoint(context.Background(), c.Region)
	if err != nil || strings.Contains(endpoint, ".amazonaws.com?") {
		return ""
	}
	return strings.Replace(endpoint, c.Region, regionPlaceholder, 1)
}

// impersonatedFile is the file with delegates, as Google's libraries read it.
type impersonatedFile struct {
	UniverseDomain   string                `json:"universe_domain,omitempty"`
	Type             string                `json:"type"`
	ImpersonationURL string                `json:"service_account_impersonation_url"`
	Delegates        []string              `json:"delegates"`
	Impersonation    *impersonationOptions `json:"service_account_impersonation,omitempty"` // which they ignore
	QuotaProject     string                `json:"quota_project_id,omitempty"`
	Source           credentialFile        `json:"source_credentials"`
}

// CredentialFile is the configuration as a credential file, which gcloud and Google's libraries
// read as well as [ConfigFromFile]: an external_account file, and with Delegates an
// impersonated_service_account file around one, whose token_lifetime_seconds awsfed alone heeds. It
// holds no secret. Credentials, Region, Scopes and UserProject have no place in such a file: its
// reader has its own. It is an error where the file would not work without what it cannot hold:
// Federated, ClientSecret, and of Subject the WebIdentity, the Source and the Headers.
func (c Config) CredentialFile() ([]byte, error) {
	_, err := c.validate()
	for _, fault := range c.unwritable() {
		err = errors.Join(err, fault.cleaned())
	}
	if err != nil {
		return nil, err
	}
	d := c.withDefaults()
	file := credentialFile{
		UniverseDomain:   cmp.Or(c.UniverseDomain, defaultUniverse),
		Type:             externalAccount,
		Audience:         c.Audience,
		SubjectTokenType: cmp.Or(d.Subject.Type, AWSSubjectTokenType),
		TokenURL:         d.TokenURL,
		QuotaProject:     c.QuotaProject,
		Source:           c.credentialSource(),
	}
	if c.ServiceAccount != "" {
		file.ImpersonationURL = impersonationURL(d.IAMCredentialsEndpoint, c.ServiceAccount)
		if c.Lifetime != 0 {
			file.Impersonation = &impersonationOptions{Lifetime: int64(c.Lifetime / time.Second)}
		}
	}
	if len(c.Delegates) == 0 {
		return json.MarshalIndent(file, "", "  ")
	}
	around := impersonatedFile{
		UniverseDomain: file.UniverseDomain, Type: impersonatedAccount, ImpersonationURL: file.ImpersonationURL,
		Delegates: c.Delegates, Impersonation: file.Impersonation, QuotaProject: file.QuotaProject,
	}
	file.ImpersonationURL, file.Impersonation, file.QuotaProject = "", nil, ""
	around.Source = file
	return json.MarshalIndent(around, "", "  ")
}

// unwritable are the faults of what a file cannot hold and would not work without.
func (c Config) unwritable() (faults []*FieldError) {
	fault := func(field, found, want string) {
		faults = append(faults, &FieldError{Field: field, Found: shown(found), Want: want})
	}
	s := c.Subject
	if s.WebIdentity != nil {
		fault("Subject.WebIdentity", "given", "none: a credential file has no name for it")
	}
	if s.Source != nil {
		fault("Subject.Source", fmt.Sprintf("a %T", s.Source), "none: a credential file cannot hold code")
	}
	if len(s.Headers) > 0 {
		fault("Subject.Headers", fmt.Sprintf("%d that are not shown", len(s.Headers)), "none: a credential file that is written holds no secret")
	}
	if s.File != "" && (!filepath.IsAbs(s.File) || !utf8.ValidString(s.File)) {
		fault("Subject.File", shownFile(s.File), "an absolute path, in UTF-8, for a credential file")
	}
	if !utf8.ValidString(s.Field) {
		fault("Subject.Field", s.Field, "a name in UTF-8, for a credential file")
	}
	if s.Type != "" && s.Type != jwtType && s.Type != idTokenType {
		fault("Subject.Type", s.Type, jwtType+" or "+idTokenType+", for a credential file")
	}
	if c.Federated != nil {
		fault("Federated", "a TokenSource", "none: a credential file cannot hold code")
	}
	if c.ClientSecret != "" {
		fault("ClientSecret", "a secret that is not shown", "none: a credential file that is written holds no secret")
	}
	return faults
}

func (c Config) credentialSource() credentialSource {
	if s := c.Subject; s.File != "" || s.URL != "" {
		source := credentialSource{File: s.File, URL: s.URL}
		if s.Field != "" {
			source.Format = &tokenFormat{Type: "json", Field: s.Field}
		}
		return source
	}
	metadata := cmp.Or(strings.TrimRight(c.MetadataEndpoint, "/"), ec2Metadata)
	return credentialSource{
		EnvironmentID:   awsEnvironment,
		RegionURL:       metadata + metadataZone,
		URL:             metadata + metadataRoles,
		VerificationURL: cmp.Or(c.VerificationURL, c.partitionVerificationURL(), defaultVerificationURL),
		SessionURL:      metadata + metadataSessions,
	}
}
