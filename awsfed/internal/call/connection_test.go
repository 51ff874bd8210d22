package call_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

func TestARequestDoesNotTakeTheConnectionOfOneThatRanOutOfTime(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hangs" {
			<-r.Context().Done()
		}
		w.Header().Set("X-Goog-Request-Id", r.Proto+" "+r.RemoteAddr)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client := call.Client(server.Client())
	connection := func() string {
		answer, err := call.Post(t.Context(), client, server.URL, nil, nil)
		require.NoError(t, err)
		return answer.Header.Get("X-Goog-Request-Id")
	}
	first := connection()
	require.Contains(t, first, "HTTP/2.0 ")
	require.Equal(t, first, connection(), "as long as all is well, there is one connection")

	// Package http forgets the request that was given up in a goroutine of its own, and not before is the connection idle.
	moved := false
	for tries := 0; tries < 20 && !moved; tries++ {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := call.Post(ctx, client, server.URL+"/hangs", nil, nil)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		moved = connection() != first
	}
	assert.True(t, moved)
}
