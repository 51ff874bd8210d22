package awsfed_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// brokenTokens are tokens that cannot stand in an Authorization header, or should not.
var brokenTokens = map[string]string{
	"a line break":         "ya29.broken\nX-Injected: 1",
	"a carriage return":    "ya29.broken\r\nX-Injected: 1",
	"a line break at last": "ya29.broken\n",
	"a NUL":                "ya29.broken\x00",
	"DEL":                  "ya29.broken\x7f",
	"a blank":              "ya29.broken token",
	"a blank at first":     " ya29.broken",
	"a tab":                "ya29.broken\t",
	"blanks alone":         "   ",
	"another alphabet":     "ya29.brøken",
	"C1":                   "ya29.broken\u0085",
	"a byte too long":      strings.Repeat("x", 16<<10+1),
	"900 kB":               strings.Repeat("x", 900_000),
}

func TestTokenThatNoHeaderCarriesIsNotTaken(t *testing.T) {
	for name, token := range brokenTokens {
		t.Run(name, func(t *testing.T) {
			_, err := exchangeOnce(t, answering(200, exchangeAnswer(token)))
			assert.Equal(t, awsfed.StageExchange, invalidAnswer(t, err).Stage)
			_, err = impersonateOnce(t, answering(200, impersonationAnswer(token)))
			assert.Equal(t, awsfed.StageImpersonation, invalidAnswer(t, err).Stage)
		})
	}
	t.Run("invalid UTF-8", func(t *testing.T) {
		_, err := exchangeOnce(t, answering(200, exchangeAnswer("ya29.\x01broken")))
		invalidAnswer(t, err)
		_, err = exchangeOnce(t, answering(200, strings.Replace(goodExchange, "ya29.d.x", "ya29.\xff", 1)))
		invalidAnswer(t, err)
		_, err = exchangeOnce(t, answering(200, strings.Replace(goodExchange, "ya29.d.x", `ya29.\ud800`, 1)))
		invalidAnswer(t, err)
	})
}

func TestTokenOf16KiBIsTaken(t *testing.T) {
	longest := strings.Repeat("!~", 8<<10)
	token, err := exchangeOnce(t, answering(200, exchangeAnswer(longest)))
	require.NoError(t, err)
	assert.Equal(t, longest, token.AccessToken)
	token, err = impersonateOnce(t, answering(200, impersonationAnswer(longest)))
	require.NoError(t, err)
	assert.Equal(t, longest, token.AccessToken)
}

func TestTokenOfAnotherSourceThatIsBrokenIsNotServed(t *testing.T) {
	for name, broken := range brokenTokens {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				ts, err := awsfed.NewCachedTokenSource(sourceFunc(func(context.Context) (*oauth2.Token, error) {
					token := tokenFor(time.Minute)
					if calls++; calls == 1 {
						token.AccessToken = broken
					}
					return token, nil
				}), &awsfed.CacheOptions{Logger: quiet})
				require.NoError(t, err)
				token, err := ts.Token()
				require.NoError(t, err)
				assert.NotEqual(t, broken, token.AccessToken)
				assert.Equal(t, 2, calls)
			})
		})
	}
}

// brokenAnswers are successes that hold no token that can be used.
func brokenAnswers(answer func(token string) string) map[string]string {
	answers := map[string]string{
		"a token twice":        strings.Replace(answer("ya29.broken"), "{", `{"access_token":"ya29.a","accessToken":"ya29.a",`, 1),
		"names in other cases": strings.NewReplacer("access_token", "Access_Token", "accessToken", "accesstoken").Replace(answer("ya29.broken")),
		"text after it":        answer("ya29.broken") + "x",
		"cut off":              answer("ya29.broken")[:30],
		"nothing":              "",
	}
	for name, token := range brokenTokens {
		answers[name] = answer(token)
	}
	return answers
}

// answeredAt is the layer under test with its endpoint, and what its answers look like.
var answeredAt = []struct {
	endpoint awsfedtest.Endpoint
	answer   func(token string) string
	change   func(*awsfed.Config)
}{
	{awsfedtest.GoogleSTS, exchangeAnswer, func(cfg *awsfed.Config) { cfg.ServiceAccount = "" }},
	{awsfedtest.GoogleSTS, exchangeAnswer, func(*awsfed.Config) {}},
	{awsfedtest.IAMCredentials, impersonationAnswer, func(*awsfed.Config) {}},
}

func TestTokenSourceLosesNothingByOneBadAnswerAtARefresh(t *testing.T) {
	for _, at := range answeredAt {
		for name := range brokenAnswers(at.answer) {
			t.Run(string(at.endpoint)+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					ts := newSource(t, cloud, at.change)
					use := func() error { return usable(cloud, ts) }
					require.NoError(t, use())
					before := cloud.Count(at.endpoint)
					cloud.Inject(awsfedtest.Status(at.endpoint, 200, nil, brokenAnswers(at.answer)[name]).Times(1))
					var load tally
					load.everySecond(time.Hour, use)
					assert.Zero(t, load.failed.Load(), "failed of %d calls", load.calls.Load())
					assert.LessOrEqual(t, time.Duration(load.slowest.Load()), time.Millisecond)
					assert.Greater(t, cloud.Count(at.endpoint), before+1, "the bad answer, and one after it")
				})
			})
		}
	}
}

func TestTokenSourceRetriesAfterOneBadAnswerAtTheStart(t *testing.T) {
	for _, at := range answeredAt {
		for name := range brokenAnswers(at.answer) {
			t.Run(string(at.endpoint)+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					cloud.Inject(awsfedtest.Status(at.endpoint, 200, nil, brokenAnswers(at.answer)[name]).Times(1))
					ts := newSource(t, cloud, at.change)
					start := time.Now()
					require.NoError(t, usable(cloud, ts))
					assert.Less(t, time.Since(start), 5*time.Second)
					assert.Equal(t, 2, cloud.Count(at.endpoint))
				})
			})
		}
	}
}
