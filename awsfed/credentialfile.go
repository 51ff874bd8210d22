package awsfed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

const (
	externalAccount  = "external_account"
	awsEnvironment   = "aws1" // the only version there is (AIP-4117)
	ec2Metadata      = "http://169.254.169.254"
	metadataRoles    = "/latest/meta-data/iam/security-credentials"
	metadataZone     = "/latest/meta-data/placement/availability-zone"
	metadataRegion   = "/latest/meta-data/placement/region"
	metadataSessions = "/latest/api/token"
)

// The environment variables that [ConfigFromEnv] reads, in their order.
var credentialFileVariables = [...]string{"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"}

// wholeFile is the field of a fault that no single one has.
const wholeFile = "the credential file"

// credentialFile is an external_account file (AIP-4117), as gcloud iam workload-identity-pools
// create-cred-config writes it.
type credentialFile struct {
	UniverseDomain       string                `json:"universe_domain,omitempty"`
	Type                 string                `json:"type"`
	Audience             string                `json:"audience"`
	SubjectTokenType     string                `json:"subject_token_type"`
	TokenURL             string                `json:"token_url"`
	ImpersonationURL     string                `json:"service_account_impersonation_url,omitempty"`
	Impersonation        *impersonationOptions `json:"service_account_impersonation,omitempty"`
	Source               credentialSource      `json:"credential_source"`
	QuotaProject         string                `json:"quota_project_id,omitempty"`
	WorkforceUserProject string                `json:"workforce_pool_user_project,omitempty"`
	// client_id, client_secret and token_info_url are gcloud's own: they are not read, since STS
	// asks for no client and its reference says that an Authorization header can make the exchange
	// fail.
}

type impersonationOptions struct {
	Lifetime int64 `json:"token_lifetime_seconds"`
}

type credentialSource struct {
	EnvironmentID   string          `json:"environment_id"`
	RegionURL       string          `json:"region_url"`
	URL             string          `json:"url"`
	VerificationURL string          `json:"regional_cred_verification_url"`
	SessionURL      string          `json:"imdsv2_session_token_url,omitempty"`
	File            string          `json:"file,omitempty"`
	Executable      json.RawMessage `json:"executable,omitempty"`
	Certificate     json.RawMessage `json:"certificate,omitempty"`
}

// ConfigFromJSON reads an external_account credential file for AWS, of 64 KiB at most. Its url,
// region_url and imdsv2_session_token_url matter only if they point elsewhere than EC2's own
// addresses: credentials come from the AWS SDK's chain, which knows EC2 and more. All faults are
// reported at once, each as a [*FieldError] whose Field is the path in the file; other kinds of
// credential are refused by their name. Fields have their exact names: one in another spelling is
// ignored, like any other that is not known, and one that is there twice is a fault.
func ConfigFromJSON(data []byte, options *FileOptions) (Config, error) {
	file, err := parseCredentialFile(data)
	if err != nil {
		return Config{}, err
	}
	if err := file.otherKind(); err != nil {
		return Config{}, err
	}
	return file.config(newFileRules(options))
}

// ConfigFromFile is [ConfigFromJSON] for the file of that name, which may be a link or a pipe. It
// reads 64 KiB at most, for 5 seconds at most.
func ConfigFromFile(name string, options *FileOptions) (Config, error) {
	data, err := readFile(name)
	if err != nil {
		return Config{}, err
	}
	cfg, err := ConfigFromJSON(data, options)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return cfg, nil
}

// ConfigFromEnv is [ConfigFromFile] for the file that GOOGLE_APPLICATION_CREDENTIALS names, or else
// CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE.
func ConfigFromEnv(options *FileOptions) (Config, error) {
	for _, variable := range credentialFileVariables {
		if name := os.Getenv(variable); name != "" {
			return ConfigFromFile(name, options)
		}
	}
	return Config{}, &FieldError{Field: credentialFileVariables[0], Want: "the path of an external_account credential file"}
}

