package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func noEnvironment(string) string { return "" }

func TestDemoListsTheBucketsAndPrintsEveryStep(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.NoError(t, run(t.Context(), nil, noEnvironment, &stdout, &stderr))

	var steps []string
	for line := range strings.Lines(stdout.String()) {
		if step, _, ok := strings.Cut(line, " ms "); ok {
			steps = append(steps, strings.TrimRight(step[:18], " "))
			assert.Regexp(t, `^.{18} +\d+\.\d\d$`, step, "columns align")
		}
	}
	assert.Equal(t, []string{
		"no token", "made-up token",
		string(awsfed.StageCredentials), string(awsfed.StageRegion), string(awsfed.StageSubjectToken),
		string(awsfed.StageExchange), string(awsfed.StageImpersonation),
		"storage",
	}, steps)
	assert.Regexp(t, `(?m)^no token .* 401 Unauthorized$`, stdout.String())
	assert.Regexp(t, `(?m)^made-up token .* 401 Unauthorized$`, stdout.String())
	assert.Regexp(t, `(?m)^aws-credentials .* EC2 metadata, role app$`, stdout.String())
	assert.Regexp(t, `(?m)^aws-region .* EC2 metadata$`, stdout.String())
	assert.Regexp(t, `(?m)^impersonation .* aws-app@my-project\.iam\.gserviceaccount\.com$`, stdout.String())
	assert.Regexp(t, `(?m)^storage .* 3 buckets of my-project$`, stdout.String())
	assert.True(t, strings.HasSuffix(stdout.String(), "\ngs://acme-invoices\ngs://acme-orders\ngs://acme-reports\n"), stdout.String())
	assert.Empty(t, stderr.String())
}

func TestDemoIgnoresTheDevelopersOwnAWSAndLeavesItAsItWas(t *testing.T) {
	own := map[string]string{
		"AWS_ACCESS_KEY_ID":           "AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY":       "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		"AWS_PROFILE":                 "a-profile-that-does-not-exist",
		"AWS_REGION":                  "eu-central-1",
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             filepath.Join(t.TempDir(), "config"),
		"STORAGE_EMULATOR_HOST":       "127.0.0.1:1",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent",
	}
	for name, value := range own {
		t.Setenv(name, value)
	}
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), nil, noEnvironment, &stdout, io.Discard))
	assert.Contains(t, stdout.String(), "EC2 metadata, role app\n")
	for name, value := range own {
		assert.Equal(t, value, os.Getenv(name), name)
	}
}

func TestDemoPrintsNoSecret(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, noEnvironment, &out, &out))
	for what, pattern := range map[string]string{
		"a Google token":       `ya29`,
		"an AWS access key ID": `(AKIA|ASIA)`,
		"a signature":          `[0-9a-f]{64}`,
		"a signed request":     `(?i)signature|X-Amz|Authorization`,
		"a long random string": `[A-Za-z0-9+/_=-]{40}`,
	} {
		assert.False(t, regexp.MustCompile(pattern).MatchString(out.String()), "%s in:\n%s", what, out.String())
	}
}

func TestStorageOfTheDemoTakesOnlyTokensThatTheEmulatorIssued(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	buckets, err := startBuckets(cloud.Protect)
	require.NoError(t, err)
	defer buckets.Close()
	issued := func(c *awsfedtest.Cloud) string {
		ts, err := awsfed.NewTokenSource(t.Context(), c.Config())
		require.NoError(t, err)
		token, err := ts.TokenContext(t.Context())
		require.NoError(t, err)
		return token.AccessToken
	}
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"no token":                        {"", http.StatusUnauthorized},
		"a made-up token":                 {"ya29.d.made-up", http.StatusUnauthorized},
		"a token of another emulator":     {issued(awsfedtest.New(awsfedtest.Options{})), http.StatusUnauthorized},
		"a token of this emulator":        {issued(cloud), http.StatusOK},
		"such a token with a byte more":   {issued(cloud) + "x", http.StatusUnauthorized},
		"such a token without its prefix": {strings.TrimPrefix(issued(cloud), "ya29."), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			status, err := buckets.knock(t.Context(), c.token)
			require.NoError(t, err)
			assert.Equal(t, c.want, status)
		})
	}
}

