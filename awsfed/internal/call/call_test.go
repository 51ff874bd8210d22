package call_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

const endpoint = "https://sts.googleapis.com/v1/token"

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// body tells whether it was closed, and how much was read of it.
type body struct {
	io.Reader
	read   int
	closed bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read += n
	return n, err
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// client answers every request with status 200 and b.
func client(b io.ReadCloser) *call.Client {
	return call.NewClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: b}, nil
	})})
}

func TestPostSendsWhatItIsGivenAndReadsTheWholeAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "/v1/token", r.URL.Path)
		assert.Equal(t, "a=b", string(sent))
		assert.EqualValues(t, 3, r.ContentLength)
		assert.Equal(t, "text/plain", r.Header.Get("Content-Type"))
		w.Header().Set("X-Goog-Request-Id", "value")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	}))
	defer server.Close()
	header := http.Header{"Content-Type": {"text/plain"}}
	answer, err := call.NewClient(server.Client()).Post(t.Context(), server.URL+"/v1/token", header, "a=b")
	require.NoError(t, err, "an answer of any status is no error")
	assert.Equal(t, http.StatusTeapot, answer.Status)
	assert.Equal(t, "value", answer.RequestID)
	assert.Equal(t, "short and stout", string(answer.Body))
	assert.Equal(t, http.Header{"Content-Type": {"text/plain"}}, header, "the caller's header is not written to")
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var strangers, asked atomic.Int32
			stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
			defer stranger.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				w.Header().Set("Location", stranger.URL)
				w.WriteHeader(status)
			}))
			defer server.Close()
			base := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }} // a client that would
			answer, err := call.NewClient(base).Post(t.Context(), server.URL, nil, "secret")
			require.NoError(t, err)
			assert.Equal(t, status, answer.Status)
			assert.EqualValues(t, 1, asked.Load())
			assert.Zero(t, strangers.Load(), "the body would have gone to another host")
		})
	}
}

func TestCookiesAreNotKept(t *testing.T) {
	var requests, withCookie atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if len(r.Cookies()) > 0 {
			withCookie.Add(1)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	c := call.NewClient(&http.Client{Jar: jar})
	for range 2 {
		_, err := c.Post(t.Context(), server.URL, nil, "")
		require.NoError(t, err)
	}
	assert.EqualValues(t, 2, requests.Load())
	assert.Zero(t, withCookie.Load())
}

func TestAnAnswerMayHave64Kibibytes(t *testing.T) {
	b := &body{Reader: bytes.NewReader(make([]byte, call.MaxBody))}
	answer, err := client(b).Post(t.Context(), endpoint, nil, "")
	require.NoError(t, err)
	assert.Len(t, answer.Body, call.MaxBody)
	assert.True(t, b.closed)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	for name, b := range map[string]*body{
		"a byte too many": {Reader: bytes.NewReader(make([]byte, call.MaxBody+1))},
		"without end":     {Reader: zeros{}},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := client(b).Post(t.Context(), endpoint, nil, "")
			require.ErrorIs(t, err, call.ErrTooLarge)
			assert.Equal(t, http.StatusOK, answer.Status, "its Date still counts")
			assert.LessOrEqual(t, b.read, call.MaxBody+1)
			assert.True(t, b.closed)
		})
	}
}

func TestATruncatedAnswerIsAnError(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"access_token":"half a tok`)
	}))
	defer server.Close()
	answer, err := call.NewClient(nil).Post(t.Context(), server.URL, nil, "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, "HTTP 200")
	assert.NotContains(t, err.Error(), "half a tok")
	require.NotNil(t, answer)
	assert.NotEmpty(t, answer.Date, "the clock can learn from it")
}

func TestAConnectionThatBreaksIsAnError(t *testing.T) {
	broken := errors.New("connection reset by peer")
	b := &body{Reader: io.MultiReader(strings.NewReader("{"), iotest.ErrReader(broken))}
	_, err := client(b).Post(t.Context(), endpoint, nil, "")
	require.ErrorIs(t, err, broken)
	assert.True(t, b.closed)

	refusing := call.NewClient(&http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, broken })})
	answer, err := refusing.Post(t.Context(), endpoint, nil, "")
	require.ErrorIs(t, err, broken)
	assert.Nil(t, answer)
}

func TestAURLThatIsNoneIsAnError(t *testing.T) {
	answer, err := client(http.NoBody).Post(t.Context(), "https://sts.googleapis.com:port/", nil, "")
	require.Error(t, err)
	assert.Nil(t, answer)
}

// hanging answers when the request is given up.
var hanging = transport(func(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
})

func TestTheContextEndsACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := call.NewClient(&http.Client{Transport: hanging}).Post(ctx, endpoint, nil, "")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestTheTimeoutOfTheBaseIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := call.NewClient(&http.Client{Transport: hanging, Timeout: 3 * time.Second}).Post(t.Context(), endpoint, nil, "")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestSentIsTheTimeBeforeTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := transport(func(*http.Request) (*http.Response, error) {
			time.Sleep(7 * time.Second)
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		})
		start := time.Now()
		answer, err := call.NewClient(&http.Client{Transport: slow}).Post(t.Context(), endpoint, nil, "")
		require.NoError(t, err)
		assert.True(t, answer.Sent.Equal(start))
		assert.Equal(t, 7*time.Second, time.Since(answer.Sent))
	})
}

func TestRetryAfterIsReadInBothItsForms(t *testing.T) {
	const noon = "Sun, 06 Nov 1994 12:00:00 GMT"
	sent := time.Date(1994, time.November, 6, 11, 59, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value, date string
		want              time.Duration
	}{
		{"none", "", noon, 0},
		{"seconds", "120", noon, 2 * time.Minute},
		{"no pause", "0", noon, 0},
		{"spaces around it", " 7 ", noon, 7 * time.Second},
		{"a year", "31536000", noon, 365 * 24 * time.Hour},
		{"negative", "-5", noon, 0},
		{"very negative", "-99999999999999999999", noon, 0},
		{"a fraction, which HTTP has not", "1.5", noon, 0},
		{"a unit, which HTTP has not", "5s", noon, 0},
		{"garbage", "soon", noon, 0},
		{"a date", "Sun, 06 Nov 1994 12:02:00 GMT", noon, 2 * time.Minute},
		{"a date in the obsolete form", "Sunday, 06-Nov-94 12:02:00 GMT", noon, 2 * time.Minute},
		{"a date that has passed", "Sun, 06 Nov 1994 11:00:00 GMT", noon, 0},
		{"the date of the answer", noon, noon, 0},
		{"a date, and the answer has none", "Sun, 06 Nov 1994 12:02:00 GMT", "", 3 * time.Minute},
		{"a date, and that of the answer is garbage", "Sun, 06 Nov 1994 12:02:00 GMT", "noon", 3 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := call.Answer{RetryAfter: c.value, Date: c.date, Sent: sent}
			assert.Equal(t, c.want, answer.Pause())
		})
	}
}

func TestARetryAfterBeyondAllBoundsIsALongPauseAndNotNone(t *testing.T) {
	for _, value := range []string{
		"2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999999",
		"Fri, 31 Dec 9999 23:59:59 GMT",
	} {
		answer := call.Answer{RetryAfter: value, Sent: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		assert.GreaterOrEqual(t, answer.Pause(), 24*time.Hour, value)
	}
}

func TestAnAnswerWithoutHeadersAsksForNoPause(t *testing.T) {
	assert.Zero(t, (&call.Answer{}).Pause())
}