// config checks every field and builds the configuration.
func (f credentialFile) config(rules fileRules) (Config, error) {
	var faults []error
	faulty := make(map[string]bool)
	fault := func(field, found, want string) {
		if !faulty[field] {
			faulty[field] = true
			faults = append(faults, (&FieldError{Field: field, Found: shown(found), Want: want}).cleaned())
		}
	}
	cfg := Config{Audience: f.Audience, QuotaProject: f.QuotaProject}
	if f.SubjectTokenType == "" {
		fault("subject_token_type", "", AWSSubjectTokenType)
	}
	if f.Source.EnvironmentID != awsEnvironment {
		fault("credential_source.environment_id", f.Source.EnvironmentID, awsEnvironment)
	}
	universe := cmp.Or(f.UniverseDomain, defaultUniverse)
	if universe != defaultUniverse {
		cfg.UniverseDomain = universe
		if !slices.Contains(rules.universes, universe) {
			fault("universe_domain", universe, defaultUniverse+", or a domain that FileOptions.Universes allows")
		}
	}
	if f.TokenURL != "" && f.TokenURL != defaultTokenURL(universe) {
		google := func(u *url.URL) bool {
			return u.Scheme == "https" && hosts.Google(u.Hostname(), "sts", universe) &&
				(u.EscapedPath() == "/v1/token" || u.EscapedPath() == "/v1beta/token")
		}
		if _, ok := rules.token.permit(f.TokenURL, google); !ok {
			fault("token_url", shownURL(f.TokenURL), rules.token.want(defaultTokenURL(universe)))
		}
		cfg.TokenURL = f.TokenURL
	}
	if f.ImpersonationURL != "" {
		endpoint, account, ok := cutImpersonationURL(f.ImpersonationURL)
		google := func(u *url.URL) bool {
			return u.Scheme == "https" && hosts.Google(u.Hostname(), "iamcredentials", universe) && u.Path == ""
		}
		if _, permitted := rules.token.permit(endpoint, google); !ok || !permitted {
			fault("service_account_impersonation_url", shownURL(f.ImpersonationURL),
				rules.token.want(impersonationURL(defaultIAMCredentials(universe), "EMAIL")))
		}
		cfg.ServiceAccount = account
		if endpoint != defaultIAMCredentials(universe) {
			cfg.IAMCredentialsEndpoint = endpoint
		}
		if f.Impersonation != nil {
			seconds := f.Impersonation.Lifetime
			if seconds < 0 || seconds > int64(maxLifetime/time.Second) { // before it can overflow
				fault("service_account_impersonation.token_lifetime_seconds", fmt.Sprint(seconds), "1 to 43200")
			} else {
				cfg.Lifetime = time.Duration(seconds) * time.Second
			}
		}
	}
	if v := f.Source.VerificationURL; v != "" && v != defaultVerificationURL {
		aws := func(u *url.URL) bool {
			_, ok := hosts.AWSSTS(u.Hostname())
			return ok && u.Scheme == "https"
		}
		if _, ok := rules.verification.permit(strings.ReplaceAll(v, regionPlaceholder, someRegion), aws); !ok {
			fault("credential_source.regional_cred_verification_url", shownURL(v), rules.verification.want(defaultVerificationURL))
		}
		cfg.VerificationURL = v
	}
	endpoint, metadataFaults := f.Source.metadata(rules.metadata)
	cfg.MetadataEndpoint = endpoint
	faults = append(faults, metadataFaults...)
	// What holds for every Config holds for this one, under the names of the file.
	_, general := cfg.faults()
	for _, f := range general {
		fault(fieldInFile(f.Field), f.Found, f.Want)
	}
	if len(faults) > 0 {
		return Config{}, errors.Join(faults...)
	}
	return cfg, nil
}

// metadata is the root of the metadata service that the file means, "" for EC2's usual one. The
// paths are not used, since the AWS SDK has its own; another one means another kind of source.
func (s credentialSource) metadata(allowed allowedHosts) (endpoint string, faults []error) {
	for _, f := range []struct {
		field, value string
		paths        []string
	}{
		{"credential_source.url", s.URL, []string{metadataRoles, metadataRoles + "/"}},
		{"credential_source.region_url", s.RegionURL, []string{metadataZone, metadataRegion}},
		{"credential_source.imdsv2_session_token_url", s.SessionURL, []string{metadataSessions}},
	} {
		if f.value == "" {
			continue
		}
		root := ""
		for _, path := range f.paths {
			if before, found := strings.CutSuffix(f.value, path); found {
				root = before
			}
		}
		u, ok := allowed.permit(root, ec2Plain)
		switch {
		case !ok || u.Path != "" || u.RawQuery != "":
			faults = append(faults, (&FieldError{f.field, shown(shownURL(f.value)), allowed.want(ec2Metadata + f.paths[0])}).cleaned())
		case endpoint != "" && root != endpoint:
			faults = append(faults, (&FieldError{f.field, shown(shownURL(f.value)), "the same host as the other URLs of credential_source"}).cleaned())
		default:
			endpoint = root
		}
	}
	if endpoint == ec2Metadata {
		endpoint = ""
	}
	return endpoint, faults
}

func cutImpersonationURL(raw string) (endpoint, account string, ok bool) {
	const resource = "/v1/projects/-/serviceAccounts/"
	start := strings.LastIndex(raw, resource)
	if start < 0 {
		return raw, "", false
	}
	escaped, isMethod := strings.CutSuffix(raw[start+len(resource):], ":generateAccessToken")
	account, err := url.PathUnescape(escaped)
	return raw[:start], account, isMethod && err == nil && serviceAccountName(account)
}

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

// CredentialFile is the configuration as an external_account file, which gcloud and Google's
// libraries read as well as [ConfigFromFile]. It holds no secret. Credentials, Region and Scopes
// have no place in such a file: its reader has its own. Delegates have none either, and they are an
// error, since the file would not work without them.
func (c Config) CredentialFile() ([]byte, error) {
	_, err := c.validate()
	if len(c.Delegates) > 0 {
		err = errors.Join(err, (&FieldError{"Delegates", shown(strings.Join(c.Delegates, ",")), "none: a credential file cannot name them"}).cleaned())
	}
	if err != nil {
		return nil, err
	}
	d := c.withDefaults()
	metadata := cmp.Or(strings.TrimRight(c.MetadataEndpoint, "/"), ec2Metadata)
	file := credentialFile{
		UniverseDomain:   cmp.Or(c.UniverseDomain, defaultUniverse),
		Type:             externalAccount,
		Audience:         c.Audience,
		SubjectTokenType: AWSSubjectTokenType,
		TokenURL:         d.TokenURL,
		QuotaProject:     c.QuotaProject,
		Source: credentialSource{
			EnvironmentID:   awsEnvironment,
			RegionURL:       metadata + metadataZone,
			URL:             metadata + metadataRoles,
			VerificationURL: cmp.Or(c.VerificationURL, c.partitionVerificationURL(), defaultVerificationURL),
			SessionURL:      metadata + metadataSessions,
		},
	}
	if c.ServiceAccount != "" {
		file.ImpersonationURL = impersonationURL(d.IAMCredentialsEndpoint, c.ServiceAccount)
		if c.Lifetime != 0 {
			file.Impersonation = &impersonationOptions{Lifetime: int64(c.Lifetime / time.Second)}
		}
	}
	return json.MarshalIndent(file, "", "  ")
}
