package guides_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A source with tokens of one hour makes 48 to 60 requests a day:
// TestConfigReserveHasAPriceInRequests.
const least, most = 48, 60

func TestRequestsOfAFleetInADay(t *testing.T) {
	const processes, accounts = 5, 4
	for name, c := range map[string]struct {
		shared    bool
		exchanges int // in units of a source
	}{
		"each account with a federated token of its own":     {false, processes * accounts},
		"the accounts of a process with one federated token": {true, processes},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				var sources []*awsfed.TokenSource
				for range processes {
					cfg := quietly(cloud)
					if c.shared {
						cfg.ServiceAccount = ""
						federated, err := awsfed.NewTokenSource(t.Context(), cfg)
						require.NoError(t, err)
						cfg.Federated = federated
					}
					for i := range accounts {
						cfg.ServiceAccount = accountOf(t, cloud, fmt.Sprintf("app-%d", i))
						ts, err := awsfed.NewTokenSource(t.Context(), cfg)
						require.NoError(t, err)
						sources = append(sources, ts)
					}
				}
				for range 24 * 60 {
					for _, ts := range sources {
						_, err := ts.Token()
						require.NoError(t, err)
					}
					time.Sleep(time.Minute)
				}
				exchanges, impersonations := cloud.Count(awsfedtest.GoogleSTS), cloud.Count(awsfedtest.IAMCredentials)
				assert.GreaterOrEqual(t, exchanges, least*c.exchanges)
				assert.LessOrEqual(t, exchanges, most*c.exchanges)
				assert.GreaterOrEqual(t, impersonations, least*processes*accounts)
				assert.LessOrEqual(t, impersonations, most*processes*accounts)
				t.Logf("%d processes of %d accounts: %d exchanges and %d impersonations a day", processes, accounts, exchanges, impersonations)
				letTimersEnd()
			})
		})
	}
}

// accountOf adds a service account that everybody in the pool may be, if it is not there.
func accountOf(t *testing.T, cloud *awsfedtest.Cloud, name string) string {
	t.Helper()
	email := name + "@my-project.iam.gserviceaccount.com"
	_ = cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}) // an error if it is there
	require.NoError(t, cloud.Grant(email, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()))
	return email
}

// Each attempt of a source that a quota refuses waits longer than the one before, and no call fails
// while there is a token.
func TestAFleetThatUsesUpAQuotaFailsNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		var sources []*awsfed.TokenSource
		for range 20 {
			ts, err := awsfed.NewTokenSource(t.Context(), quietly(cloud))
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)
			sources = append(sources, ts)
		}
		time.Sleep(20 * time.Minute)
		for _, name := range []string{"sts-quota", "iam-quota"} {
			fault, _ := awsfedtest.FaultByName(name)
			undo := fault.Inject(cloud)
			time.AfterFunc(30*time.Minute, undo)
		}
		for range 3 * 60 {
			for _, ts := range sources {
				_, err := ts.Token()
				require.NoError(t, err)
			}
			time.Sleep(time.Minute)
		}
		letTimersEnd()
	})
}
