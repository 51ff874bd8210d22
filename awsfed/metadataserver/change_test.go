package metadataserver_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const (
	waiting = "?wait_for_change=true"
	project = v1 + "/project/project-id"
)

// took is how long a request for target waits, and its answer.
func took(t *testing.T, h http.Handler, target string) (time.Duration, response) {
	t.Helper()
	start := time.Now()
	r := get(t, h, target)
	return time.Since(start), r
}

func TestARequestWaitsForAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		first := get(t, h, tokenKey)
		etag := first.header.Get("ETag")
		for _, c := range []struct {
			name, target string
			want         time.Duration
		}{
			{"another value is known already", tokenKey + waiting + "&last_etag=0", 0},
			{"another value is known of a key that never changes", project + waiting + "&last_etag=0", 0},
			{"the time is over at once", tokenKey + waiting + "&timeout_sec=0", 0},
			{"the time is over", tokenKey + waiting + "&timeout_sec=7", 7 * time.Second},
			{"the time is over with a value that is known", tokenKey + waiting + "&timeout_sec=7&last_etag=" + etag, 7 * time.Second},
			{"the time is over of a directory", v1 + "/" + waiting + "&recursive=true&timeout_sec=7", 7 * time.Second},
			{"waiting is not asked for", tokenKey + "?wait_for_change=false&timeout_sec=7", 0},
			{"waiting is not asked for, and a value is known", tokenKey + "?last_etag=" + etag, 0},
			{"words for true", project + "?wait_for_change=YES&timeout_sec=3", 3 * time.Second},
		} {
			waited, r := took(t, h, c.target)
			assert.Equal(t, c.want, waited, c.name)
			assert.Equal(t, http.StatusOK, r.status, c.name)
			assert.Len(t, r.header["Etag"], 1, c.name)
		}
		for _, seconds := range []string{"-1", "1.5", "1s", "x", "99999999999999999999"} {
			assert.Equal(t, http.StatusBadRequest, get(t, h, project+waiting+"&timeout_sec="+seconds).status, seconds)
		}
		assert.Equal(t, http.StatusNotFound, get(t, h, v1+"/instance/zone"+waiting).status)
		assert.Equal(t, http.StatusMovedPermanently, get(t, h, v1+"/instance"+waiting).status)
		assert.Equal(t, http.StatusBadRequest, get(t, h, identityKey+waiting).status)

		waited, r := took(t, h, tokenKey+waiting)
		assert.NotEqual(t, etag, r.header.Get("ETag"), "until the token is replaced")
		assert.Less(t, waited, 31*time.Minute)
		assert.Greater(t, waited, 20*time.Minute)
		assert.Equal(t, tokenOf(t, r).AccessToken, tokenOf(t, get(t, h, tokenKey)).AccessToken)
		waited, again := took(t, h, tokenKey+waiting+"&last_etag="+etag)
		assert.Equal(t, r.header, again.header, "it was replaced before")
		assert.Zero(t, waited)
		time.Sleep(3 * time.Hour)
		cloud.Wait()
	})
}

func TestAFollowerOfATokenSeesEachOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		last := "0"
		tokens := 0
		for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); tokens++ {
			r := get(t, h, tokenKey+waiting+"&last_etag="+last)
			require.NotEqual(t, last, r.header.Get("ETag"))
			require.Greater(t, tokenOf(t, r).ExpiresIn, 300)
			last = r.header.Get("ETag")
		}
		assert.LessOrEqual(t, tokens, 61, "it waits between them")
		assert.Equal(t, cloud.Count(awsfedtest.IAMCredentials), tokens)
		time.Sleep(3 * time.Hour)
		cloud.Wait()
	})
}

func TestAClientThatLeavesWaitsNoLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		for range 1000 { // ten times as many as may wait at once
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			r := getWithin(ctx, h, project+waiting)
			cancel()
			require.Equal(t, http.StatusOK, r.status)
		}
		cloud.Wait()
	})
}

// waiters ask for target, as many as there are, and tell how many got which status.
func waiters(t *testing.T, h http.Handler, count int, target string) (statuses func() map[int]int) {
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range count {
		all.Go(func() {
			r := getWithin(t.Context(), h, target)
			mu.Lock()
			defer mu.Unlock()
			got[r.status]++
		})
	}
	synctest.Wait()
	return func() map[int]int { all.Wait(); return got }
}

func TestAHundredRequestsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
		statuses := waiters(t, h, 103, project+waiting+"&timeout_sec=60")
		assert.Equal(t, http.StatusOK, get(t, h, project).status, "others are answered")
		assert.Equal(t, http.StatusServiceUnavailable, get(t, h, project+waiting).status)
		assert.Equal(t, map[int]int{http.StatusOK: 100, http.StatusServiceUnavailable: 3}, statuses())
		assert.Equal(t, http.StatusOK, get(t, h, project+waiting+"&timeout_sec=1").status, "there is room again")
	})
}

func TestAnotherIdentityIsAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := severalAccounts(t)
		h := handlerOf(t, cloud, metadataserver.Options{})
		byDefault := waiters(t, h, 10, accounts+"/default/email"+waiting)
		byEmail := waiters(t, h, 10, accounts+"/"+appAccount+"/email"+waiting)
		listing := waiters(t, h, 10, accounts+"/"+waiting)
		universe := waiters(t, h, 10, v1+"/universe/universe-domain"+waiting+"&timeout_sec=3600")
		start := time.Now()
		require.NoError(t, h.Replace(t.Context(), identityOf(cloud, func(cfg *awsfed.Config) { cfg.ServiceAccount = reader })))
		assert.Equal(t, map[int]int{http.StatusOK: 10}, byDefault())
		assert.Equal(t, map[int]int{http.StatusNotFound: 10}, byEmail(), "it is not there any more")
		assert.Equal(t, map[int]int{http.StatusOK: 10}, listing())
		assert.Zero(t, time.Since(start))
		assert.Equal(t, map[int]int{http.StatusOK: 10}, universe())
		assert.Equal(t, time.Hour, time.Since(start), "it is the same as before")
		cloud.Wait()
	})
}

func TestAServerLetsWaitAsLongAsItIsAsked(t *testing.T) {
	for _, seconds := range []int{1, 10, 40, 600} {
		t.Run(fmt.Sprint(seconds), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
				l, stop := serveBubble(t, h)
				conn := l.dial()
				for range 2 { // on one connection
					start := time.Now()
					answer := ask(t, conn, project+waiting+fmt.Sprintf("&timeout_sec=%d", seconds))
					body, err := io.ReadAll(answer.Body)
					require.NoError(t, err)
					assert.Equal(t, time.Duration(seconds)*time.Second, time.Since(start))
					assert.Equal(t, "my-project", string(body))
				}
				require.NoError(t, conn.Close())
				stop()
			})
		})
	}
}

func TestAServerWaitsForATokenThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, 8*time.Second))
		l, stop := serveBubble(t, handlerOf(t, cloud, metadataserver.Options{}))
		conn := l.dial()
		answer := ask(t, conn, tokenKey)
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		require.NoError(t, answer.Body.Close())
		require.NoError(t, conn.Close())
		stop()
		time.Sleep(3 * time.Hour)
		cloud.Wait()
	})
}

func TestAServerThatStopsEndsTheWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
		l, stop := serveBubble(t, h)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				conn := l.dial()
				answer := ask(t, conn, project+waiting)
				assert.Equal(t, http.StatusOK, answer.StatusCode)
				assert.NoError(t, answer.Body.Close())
				assert.NoError(t, conn.Close())
			})
		}
		synctest.Wait()
		start := time.Now()
		stop()
		all.Wait()
		assert.Less(t, time.Since(start), time.Second, "Shutdown looks again after some milliseconds")
		waited, r := took(t, h, project+waiting)
		assert.Zero(t, waited, "who comes later gets what there is")
		assert.Equal(t, http.StatusOK, r.status)
	})
}

func TestAServerNoticesAClientThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
		l, stop := serveBubble(t, h)
		for range 300 {
			conn := l.dial()
			require.NoError(t, requestFor(t.Context(), http.MethodGet, project+waiting).Write(conn))
			synctest.Wait()
			require.NoError(t, conn.Close())
			synctest.Wait()
		}
		assert.Equal(t, http.StatusOK, get(t, h, project+waiting+"&timeout_sec=1").status, "none of them waits")
		stop()
	})
}
