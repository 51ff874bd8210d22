package examples_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2/google"
	"golang.org/x/oauth2/google/externalaccount"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A library is one of Google's ways from a credential file to a token. It knows
// nothing of awsfed.
type library func(t *testing.T, file []byte) (token string, expiry time.Time, err error)

// libraries are all the ways that Google's Go libraries have.
var libraries = map[string]library{
	"auth/credentials NewCredentialsFromJSON": func(_ *testing.T, file []byte) (string, time.Time, error) {
		return fromAuth(credentials.NewCredentialsFromJSON(credentials.ExternalAccount, file, detectOptions()))
	},
	"auth/credentials DetectDefault": func(t *testing.T, file []byte) (string, time.Time, error) {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", writeFile(t, file))
		return fromAuth(credentials.DetectDefault(detectOptions()))
	},
	"oauth2/google CredentialsFromJSON": func(t *testing.T, file []byte) (string, time.Time, error) {
		return fromOAuth2(google.CredentialsFromJSONWithType(t.Context(), file, google.ExternalAccount, awsfed.CloudPlatformScope))
	},
	"oauth2/google FindDefaultCredentials": func(t *testing.T, file []byte) (string, time.Time, error) {
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", writeFile(t, file))
		return fromOAuth2(google.FindDefaultCredentials(t.Context(), awsfed.CloudPlatformScope))
	},
	"oauth2/google/externalaccount": func(t *testing.T, file []byte) (string, time.Time, error) {
		var fields struct {
			Audience         string                           `json:"audience"`
			SubjectTokenType string                           `json:"subject_token_type"`
			TokenURL         string                           `json:"token_url"`
			ImpersonationURL string                           `json:"service_account_impersonation_url"`
			Source           externalaccount.CredentialSource `json:"credential_source"`
		}
		require.NoError(t, json.Unmarshal(file, &fields))
		source, err := externalaccount.NewTokenSource(t.Context(), externalaccount.Config{
			Audience:                       fields.Audience,
			SubjectTokenType:               fields.SubjectTokenType,
			TokenURL:                       fields.TokenURL,
			ServiceAccountImpersonationURL: fields.ImpersonationURL,
			CredentialSource:               &fields.Source,
			Scopes:                         []string{awsfed.CloudPlatformScope},
		})
		return fromOAuth2(&google.Credentials{TokenSource: source}, err)
	},
}

func detectOptions() *credentials.DetectOptions {
	return &credentials.DetectOptions{Scopes: []string{awsfed.CloudPlatformScope}}
}

func fromAuth(found *auth.Credentials, err error) (string, time.Time, error) {
	if err != nil {
		return "", time.Time{}, err
	}
	token, err := found.Token(context.Background())
	if err != nil {
		return "", time.Time{}, err
	}
	return token.Value, token.Expiry, nil
}

func fromOAuth2(found *google.Credentials, err error) (string, time.Time, error) {
	if err != nil {
		return "", time.Time{}, err
	}
	token, err := found.TokenSource.Token()
	if err != nil {
		return "", time.Time{}, err
	}
	return token.AccessToken, token.Expiry, nil
}

// googlesSources are the places where Google's libraries look for AWS credentials.
// They know no others.
var googlesSources = []awsfedtest.CredentialSource{awsfedtest.SourceEnvironment, awsfedtest.SourceEC2Metadata}

func TestGooglesLibrariesGetATokenFromTheCredentialFile(t *testing.T) {
	for _, source := range googlesSources {
		for name, token := range libraries {
			t.Run(name+" with credentials from "+string(source), func(t *testing.T) {
				cloud, server := start(t, source, awsfedtest.Options{})
				file, err := server.CredentialFile()
				require.NoError(t, err)
				value, expiry, err := token(t, file)
				require.NoError(t, err)
				access, err := cloud.Check(value)
				require.NoError(t, err)
				assert.Equal(t, cloud.Config().ServiceAccount, access.Principal)
				assert.WithinDuration(t, access.Expires, expiry, time.Second)
				assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
				assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
			})
		}
	}
}

