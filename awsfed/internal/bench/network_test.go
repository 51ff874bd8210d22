package main

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const oneWay = 30 * time.Millisecond

// connect opens a connection and gives both ends.
func connect(t *testing.T) (client, server net.Conn) {
	t.Helper()
	n := newNetwork(oneWay)
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := n.Accept()
		assert.NoError(t, err)
		accepted <- c
	}()
	client, err := n.DialContext(t.Context(), "tcp", "example.com:443")
	require.NoError(t, err)
	return client, <-accepted
}

func TestAConnectionOpensInOneRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		connect(t)
		assert.Equal(t, 2*oneWay, time.Since(start))
	})
}

func TestBytesArriveInOrderAndAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connect(t)
		start := time.Now()
		for _, text := range []string{"one ", "two ", "", "three"} {
			_, err := io.WriteString(client, text)
			require.NoError(t, err)
		}
		require.NoError(t, client.Close())
		received, err := io.ReadAll(server)
		require.NoError(t, err)
		assert.Equal(t, "one two three", string(received))
		assert.Equal(t, oneWay, time.Since(start))
	})
}

func TestAReadEndsAtItsDeadlineAndWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := connect(t)
		start := time.Now()
		require.NoError(t, client.SetReadDeadline(start.Add(time.Minute)))
		_, err := client.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, time.Minute, time.Since(start))

		require.NoError(t, client.SetReadDeadline(time.Time{}))
		time.AfterFunc(time.Minute, func() { _ = client.Close() })
		_, err = client.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = client.Write([]byte("late"))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestNobodyConnectsToANetworkThatIsClosedOrAfterTheEndOfACtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(oneWay)
		ctx, cancel := context.WithTimeout(t.Context(), oneWay)
		defer cancel()
		_, err := n.DialContext(ctx, "tcp", "example.com:443")
		require.ErrorIs(t, err, context.DeadlineExceeded)

		require.NoError(t, n.Close())
		require.NoError(t, n.Close())
		_, err = n.DialContext(t.Context(), "tcp", "example.com:443")
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = n.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
	})
}
