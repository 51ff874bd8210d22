package awsfed_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestOneFailureIsOneWarning(t *testing.T) {
	for endpoint, want := range map[awsfedtest.Endpoint]string{
		awsfedtest.GoogleSTS:      `token=federated-token`,
		awsfedtest.IAMCredentials: `token=service-account-token`,
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Status(endpoint, http.StatusBadRequest, nil, `{"error":"invalid_target"}`))
				var log lockedBuffer
				ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				_, err := ts.Token()
				require.Error(t, err)
				synctest.Wait() // events are told after the callers
				assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
				assert.Contains(t, log.String(), want)
			})
		})
	}
}

func TestEveryHopIsReportedWithItsDuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		var events []awsfed.RefreshEvent
		ts := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) { events = append(events, event) }
		})
		token, err := ts.Token()
		require.NoError(t, err)
		synctest.Wait() // events are told after the callers
		require.Len(t, events, 2)

		federated, account := events[0], events[1]
		assert.Equal(t, awsfed.FederatedToken, federated.Kind)
		var stages []awsfed.Stage
		for _, step := range federated.Steps {
			stages = append(stages, step.Stage)
		}
		assert.Equal(t, []awsfed.Stage{awsfed.StageCredentials, awsfed.StageRegion, awsfed.StageSubjectToken, awsfed.StageExchange}, stages)
		assert.Equal(t, 150*time.Millisecond, federated.Duration)

		assert.Equal(t, awsfed.ServiceAccountToken, account.Kind)
		require.Len(t, account.Steps, 1)
		assert.Equal(t, awsfed.Step{Stage: awsfed.StageImpersonation, Duration: 150 * time.Millisecond}, account.Steps[0])
		assert.Equal(t, 300*time.Millisecond, account.Duration)
		assert.Equal(t, 1, account.Attempt)
		assert.False(t, account.Background)
		assert.Equal(t, token.Expiry, account.Expiry)
		assert.WithinRange(t, account.Next, account.Start.Add(24*time.Minute), account.Start.Add(30*time.Minute))
	})
}
