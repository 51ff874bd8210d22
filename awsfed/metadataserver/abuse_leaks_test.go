package metadataserver_test

import (
	"bufio"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestAServerThatWasShutDownLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := abuseServe(t, nil, abuseShort)
	idle, waiting, half, silent := s.dial(t), s.dial(t), s.dial(t), s.dial(t)
	s.abuseKept(t, idle)
	s.abuseKept(t, waiting)
	_, err := io.WriteString(waiting, s.request(http.MethodGet, abuseWait))
	require.NoError(t, err)
	_, err = io.WriteString(half, "GET / HTTP/1.1\r\n")
	require.NoError(t, err)
	s.stillServes(t)

	require.NoError(t, s.server.Shutdown(t.Context()))
	// It may have come too late, as its connection had no request before.
	assert.Contains(t, []int{http.StatusOK, 0}, abuseRead(t, bufio.NewReader(waiting)).status)
	assert.Empty(t, abuseEnds(t, idle))
	abuseEnds(t, half)
	assert.Empty(t, abuseEnds(t, silent))
	assert.Zero(t, abuseMetric(t, s.handler, "awsfed_metadata_connections"))
	goleak.VerifyNone(t, before)
}

func TestARequestThatWaitsIsAnsweredAtTheEnd(t *testing.T) {
	s, began := abuseServeFew(t, 4)
	waiting := s.dial(t)
	_, err := io.WriteString(waiting, s.request(http.MethodGet, abuseWait))
	require.NoError(t, err)
	abuseEventually(t, "the request is there", func() bool { return began.Load() == 1 })
	require.NoError(t, s.server.Shutdown(t.Context()))
	r := bufio.NewReader(waiting)
	answer := abuseRead(t, r)
	assert.Equal(t, http.StatusOK, answer.status)
	assert.Contains(t, answer.body, "access_token")
	assert.Zero(t, abuseRead(t, r).status)
}

func TestAServerThatWasClosedLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s, began := abuseServeFew(t, 4)
	for i := range int32(2) {
		conn := s.dial(t)
		_, err := io.WriteString(conn, s.request(http.MethodGet, abuseWait))
		require.NoError(t, err)
		abuseEventually(t, "the request is there", func() bool { return began.Load() == i+1 })
	}
	require.NoError(t, s.server.Close())
	goleak.VerifyNone(t, before)
}
