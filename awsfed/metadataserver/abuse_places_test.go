package metadataserver_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const abuseWait = abuseToken + "?wait_for_change=true"

// abuseServeFew has this many places, and tells how many connections had a request.
func abuseServeFew(t *testing.T, places int) (s *abuseServer, began *atomic.Int32) {
	t.Helper()
	h := abuseHandler(t, &metadataserver.Options{MaxConnections: places})
	began = new(atomic.Int32)
	h.LookUpUsers(func(net.Addr, net.Addr) (uint32, error) {
		began.Add(1)
		return uint32(os.Getuid()), nil
	})
	return abuseServeOn(t, "127.0.0.1:0", h), began
}

func (s *abuseServer) evicted(t testing.TB) int {
	t.Helper()
	return abuseMetric(t, s.handler, "awsfed_metadata_evicted_total")
}

// abuseKept asks on a connection that stays open.
func (s *abuseServer) abuseKept(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := io.WriteString(conn, s.request(http.MethodGet, abuseToken))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, abuseRead(t, bufio.NewReader(conn)).status)
}

func TestTheConnectionThatIsLongestWithoutARequestMakesRoom(t *testing.T) {
	s, began := abuseServeFew(t, 4)
	waiting := s.dial(t)
	_, err := io.WriteString(waiting, s.request(http.MethodGet, abuseWait))
	require.NoError(t, err)
	abuseEventually(t, "the request that waits is there", func() bool { return began.Load() == 1 })
	early, silent, half := s.dial(t), s.dial(t), s.dial(t)
	_, err = io.WriteString(half, "GET / HTTP/1.1\r\n")
	require.NoError(t, err)
	s.abuseKept(t, early) // which so comes behind the others
	assert.Zero(t, s.evicted(t))

	for i, longest := range []net.Conn{silent, half, early} {
		next := s.dial(t)
		s.abuseKept(t, next)
		assert.Empty(t, abuseEnds(t, longest), "the one that went has number %d", i)
		assert.Equal(t, i+1, s.evicted(t))
	}
	for range 20 {
		s.stillServes(t)
		s.abuseKept(t, s.dial(t))
	}
	assert.LessOrEqual(t, abuseMetric(t, s.handler, "awsfed_metadata_connections"), 4)

	// The request that waits was never in the way, and gets its answer at last.
	other := awsfedtest.New(awsfedtest.Options{})
	require.NoError(t, s.handler.Replace(t.Context(), other.Config()))
	assert.Equal(t, http.StatusOK, abuseRead(t, bufio.NewReader(waiting)).status)
}

func TestANewConnectionIsClosedWhereAllOthersHaveRequests(t *testing.T) {
	h := abuseHandler(t, &metadataserver.Options{MaxConnections: 2})
	var began atomic.Int32
	release := make(chan struct{})
	h.LookUpUsers(func(net.Addr, net.Addr) (uint32, error) {
		began.Add(1)
		<-release
		return uint32(os.Getuid()), nil
	})
	s := abuseServeOn(t, "127.0.0.1:0", h)
	var busy []net.Conn
	for i := range int32(2) {
		conn := s.dial(t)
		_, err := io.WriteString(conn, s.request(http.MethodGet, abuseToken))
		require.NoError(t, err)
		abuseEventually(t, "the request is there", func() bool { return began.Load() == i+1 })
		busy = append(busy, conn)
	}
	assert.Zero(t, s.ask(t, http.MethodGet, abuseToken).status)
	assert.Equal(t, 1, s.evicted(t))
	close(release)
	for _, conn := range busy {
		assert.Equal(t, http.StatusOK, abuseRead(t, bufio.NewReader(conn)).status)
	}
	s.stillServes(t)
}

// An answer that does not fit into what lies between server and client waits for the client.
func TestClientsThatDoNotReadKeepNobodyOut(t *testing.T) {
	var accounts []string
	for i := range 100 {
		accounts = append(accounts, fmt.Sprintf("account-%d@my-project.iam.gserviceaccount.com", i))
	}
	endless := func(s *http.Server) { s.WriteTimeout = 0 }
	s := abuseServe(t, &metadataserver.Options{MaxConnections: 2, Accounts: accounts}, endless)
	thousand := strings.Repeat(s.request(http.MethodGet, abuseKeys+"?recursive=true"), 1000)
	for range 2 {
		conn := s.dial(t)
		require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(1024))
		// When nothing more can be written the server has stopped to read, as it waits, or it is
		// slow and soon will.
		var err error
		for err == nil {
			require.NoError(t, conn.SetWriteDeadline(time.Now().Add(time.Second)))
			_, err = io.WriteString(conn, thousand)
		}
		var timeout net.Error
		require.True(t, errors.As(err, &timeout) && timeout.Timeout(), "%v", err)
	}
	for until := time.Now().Add(abusePatience); s.ask(t, http.MethodGet, abuseToken).status != http.StatusOK; {
		require.True(t, time.Now().Before(until), "both keep their places")
	}
	assert.Positive(t, s.evicted(t))
}

func TestRequestsThatWaitTakeNoMoreThanHalfOfThePlaces(t *testing.T) {
	s := abuseServe(t, &metadataserver.Options{MaxConnections: 4})
	answers := make(chan abuseAnswer, 3)
	var readers sync.WaitGroup
	for range 3 {
		conn := s.dial(t)
		readers.Go(func() { answers <- abuseRead(t, bufio.NewReader(conn)) })
		_, err := io.WriteString(conn, s.request(http.MethodGet, abuseWait))
		require.NoError(t, err)
	}
	assert.Equal(t, http.StatusServiceUnavailable, (<-answers).status, "the last of the three")
	s.stillServes(t)
	require.NoError(t, s.server.Shutdown(t.Context()))
	readers.Wait()
	for range 2 {
		assert.Equal(t, http.StatusOK, (<-answers).status)
	}
}

func TestConnectionsThatLeaveAreNotCounted(t *testing.T) {
	s := abuseServe(t, nil)
	for _, raw := range []string{"", "GET / HT", s.request(http.MethodGet, abuseToken), s.request(http.MethodGet, abuseWait), "\xff\n"} {
		conn := s.dial(t)
		_, err := io.WriteString(conn, raw)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	}
	s.stillServes(t)
	abuseEventually(t, "all have left", func() bool { return abuseMetric(t, s.handler, "awsfed_metadata_connections") == 0 })
	assert.Zero(t, s.evicted(t))
}