func TestListingShowsTheStepThatFailed(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	fault, ok := awsfedtest.FaultByName("missing-binding")
	require.True(t, ok)
	fault.Inject(cloud)

	var out bytes.Buffer
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	err := listing{Config: cfg, Project: demoProject}.print(t.Context(), &out)
	require.ErrorIs(t, err, awsfed.ErrPermissionDenied)
	assert.Regexp(t, `(?m)^token-exchange .* federated token, from Google STS$`, out.String())
	assert.Regexp(t, `(?m)^impersonation .* failed$`, out.String())
	assert.NotContains(t, out.String(), "storage")
}

func TestCommandLineThatCannotWorkIsRefused(t *testing.T) {
	write := func(content string) string {
		name := filepath.Join(t.TempDir(), "cred.json")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		return name
	}
	broken := write(`{"type": "external_account", "audience": "//iam.googleapis.com/projects/my-project/locations/global/workloadIdentityPools/p/providers/v",
		"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request", "token_url": "https://sts.example.com/v1/token",
		"credential_source": {"environment_id": "aws2"}}`)
	key := write(`{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}`)
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want []string
	}{
		"a file with three faults is refused by their names": {
			args: []string{"-credentials", broken, "-project", "p"},
			want: []string{broken, "audience", "token_url", "credential_source.environment_id"},
		},
		"the file of the environment counts too": {
			args: []string{"-project", "p"},
			env:  map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": broken},
			want: []string{broken, "audience"},
		},
		"the flag goes before the environment": {
			args: []string{"-credentials", key, "-project", "p"},
			env:  map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": broken},
			want: []string{key, "service account key"},
		},
		"a service account key is refused by its kind": {
			args: []string{"-credentials", key, "-project", "p"},
			want: []string{"type", "service_account"},
		},
		"a file that is not there is named": {
			args: []string{"-credentials", "/nonexistent/cred.json", "-project", "p"},
			want: []string{"/nonexistent/cred.json"},
		},
		"a project is needed": {
			args: []string{"-credentials", broken},
			want: []string{"-project is missing"},
		},
		"the project of the environment will do": {
			args: []string{"-credentials", broken},
			env:  map[string]string{"GOOGLE_CLOUD_PROJECT": "p"},
			want: []string{"audience"},
		},
		"a project without a file":    {args: []string{"-project", "p"}, want: []string{"-credentials"}},
		"a demo with a file":          {args: []string{"-demo", "-credentials", broken}, want: []string{"-demo"}},
		"an argument that is no flag": {args: []string{"cred.json"}, want: []string{`"cred.json"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout bytes.Buffer
			err := run(t.Context(), c.args, func(name string) string { return c.env[name] }, &stdout, io.Discard)
			require.Error(t, err)
			for _, part := range c.want {
				assert.ErrorContains(t, err, part)
			}
			assert.NotContains(t, err.Error(), "PRIVATE KEY")
			assert.Empty(t, stdout.String(), "nothing runs")
		})
	}
}

func TestDemoFlagWinsOverTheEnvironment(t *testing.T) {
	var stdout bytes.Buffer
	file := func(string) string { return "/nonexistent/cred.json" }
	require.NoError(t, run(t.Context(), []string{"-demo"}, file, &stdout, io.Discard))
	assert.Contains(t, stdout.String(), "gs://acme-orders\n")
}

func TestHelpNamesTheFlags(t *testing.T) {
	var stderr bytes.Buffer
	err := run(t.Context(), []string{"-h"}, noEnvironment, io.Discard, &stderr)
	require.ErrorIs(t, err, flag.ErrHelp)
	for _, name := range []string{"-credentials file", "-demo", "-project ID"} {
		assert.Contains(t, stderr.String(), name)
	}
}

func TestCancelledRunEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, nil, noEnvironment, io.Discard, io.Discard)
	require.ErrorIs(t, err, context.Canceled)
}
