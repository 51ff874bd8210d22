package awsfedtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// CredentialSource is one of the places where the AWS SDKs look for credentials.
type CredentialSource string

// The sources that [Server.Env] can lead a client to.
const (
	// SourceEnvironment is keys in environment variables, which end after 12 h.
	SourceEnvironment CredentialSource = "environment"
	// SourceEC2Metadata is the metadata service of an EC2 instance.
	SourceEC2Metadata CredentialSource = "ec2-metadata"
	// SourceECS is the endpoint of an ECS task by its full URI.
	SourceECS CredentialSource = "ecs"
	// SourceECSRelative is the same by a relative URI, whose host the SDKs fix at 169.254.170.2.
	// The client is led here by HTTP_PROXY, which works for those that read it in a process of
	// their own: the AWS SDK for Go does so once, before the first request, and botocore never.
	// In-process, [Cloud.Client] is that host.
	SourceECSRelative CredentialSource = "ecs-relative"
	// SourceEKSPodIdentity is the endpoint of the EKS Pod Identity Agent, with the pod's token in a
	// file.
	SourceEKSPodIdentity CredentialSource = "eks-pod-identity"
	// SourceIRSA is a web identity token in a file, as IAM roles for Kubernetes service accounts
	// have it, for AssumeRoleWithWebIdentity. The token ends after 24 h.
	SourceIRSA CredentialSource = "irsa"
)

// CredentialSources returns every source that [Server.Env] knows.
func CredentialSources() []CredentialSource {
	return []CredentialSource{
		SourceEnvironment, SourceEC2Metadata, SourceECS, SourceECSRelative, SourceEKSPodIdentity, SourceIRSA,
	}
}

// foreignVariables are those by which a client would find other credentials or endpoints than the
// emulator's.
var foreignVariables = [...]string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
	"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
}

// Env returns the environment, as NAME=VALUE in the order of the names, that leads an unmodified
// AWS SDK to this server for its region, its calls of AWS STS and, from the given source, its
// credentials. Variables and shared files by which it would find others are made empty or
// os.DevNull. It names the Google project, too, since Google's clients otherwise ask Cloud Resource
// Manager for it, by its real name alone. The sources that read a token from a file get one in dir,
// which must exist and outlive the client. The result can be added to [os/exec.Cmd.Env] or set with
// testing.T.Setenv. A client that takes an empty AWS_PROFILE for a name, as boto3 does, needs the
// empty variables left out.
func (s *Server) Env(source CredentialSource, dir string) ([]string, error) {
	cloud := s.cloud.Load()
	env := make(map[string]string)
	for _, name := range foreignVariables {
		env[name] = ""
	}
	env["AWS_CONFIG_FILE"] = os.DevNull
	env["AWS_SHARED_CREDENTIALS_FILE"] = os.DevNull
	env["AWS_REGION"] = cloud.aws.Region()
	env["AWS_DEFAULT_REGION"] = cloud.aws.Region()
	env["AWS_ENDPOINT_URL_STS"] = s.URL
	env["GOOGLE_CLOUD_PROJECT"] = cloud.options.ProjectID
	env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = s.URL
	if err := s.lead(env, source, dir); err != nil {
		return nil, fmt.Errorf("awsfedtest: environment for source %q: %w", source, err)
	}
	variables := make([]string, 0, len(env))
	for name, value := range env {
		variables = append(variables, name+"="+value)
	}
	slices.Sort(variables)
	return variables, nil
}

