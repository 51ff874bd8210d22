package awsfed_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// accountOptions ask for every step about the service account.
func accountOptions() *awsfed.DiagnoseOptions {
	return &awsfed.DiagnoseOptions{IDTokenAudience: runService, Signing: true, DelegatedSubject: workspaceUser}
}

// emulated is the configuration of a workload whose Google and AWS STS are a server of the cloud.
func emulated(t *testing.T, cloud *awsfedtest.Cloud) awsfed.Config {
	t.Helper()
	server := serve(t, cloud, awsfedtest.SourceEC2Metadata)
	cfg := server.Config()
	cfg.VerificationURL = server.URL + "?Action=GetCallerIdentity&Version=2011-06-15"
	cfg.Scopes = []string{calendarScope}
	return cfg
}

func TestDiagnoseGoesThroughIDTokenSigningAndDelegation(t *testing.T) {
	report := diagnose(t, emulated(t, newWorkspace(t)), accountOptions())
	assert.Equal(t, awsfed.VerdictPassed, report.Worst(), report)
	assert.Contains(t, strings.Join(stepOf(t, report, awsfed.StageIDToken).Findings, "\n"), "audience "+runService)
	assert.Contains(t, strings.Join(stepOf(t, report, awsfed.StageSigning).Findings, "\n"), "the account signs with a token of its own")
	assert.Contains(t, strings.Join(stepOf(t, report, awsfed.StageDelegation).Findings, "\n"), "a token of "+workspaceUser)
}

func TestDiagnoseHasNoStepsThatNobodyAskedFor(t *testing.T) {
	report := diagnose(t, emulated(t, newWorkspace(t)), nil)
	for _, step := range report.Steps {
		assert.NotContains(t, []awsfed.Stage{awsfed.StageIDToken, awsfed.StageSigning, awsfed.StageDelegation}, step.Stage)
	}
}

func TestDiagnoseExplainsFaultsOfTheAccount(t *testing.T) {
	golden := readGolden(t, "diagnose.golden")
	tests := []struct {
		name  string
		stage awsfed.Stage
		fault func(t *testing.T, cloud *awsfedtest.Cloud, cfg *awsfed.Config)
	}{
		{"id-token denied", awsfed.StageIDToken, stranger},
		{"id-token without an account", awsfed.StageIDToken, func(_ *testing.T, _ *awsfedtest.Cloud, cfg *awsfed.Config) { cfg.ServiceAccount = "" }},
		{"signing denied to the account", awsfed.StageSigning, func(t *testing.T, cloud *awsfedtest.Cloud, cfg *awsfed.Config) {
			const other = "reader@my-project.iam.gserviceaccount.com"
			require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: other}))
			require.NoError(t, cloud.Grant(other, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()))
			cfg.ServiceAccount = other
		}},
		{"signing denied to the federated identity", awsfed.StageSigning, func(_ *testing.T, cloud *awsfedtest.Cloud, _ *awsfed.Config) {
			cloud.AcceptFederatedSigning(true)
		}},
		{"delegation not granted", awsfed.StageDelegation, func(t *testing.T, cloud *awsfedtest.Cloud, cfg *awsfed.Config) {
			require.NoError(t, cloud.DelegateDomain(cfg.ServiceAccount))
		}},
		{"delegation for nobody", awsfed.StageDelegation, func(t *testing.T, cloud *awsfedtest.Cloud, cfg *awsfed.Config) {
			require.NoError(t, cloud.DelegateDomain(cfg.ServiceAccount, calendarScope, awsfed.CloudPlatformScope))
			cfg.Scopes = []string{calendarScope}
		}},
	}
	var names []string
	for _, test := range tests {
		names = append(names, test.name)
		t.Run(test.name, func(t *testing.T) {
			cloud := newWorkspace(t)
			cfg := emulated(t, cloud)
			test.fault(t, cloud, &cfg)
			options := accountOptions()
			if test.name == "delegation for nobody" {
				options.DelegatedSubject = "nobody@example.com"
			}
			report := diagnose(t, cfg, options)
			step := stepOf(t, report, test.stage)
			assert.Equal(t, awsfed.VerdictFailed, step.Verdict)
			assert.Error(t, step.Err)
			golden.compare(t, test.name, fmt.Sprintf("%s %s\n\n%s\n\n%s\n", step.Stage, step.Verdict, strings.Join(step.Findings, "\n"), indent(step.Hint)))
		})
	}
	golden.hasSections(t, names)
}

// stranger is an account that the caller may do nothing with.
func stranger(t *testing.T, cloud *awsfedtest.Cloud, cfg *awsfed.Config) {
	t.Helper()
	cfg.ServiceAccount = "stranger@my-project.iam.gserviceaccount.com"
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: cfg.ServiceAccount}))
}

func TestDiagnoseGetsAFederatedTokenOfItsOwn(t *testing.T) {
	cfg := emulated(t, newWorkspace(t))
	cfg.Federated = cached(t, fails(errors.New("no token")))
	report := diagnose(t, cfg, nil)
	assert.Equal(t, awsfed.VerdictPassed, stepOf(t, report, awsfed.StageExchange).Verdict)
	assert.Equal(t, awsfed.VerdictPassed, stepOf(t, report, awsfed.StageImpersonation).Verdict)
}
