package call_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// A deadConn is a connection whose other side can be gone without a word: from then on nothing
// arrives, and what is written is lost.
type deadConn struct {
	net.Conn
	dead *atomic.Bool
}

func (c *deadConn) Write(b []byte) (int, error) {
	if c.dead.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// A connection of HTTP/2 stays open when a request on it is given up. If it is dead, each request on
// it runs out of time until TCP gives up.
func TestARequestDoesNotTakeTheConnectionOfOneThatRanOutOfTime(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	var dialed atomic.Int32
	var first atomic.Bool // whether the first connection is dead
	base := server.Client()
	base.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if dialed.Add(1) > 1 {
			return conn, err
		}
		return &deadConn{conn, &first}, err
	}
	client := call.NewClient(base)
	ask := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		answer, err := client.Post(ctx, server.URL, nil, "")
		if err == nil {
			assert.Equal(t, "HTTP/2.0", string(answer.Body))
		}
		return err
	}
	require.NoError(t, ask(time.Minute))
	require.NoError(t, ask(time.Minute))
	require.EqualValues(t, 1, dialed.Load(), "as long as all is well, there is one connection")

	first.Store(true)
	require.ErrorIs(t, ask(50*time.Millisecond), context.DeadlineExceeded)
	// Package http forgets the request that was given up in a goroutine of its own, and not before is
	// the connection idle, so the next request may still be on it. It is given up too, and so on.
	require.Eventually(t, func() bool { return ask(50*time.Millisecond) == nil || dialed.Load() > 1 }, time.Minute, 50*time.Millisecond)
	assert.NoError(t, ask(time.Minute))
	assert.Greater(t, dialed.Load(), int32(1), "by another connection")
}