// lead adds the variables of one source to env.
func (s *Server) lead(env map[string]string, source CredentialSource, dir string) error {
	cloud := s.cloud.Load()
	role := cloud.options.Role
	switch source {
	case SourceEnvironment:
		keys, err := cloud.aws.Session(role, "environment", 12*time.Hour)
		if err != nil {
			return err
		}
		env["AWS_ACCESS_KEY_ID"] = keys.AccessKeyID
		env["AWS_SECRET_ACCESS_KEY"] = keys.SecretAccessKey
		env["AWS_SESSION_TOKEN"] = keys.SessionToken
	case SourceEC2Metadata:
		// The endpoint of the metadata service, which is always set, is enough.
	case SourceECS:
		env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = s.URL + s.taskPath()
	case SourceECSRelative:
		env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = s.taskPath()
		env["HTTP_PROXY"], env["http_proxy"] = s.URL, s.URL
		env["NO_PROXY"], env["no_proxy"] = "", ""
	case SourceEKSPodIdentity:
		name, err := writeToken(dir, "eks-pod-identity-token", cloud.aws.PodToken())
		env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = s.URL + "/container/eks/v1/credentials"
		env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = name
		return err
	case SourceIRSA:
		arn, err := cloud.aws.RoleARN(role)
		if err != nil {
			return err
		}
		token, err := cloud.aws.WebIdentityToken(role, "system:serviceaccount:default:app", 24*time.Hour)
		if err != nil {
			return err
		}
		name, err := writeToken(dir, "irsa-token", token)
		env["AWS_ROLE_ARN"] = arn
		env["AWS_ROLE_SESSION_NAME"] = "irsa"
		env["AWS_WEB_IDENTITY_TOKEN_FILE"] = name
		return err
	default:
		return fmt.Errorf("it is none of %q", CredentialSources())
	}
	return nil
}

// writeToken writes a token that its owner alone can read. It replaces what is there, whatever its
// mode, and does not follow a link: in a directory that others can write to, one could lead
// anywhere.
func writeToken(dir, name, token string) (string, error) {
	name, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".awsfedtest-*") // O_EXCL, and mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(token)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return name, nil
}

// Config returns the configuration of a workload that finds its AWS credentials and region as the
// AWS SDK does, see [Server.Env], and reaches Google at this server.
func (s *Server) Config() awsfed.Config {
	cloud := s.cloud.Load()
	return awsfed.Config{
		Audience:               cloud.Provider().Audience(),
		ServiceAccount:         cloud.options.ServiceAccount,
		UniverseDomain:         cloud.options.configUniverse(),
		TokenURL:               s.URL + "/v1/token",
		IAMCredentialsEndpoint: s.URL,
		OAuthTokenURL:          s.URL + "/token",
		MetadataEndpoint:       s.URL,
	}
}

// CredentialFile returns the external_account file (AIP-4117) of the same workload, for Google's
// own clients in any language: EC2 metadata, token and impersonation URLs are this server's. The
// URL of GetCallerIdentity is AWS's real one, for it is Google's STS that calls it, and that of the
// emulator asks the emulator's AWS. A client that insists on the real address of EC2 metadata, as
// AIP-4117 wants, needs url, region_url and imdsv2_session_token_url taken out, and AWS credentials
// from [SourceEnvironment].
func (s *Server) CredentialFile() ([]byte, error) {
	cloud := s.cloud.Load()
	o := cloud.options
	file := map[string]any{
		"universe_domain":                   o.Universe,
		"type":                              "external_account",
		"audience":                          cloud.Provider().Audience(),
		"subject_token_type":                "urn:ietf:params:aws:token-type:aws4_request",
		"token_url":                         s.URL + "/v1/token",
		"service_account_impersonation_url": s.URL + "/v1/projects/-/serviceAccounts/" + o.ServiceAccount + ":generateAccessToken",
		"credential_source": map[string]string{
			"environment_id":                 "aws1",
			"region_url":                     s.URL + "/latest/meta-data/placement/availability-zone",
			"url":                            s.URL + "/latest/meta-data/iam/security-credentials",
			"imdsv2_session_token_url":       s.URL + "/latest/api/token",
			"regional_cred_verification_url": "https://sts.{region}." + fakeaws.DNSSuffix(o.Partition) + "?Action=GetCallerIdentity&Version=2011-06-15",
		},
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // keeps the & in the query
	encoder.SetIndent("", "  ")
	err := encoder.Encode(file)
	return []byte(b.String()), err
}
