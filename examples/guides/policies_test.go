package guides_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// The blocks of docs/policies.md that show what is refused, and what awsfed doctor says of it.
func TestPoliciesShowWhatIsRefused(t *testing.T) {
	lifetime := policyCloud(t, "lifetime-too-long")
	cfg := lifetime.Config()
	cfg.Lifetime = 4 * time.Hour
	steps := failedSteps(t, cfg)
	require.Len(t, steps, 1)
	assert.Equal(t, awsfed.StageImpersonation, steps[0].Stage)
	recorded(t, "policies.golden", map[string]string{
		"provider": refusedProvider(t, policyCloud(t, "organization-policy")), "lifetime": printed(t, steps),
	})
}

func policyCloud(t *testing.T, fault string) *awsfedtest.Cloud {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{Account: "123456789012", Pool: "aws-pool", Provider: "prod"})
	if fault != "" {
		named, found := awsfedtest.FaultByName(fault)
		require.True(t, found)
		named.Inject(cloud)
	}
	return cloud
}

// docs/policies.md: a policy of providers is none of tokens.
func TestAPolicyOfProvidersLeavesTheExchangeAlone(t *testing.T) {
	cloud := policyCloud(t, "organization-policy")
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	report, err := awsfed.Diagnose(t.Context(), cfg, nil)
	require.NoError(t, err)
	assert.Equal(t, awsfed.VerdictPassed, report.Worst(), "the provider was there before: %s", report)
	assert.NotContains(t, strings.ToLower(report.String()), "policy", "awsfed doctor cannot know of it")
	refusedProvider(t, cloud)
}

// refusedProvider is the text with which a new provider is refused.
func refusedProvider(t *testing.T, cloud *awsfedtest.Cloud) string {
	t.Helper()
	another := awsfedtest.Provider{Provider: cloud.Provider(), Account: "123456789012"}
	another.ID = "test"
	err := cloud.AddProvider(another)
	require.Error(t, err)
	_, text, found := strings.Cut(err.Error(), "FAILED_PRECONDITION: ")
	require.True(t, found, err)
	return "FAILED_PRECONDITION: " + text
}

// docs/policies.md: one hour needs no exception.
func TestAnHourNeedsNoExceptionAndTwelveHoursDo(t *testing.T) {
	for name, test := range map[string]struct {
		lifetime time.Duration
		refused  bool
	}{
		"an hour":              {time.Hour, false},
		"an hour and a second": {time.Hour + time.Second, true},
		"twelve hours":         {12 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := policyCloud(t, "").Config()
			cfg.Lifetime = test.lifetime
			err := tokenOf(t, cfg)
			if test.refused {
				require.ErrorContains(t, err, "INVALID_ARGUMENT")
				return
			}
			require.NoError(t, err)
		})
	}
}