func TestGooglesLibrariesFindTheRegionInEC2Metadata(t *testing.T) {
	for name, token := range libraries {
		t.Run(name, func(t *testing.T) {
			cloud, server := start(t, awsfedtest.SourceEC2Metadata, awsfedtest.Options{Region: "eu-west-1"})
			t.Setenv("AWS_REGION", "")
			t.Setenv("AWS_DEFAULT_REGION", "")
			file, err := server.CredentialFile()
			require.NoError(t, err)
			_, _, err = token(t, file)
			require.NoError(t, err)
			assert.Equal(t, "sts.eu-west-1.amazonaws.com", replayedTo(cloud))
		})
	}
}

func TestGooglesLibrariesReadTheFileThatAConfigWrites(t *testing.T) {
	for name, token := range libraries {
		t.Run(name+" for a service account", func(t *testing.T) {
			cloud, server := start(t, awsfedtest.SourceEnvironment, awsfedtest.Options{})
			cfg := server.Config()
			cfg.Lifetime = 20 * time.Minute
			file, err := cfg.CredentialFile()
			require.NoError(t, err)
			value, expiry, err := token(t, file)
			require.NoError(t, err)
			access, err := cloud.Check(value)
			require.NoError(t, err)
			assert.Equal(t, cloud.Config().ServiceAccount, access.Principal)
			if !strings.HasSuffix(name, "externalaccount") { // whose Config is not a file and gets no lifetime here
				assert.WithinDuration(t, time.Now().Add(20*time.Minute), expiry, time.Minute)
			}
		})
		t.Run(name+" for direct access", func(t *testing.T) {
			cloud, server := start(t, awsfedtest.SourceEnvironment, awsfedtest.Options{})
			cfg := server.Config()
			cfg.ServiceAccount = ""
			file, err := cfg.CredentialFile()
			require.NoError(t, err)
			value, _, err := token(t, file)
			require.NoError(t, err)
			access, err := cloud.Check(value)
			require.NoError(t, err)
			assert.Equal(t, cloud.Provider().Subject(environmentARN), access.Principal)
			assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
		})
	}
}

// environmentARN is the identity of keys from [awsfedtest.SourceEnvironment].
const environmentARN = "arn:aws:sts::123456789012:assumed-role/app/environment"

func TestGooglesLibrariesReportWhatTheServicesAnswer(t *testing.T) {
	for fault, want := range map[string]string{
		"pool-disabled":   "invalid_target",
		"condition-false": "The given credential is rejected by the attribute condition.",
		"missing-binding": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
		"bad-signature":   "SignatureDoesNotMatch",
	} {
		for name, token := range libraries {
			t.Run(fault+" in "+name, func(t *testing.T) {
				cloud, server := start(t, awsfedtest.SourceEnvironment, awsfedtest.Options{})
				file, err := server.CredentialFile()
				require.NoError(t, err)
				named, ok := awsfedtest.FaultByName(fault)
				require.True(t, ok)
				undo := named.Inject(cloud)
				_, _, err = token(t, file)
				require.ErrorContains(t, err, want)
				undo()
				_, _, err = token(t, file)
				require.NoError(t, err, "the fault is gone")
			})
		}
	}
}

// start serves a cloud and leads this process's AWS environment to it.
func start(t *testing.T, source awsfedtest.CredentialSource, options awsfedtest.Options) (*awsfedtest.Cloud, *awsfedtest.Server) {
	t.Helper()
	cloud := awsfedtest.New(options)
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	variables, err := server.Env(source, t.TempDir())
	require.NoError(t, err)
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	return cloud, server
}

// replayedTo is the host to which Google's STS sent the last signed request.
func replayedTo(cloud *awsfedtest.Cloud) string {
	for _, r := range slices.Backward(cloud.Requests()) {
		if r.Replayed {
			return r.Host
		}
	}
	return ""
}

func writeFile(t *testing.T, content []byte) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "cred.json")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	return name
}
