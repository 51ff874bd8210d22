package guides_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// quietly is the configuration of a workload whose failures a test brings about.
func quietly(cloud *awsfedtest.Cloud) awsfed.Config {
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

func bringAbout(t *testing.T, cloud *awsfedtest.Cloud, name string) {
	t.Helper()
	fault, ok := awsfedtest.FaultByName(name)
	require.True(t, ok, name)
	fault.Inject(cloud)
}

// letTimersEnd is for the end of a bubble: nobody holds a token any more, so no refresh is due.
func letTimersEnd() { time.Sleep(3 * time.Hour) }

// The measures are faults of the catalogue: to take an identity its tokens away is, for the one
// that has it, a fault.
func TestWhatStopsASourceInUseAndHowSoon(t *testing.T) {
	for name, c := range map[string]struct {
		measure     string
		direct      bool // without a service account
		least, most time.Duration
	}{
		"the binding on the account is removed":              {measure: "missing-binding", least: 29 * time.Minute, most: time.Hour},
		"the provider is disabled":                           {measure: "provider-disabled", least: time.Hour, most: 2 * time.Hour},
		"the provider is disabled, with direct access":       {measure: "provider-disabled", direct: true, least: 29 * time.Minute, most: time.Hour},
		"the pool is disabled":                               {measure: "pool-disabled", least: 29 * time.Minute, most: time.Hour},
		"the pool is disabled, with direct access":           {measure: "pool-disabled", direct: true},
		"the condition refuses the identity":                 {measure: "condition-false", least: time.Hour, most: 2 * time.Hour},
		"AWS does not know the keys any more":                {measure: "aws-keys-invalid", least: time.Hour, most: 2 * time.Hour},
		"AWS does not know the keys, and access is direct":   {measure: "aws-keys-invalid", direct: true, least: 29 * time.Minute, most: time.Hour},
		"the condition refuses, and access is direct":        {measure: "condition-false", direct: true, least: 29 * time.Minute, most: time.Hour},
		"the session of AWS has ended, and gives no new one": {measure: "aws-keys-expired", least: time.Hour, most: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			for age := time.Duration(0); age < time.Hour; age += 7 * time.Minute {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					cfg := quietly(cloud)
					if c.direct {
						cfg.ServiceAccount = ""
					}
					ts, err := awsfed.NewTokenSource(t.Context(), cfg)
					require.NoError(t, err)
					use := func() error {
						token, err := ts.Token()
						if err == nil {
							_, err = cloud.Check(token.AccessToken) // as a Google API does
						}
						return err
					}
					for range age / time.Minute {
						require.NoError(t, use())
						time.Sleep(time.Minute)
					}
					require.NoError(t, use())
					bringAbout(t, cloud, c.measure)
					start := time.Now()
					for use() == nil {
						time.Sleep(10 * time.Second)
					}
					assert.GreaterOrEqual(t, time.Since(start), c.least)
					assert.LessOrEqual(t, time.Since(start), c.most)
					letTimersEnd()
				})
			}
		})
	}
}

// A fixed token, as somebody has it who took it.
type taken struct{ token *oauth2.Token }

func (t taken) TokenContext(context.Context) (*oauth2.Token, error) { return t.token, nil }

func TestAFederatedTokenThatWasTakenLivesOnAfterMostMeasures(t *testing.T) {
	for name, c := range map[string]struct {
		measure string
		mints   bool
	}{
		"the provider is disabled":              {"provider-disabled", true},
		"the provider is deleted":               {"provider-deleted", true},
		"AWS does not know the keys any more":   {"aws-keys-invalid", true},
		"the condition refuses the identity":    {"condition-false", true},
		"the binding on the account is removed": {"missing-binding", false},
		"the pool is disabled":                  {"pool-disabled", false},
		"the pool is deleted":                   {"pool-deleted", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cfg := quietly(cloud)
				account := cfg.ServiceAccount
				cfg.ServiceAccount = ""
				ts, err := awsfed.NewTokenSource(t.Context(), cfg)
				require.NoError(t, err)
				federated, err := ts.Token()
				require.NoError(t, err)
				bringAbout(t, cloud, c.measure)

				time.Sleep(time.Until(federated.Expiry) - 15*time.Second)
				cfg.ServiceAccount = account
				thief, err := awsfed.NewImpersonator(cfg, taken{federated})
				require.NoError(t, err)
				token, err := thief.TokenContext(t.Context())
				if !c.mints {
					require.Error(t, err)
					return
				}
				require.NoError(t, err)
				time.Sleep(59 * time.Minute)
				_, err = cloud.Check(token.AccessToken)
				assert.NoError(t, err, "an hour and 58 minutes after the measure")
				time.Sleep(2 * time.Minute)
				_, err = cloud.Check(token.AccessToken)
				assert.Error(t, err)
			})
		})
	}
}

func TestATokenOfAServiceAccountOutlivesItsBindingAndThePool(t *testing.T) {
	for _, measure := range []string{"missing-binding", "pool-disabled", "pool-deleted", "provider-disabled"} {
		t.Run(measure, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				ts, err := awsfed.NewTokenSource(t.Context(), quietly(cloud))
				require.NoError(t, err)
				token, err := ts.Token()
				require.NoError(t, err)
				bringAbout(t, cloud, measure)
				time.Sleep(59 * time.Minute)
				_, err = cloud.Check(token.AccessToken)
				assert.NoError(t, err)
				letTimersEnd()
			})
		})
	}
}

// A source finds by itself that it may have tokens again.
func TestASourceIsBackSoonAfterAMeasureIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts, err := awsfed.NewTokenSource(t.Context(), quietly(cloud))
		require.NoError(t, err)
		fault, _ := awsfedtest.FaultByName("missing-binding")
		undo := fault.Inject(cloud)
		for range 60 {
			_, err = ts.Token()
			require.Error(t, err)
			time.Sleep(time.Minute)
		}
		undo()
		start := time.Now()
		for {
			if _, err = ts.Token(); err == nil {
				break
			}
			time.Sleep(time.Second)
		}
		assert.LessOrEqual(t, time.Since(start), 65*time.Second)
		letTimersEnd()
	})
}
