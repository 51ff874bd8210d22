package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"testing"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	authdownscope "cloud.google.com/go/auth/credentials/downscope"
	"cloud.google.com/go/auth/credentials/idtoken"
	"cloud.google.com/go/auth/credentials/impersonate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/downscope"
	"golang.org/x/oauth2/google/externalaccount"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// goProgram is the variable that makes the test's binary the program of a Go client: like every
// client it is in a process of its own, whose environment leads to the emulator.
const goProgram = "CONFORMANCE_GO_CLIENT"

func TestMain(m *testing.M) {
	if program := os.Getenv(goSpeaker); program != "" {
		if err := goSpeak(program, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	program, ok := goPrograms[os.Getenv(goProgram)]
	if !ok {
		code := m.Run()
		built.remove()
		os.Exit(code)
	}
	var a assignment
	err := json.Unmarshal([]byte(os.Getenv("ASKED")), &a)
	if err == nil {
		var got result
		if got, err = program(context.Background(), a); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(got)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

var goPrograms = map[string]func(context.Context, assignment) (result, error){
	"awsfed": askAWSFed, "oauth2": askOAuth2, "auth": askAuth, "impersonate": askImpersonate,
}

func goClients() []client {
	all := []client{
		goClient("awsfed", "awsfed", "github.com/awsfed/awsfed-go", nil, map[column]string{
			downscoping: "Google's packages narrow its tokens: examples/downscope_test.go",
		}),
		goClient("Go, golang.org/x/oauth2", "oauth2", "golang.org/x/oauth2", noTaskCredentials("unable to determine"), map[column]string{
			idToken: "packages google and externalaccount have none; google.golang.org/api/idtoken leaves it to cloud.google.com/go/auth",
			signing: "packages google and externalaccount have nothing that signs; cloud.google.com/go/storage calls signBlob itself",
		}),
		goClient("Go, cloud.google.com/go/auth", "auth", "cloud.google.com/go/auth", noTaskCredentials("unable to determine"), map[column]string{
			signing: "no package signs by itself; cloud.google.com/go/storage calls signBlob with its tokens",
		}),
	}
	all[2].fails = map[column]refusal{idToken: authIDToken}
	return all
}

// authIDToken is a fault of version 0.24.3 for external_account files: package idtoken gives
// package impersonate an HTTP client without credentials, which that takes for one with them.
var authIDToken = refusal{"CREDENTIALS_MISSING", "idtoken.NewCredentialsFromJSON asks generateIdToken without a token" +
	" unless it gets an authenticated HTTP client; impersonate.NewIDTokenCredentials works"}

func goClient(name, program, module string, refuses map[column]refusal, lacks map[column]string) client {
	return client{
		name: name, refuses: refuses, lacks: lacks,
		missing: func() (string, bool) { return "", true },
		version: goModuleVersion(module),
		try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
			t.Helper()
			file, _ := w.CredentialFile(t, c)
			self, err := os.Executable()
			require.NoError(t, err)
			env := append(w.Env(t, source), goProgram+"="+program, "GOOGLE_APPLICATION_CREDENTIALS="+file, w.asked(t, c, 0))
			out, err := run(t, env, self)
			return parse(t, out, err)
		},
	}
}

// goModuleVersion reads the version in go.mod.
func goModuleVersion(module string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		text, err := os.ReadFile("go.mod")
		require.NoError(t, err)
		version := regexp.MustCompile(`\t` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(string(text))
		require.NotNil(t, version)
		if version[1] == "v0.0.0" {
			return "of this repository"
		}
		return version[1]
	}
}

func askAWSFed(ctx context.Context, a assignment) (result, error) {
	cfg, err := awsfed.ConfigFromEnv(&awsfed.FileOptions{TokenHosts: a.Hosts, MetadataHosts: a.Hosts})
	if err != nil {
		return result{}, err
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	if a.Column == signing {
		signer, err := awsfed.NewSigner(ctx, cfg)
		if err != nil {
			return result{}, err
		}
		signature, _, err := signer.SignBlob(ctx, []byte(a.Payload))
		return signed(signature), err
	}
	newSource := awsfed.NewTokenSource
	if a.Column == idToken {
		newSource = func(ctx context.Context, cfg awsfed.Config) (*awsfed.TokenSource, error) {
			return awsfed.NewIDTokenSource(ctx, cfg, a.Audience)
		}
	}
	ts, err := newSource(ctx, cfg)
	if err != nil {
		return result{}, err
	}
	return fromTokenSource(ts)
}

func fromTokenSource(ts oauth2.TokenSource) (result, error) {
	token, err := ts.Token()
	if err != nil {
		return result{}, err
	}
	return result{Token: token.AccessToken}, nil
}

func askOAuth2(ctx context.Context, a assignment) (result, error) {
	file, err := os.ReadFile(os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"))
	if err != nil {
		return result{}, err
	}
	ts, err := oauth2Source(ctx, file)
	if err == nil && a.Column == downscoping {
		ts, err = downscope.NewTokenSource(ctx, downscope.DownscopingConfig{RootSource: ts, Rules: []downscope.AccessBoundaryRule{
			{AvailableResource: a.Resource, AvailablePermissions: []string{a.Permission}},
		}})
	}
	if err != nil {
		return result{}, err
	}
	return fromTokenSource(ts)
}

func askAuth(ctx context.Context, a assignment) (result, error) {
	file, err := os.ReadFile(os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"))
	if err != nil {
		return result{}, err
	}
	var found *auth.Credentials
	switch a.Column {
	case idToken:
		found, err = idtoken.NewCredentialsFromJSON(credentials.ExternalAccount, file, &idtoken.Options{Audience: a.Audience})
	case downscoping:
		root, rootErr := authCredentials(file)
		narrow, narrowErr := authdownscope.NewCredentials(&authdownscope.Options{Credentials: root,
			Rules: []authdownscope.AccessBoundaryRule{{AvailableResource: a.Resource, AvailablePermissions: []string{a.Permission}}}})
		found, err = narrow, errors.Join(rootErr, narrowErr)
	default:
		found, err = authCredentials(file)
	}
	if err != nil {
		return result{}, err
	}
	token, err := found.Token(ctx)
	if err != nil {
		return result{}, err
	}
	return result{Token: token.Value}, nil
}

// askImpersonate gets an ID token where package idtoken does not: see authIDToken.
func askImpersonate(ctx context.Context, a assignment) (result, error) {
	file, err := os.ReadFile(os.Getenv("GOOGLE_APPLICATION_CREDENTIALS"))
	if err != nil {
		return result{}, err
	}
	root, err := authCredentials(file)
	if err != nil {
		return result{}, err
	}
	found, err := impersonate.NewIDTokenCredentials(&impersonate.IDTokenOptions{
		Credentials: root, TargetPrincipal: a.Account, Audience: a.Audience, IncludeEmail: true,
	})
	if err != nil {
		return result{}, err
	}
	token, err := found.Token(ctx)
	if err != nil {
		return result{}, err
	}
	return result{Token: token.Value}, nil
}

func TestPackageImpersonateOfGoAuthGivesTheIDTokenThatPackageIDTokenDoesNot(t *testing.T) {
	w := newWorld(t)
	c := goClient("", "impersonate", "cloud.google.com/go/auth", nil, nil)
	got, err := c.try(t, w, idToken, awsfedtest.SourceEnvironment)
	require.NoError(t, err)
	assert.NoError(t, w.verify(t, idToken, awsfedtest.SourceEnvironment, got))
	assert.Empty(t, w.Proxy.Stray())
}

// oauth2Source and authCredentials are what Google's two Go libraries make of an external_account
// file.
func oauth2Source(ctx context.Context, file []byte) (oauth2.TokenSource, error) {
	var fields struct {
		Audience         string                           `json:"audience"`
		SubjectTokenType string                           `json:"subject_token_type"`
		TokenURL         string                           `json:"token_url"`
		ImpersonationURL string                           `json:"service_account_impersonation_url"`
		Source           externalaccount.CredentialSource `json:"credential_source"`
	}
	if err := json.Unmarshal(file, &fields); err != nil {
		return nil, err
	}
	return externalaccount.NewTokenSource(ctx, externalaccount.Config{
		Audience: fields.Audience, SubjectTokenType: fields.SubjectTokenType, TokenURL: fields.TokenURL,
		ServiceAccountImpersonationURL: fields.ImpersonationURL, CredentialSource: &fields.Source,
		Scopes: []string{awsfed.CloudPlatformScope},
	})
}

func authCredentials(file []byte) (*auth.Credentials, error) {
	return credentials.NewCredentialsFromJSON(credentials.ExternalAccount, file,
		&credentials.DetectOptions{Scopes: []string{awsfed.CloudPlatformScope}})
}
