package metadataserver_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// A client that sent more than one request, or a body, and left cannot be told from one that waits.
func TestNoRequestWaitsForLongerThanAnHour(t *testing.T) {
	for _, query := range []string{"?wait_for_change=true", "?wait_for_change=true&timeout_sec=2147483647"} {
		synctest.Test(t, func(t *testing.T) {
			h := abuseHandler(t, &metadataserver.Options{AllowAnyUID: true})
			r := abuseArrived("127.0.0.1:8988", "127.0.0.1:1024", "127.0.0.1:8988")
			r.URL.Path, r.URL.RawQuery = abuseKeys+"project/project-id", query[1:]
			began := time.Now()
			w := httptest.NewRecorder()
			done := make(chan struct{})
			go func() {
				h.ServeHTTP(w, r)
				close(done)
			}()
			select {
			case <-done:
				assert.Equal(t, time.Hour, time.Since(began))
				assert.Equal(t, http.StatusOK, w.Code)
			case <-time.After(24 * time.Hour):
				assert.Fail(t, "it still waits after a day")
				require.NoError(t, h.NewServer().Shutdown(t.Context()))
				<-done
			}
		})
	}
}

func TestClientsThatLeaveDoNotWait(t *testing.T) {
	s := abuseServe(t, &metadataserver.Options{MaxConnections: 2}) // one of which may wait
	for range 3 {
		conn := s.dial(t)
		_, err := io.WriteString(conn, s.request(http.MethodGet, abuseWait+"&last_etag=none"))
		require.NoError(t, err)
		etag := abuseRead(t, bufio.NewReader(conn)).header.Get("ETag")
		require.NotEmpty(t, etag)
		_, err = io.WriteString(conn, s.request(http.MethodGet, abuseWait+"&last_etag="+etag))
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		abuseEventually(t, "it has left", func() bool { return abuseMetric(t, s.handler, "awsfed_metadata_connections") == 0 })
	}
}
