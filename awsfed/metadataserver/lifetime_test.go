package metadataserver_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const day = 24 * time.Hour

func TestATokenIsReplacedBeforeItsLastFiveMinutes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*awsfed.Config)
		every  time.Duration
		most   int // tokens a day
	}{
		{"of an hour, asked each second", func(*awsfed.Config) {}, time.Second, 60},
		{"of an hour, asked each minute", func(*awsfed.Config) {}, time.Minute, 60},
		{"of ten minutes, asked each second", func(cfg *awsfed.Config) { cfg.Lifetime = 10 * time.Minute }, time.Second, 600},
		{"of ten minutes, asked each minute", func(cfg *awsfed.Config) { cfg.Lifetime = 10 * time.Minute }, time.Minute, 600},
		{"of an hour with a small reserve", func(cfg *awsfed.Config) { cfg.Reserve = time.Minute }, 7 * time.Second, 60},
		{"of ten minutes with a small reserve", func(cfg *awsfed.Config) { cfg.Lifetime, cfg.Reserve = 10*time.Minute, time.Minute }, 7 * time.Second, 600},
		{"of a federated identity", direct, 7 * time.Second, 60},
		{"of a federated identity with a small reserve", func(cfg *awsfed.Config) { direct(cfg); cfg.Reserve = time.Minute }, 7 * time.Second, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, 700*time.Millisecond))
				cloud.Inject(awsfedtest.Delay(awsfedtest.IAMCredentials, 700*time.Millisecond))
				h := handlerOf(t, cloud, metadataserver.Options{}, c.change)
				least := time.Hour
				for end := time.Now().Add(day); time.Now().Before(end); time.Sleep(c.every) {
					least = min(least, time.Duration(tokenOf(t, get(t, h, tokenKey)).ExpiresIn)*time.Second)
				}
				assert.GreaterOrEqual(t, least, 5*time.Minute+30*time.Second, "what is left at least")
				assert.LessOrEqual(t, max(cloud.Count(awsfedtest.GoogleSTS), cloud.Count(awsfedtest.IAMCredentials)), c.most)
				time.Sleep(3 * time.Hour)
				cloud.Wait()
			})
		})
	}
}

func TestAnOutageOfHalfAnHourFailsNoRequest(t *testing.T) {
	for phase := time.Second; phase < time.Hour; phase += 150 * time.Second {
		t.Run(phase.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				h := handlerOf(t, cloud, metadataserver.Options{})
				for _, endpoint := range []awsfedtest.Endpoint{awsfedtest.GoogleSTS, awsfedtest.IAMCredentials} {
					cloud.Inject(awsfedtest.Unavailable(endpoint).After(phase).During(30 * time.Minute))
				}
				for range 2 * 60 * 60 {
					require.Equal(t, http.StatusOK, get(t, h, tokenKey).status)
					time.Sleep(time.Second)
				}
				time.Sleep(3 * time.Hour)
				cloud.Wait()
			})
		})
	}
}

// A client keeps a token until margin before its end, by what it was told.
type client struct {
	margin   time.Duration
	token    string
	until    time.Time
	requests int
}

func (c *client) use(t *testing.T, h http.Handler) {
	if time.Now().Before(c.until.Add(-c.margin)) {
		return
	}
	c.requests++
	token := tokenOf(t, get(t, h, tokenKey))
	c.token, c.until = token.AccessToken, time.Now().Add(time.Duration(token.ExpiresIn)*time.Second)
}

func TestAClientWhoseMarginIsThatOfGoogleDoesNotHammer(t *testing.T) {
	for _, c := range []struct {
		name            string
		lifetime        time.Duration
		margin          time.Duration
		asked, requests int // of the server, and of Google
	}{
		// A client comes back margin before the end of a token of which at least half was left, and
		// of those of ten minutes at least six and a half.
		{"an hour and 3:45, as Java's", time.Hour, 225 * time.Second, 60, 60},
		{"an hour and five minutes", time.Hour, 5 * time.Minute, 60, 60},
		{"an hour and six minutes, as .NET's", time.Hour, 6 * time.Minute, 60, 60},
		{"ten minutes and 3:45", 10 * time.Minute, 225 * time.Second, 600, 600},
		{"ten minutes and five minutes", 10 * time.Minute, 5 * time.Minute, 1000, 600},
		{"ten minutes and six minutes", 10 * time.Minute, 6 * time.Minute, 3000, 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				h := handlerOf(t, cloud, metadataserver.Options{}, func(cfg *awsfed.Config) { cfg.Lifetime = c.lifetime })
				client := client{margin: c.margin}
				for range int(day / time.Second) {
					client.use(t, h)
					time.Sleep(time.Second)
				}
				t.Logf("%d requests, %d exchanges, %d impersonations", client.requests, cloud.Count(awsfedtest.GoogleSTS), cloud.Count(awsfedtest.IAMCredentials))
				assert.LessOrEqual(t, client.requests, c.asked)
				assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS), 60)
				assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), c.requests)
				time.Sleep(3 * time.Hour)
				cloud.Wait()
			})
		})
	}
}
