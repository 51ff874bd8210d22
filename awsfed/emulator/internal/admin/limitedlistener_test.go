package admin_test

import (
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

// pipeListener is a listener without a socket.
type pipeListener struct{ connections chan net.Conn }

func (l pipeListener) Accept() (net.Conn, error) {
	connection, ok := <-l.connections
	if !ok {
		return nil, net.ErrClosed
	}
	return connection, nil
}
func (l pipeListener) Close() error   { close(l.connections); return nil }
func (l pipeListener) Addr() net.Addr { return nil }

func TestOpenConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := pipeListener{make(chan net.Conn, 3)}
		for range 3 {
			connection, _ := net.Pipe()
			inner.connections <- connection
		}
		listener := admin.Limited(inner, 2)
		accepted := make(chan net.Conn, 3)
		go func() {
			defer close(accepted)
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				accepted <- connection
			}
		}()
		synctest.Wait()
		require.Len(t, accepted, 2)

		first := <-accepted
		require.NoError(t, first.Close())
		require.NoError(t, first.Close(), "which frees no second place")
		synctest.Wait()
		require.Len(t, accepted, 2, "the third was waiting")

		require.NoError(t, listener.Close(), "while all places are taken")
		<-accepted
		<-accepted
		_, more := <-accepted
		assert.False(t, more)
	})
}
