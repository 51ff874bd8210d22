package awsfed

import (
	"encoding/json"
	"fmt"
	"os"
)

const (
	externalAccount     = "external_account"
	impersonatedAccount = "impersonated_service_account"

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
	ClientID             string                `json:"client_id,omitempty"`
	ClientSecret         string                `json:"client_secret,omitempty"`

	around *fileAround // nil for a file that is not within another
}

type impersonationOptions struct {
	Lifetime  int64    `json:"token_lifetime_seconds,omitempty"`
	Delegates []string `json:"delegates,omitempty"` // of awsfed alone; others have them in the file around this one
}

// credentialSource is for AWS if it has an environment, and else for a token in a file or at a URL.
type credentialSource struct {
	EnvironmentID   string            `json:"environment_id,omitempty"`
	RegionURL       string            `json:"region_url,omitempty"`
	URL             string            `json:"url,omitempty"`
	VerificationURL string            `json:"regional_cred_verification_url,omitempty"`
	SessionURL      string            `json:"imdsv2_session_token_url,omitempty"`
	File            string            `json:"file,omitempty"`
	Headers         map[string]string `json:"headers,omitempty"`
	Format          *tokenFormat      `json:"format,omitempty"`
	Executable      json.RawMessage   `json:"executable,omitempty"`
	Certificate     json.RawMessage   `json:"certificate,omitempty"`
}

type tokenFormat struct {
	Type  string `json:"type"`
	Field string `json:"subject_token_field_name,omitempty"`
}

// ConfigFromJSON reads an external_account credential file, of 64 KiB at most: one for AWS, or one
// with an OpenID Connect token in a file or at a URL, which becomes the Subject and needs the leave
// of SubjectFiles or SubjectHosts. For AWS url, region_url and imdsv2_session_token_url matter only
// if they point elsewhere than EC2's own addresses: credentials come from the AWS SDK's chain,
// which knows EC2 and more.
//
// Delegates are read where Google's libraries have them, in an impersonated_service_account file
// around the other one, whose service_account_impersonation may have a token_lifetime_seconds too;
// and in delegates of service_account_impersonation, which those libraries ignore.
//
// All faults are reported at once, each as a [*FieldError] whose Field is the path in the file;
// other kinds of credential are refused by their name. Fields have their exact names: one in
// another spelling is ignored, like any other that is not known, and one that is there twice is a
// fault.
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
