package metadataserver_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// abuseFiles is how many connections this process may have, up to what is wanted.
func abuseFiles(t *testing.T, wanted int) int {
	t.Helper()
	const others = 200 // files of the test itself
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	if most := uint64(wanted + others); limit.Cur < most {
		raised := syscall.Rlimit{Cur: most, Max: max(limit.Max, most)}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
			t.Logf("only %d connections: more than %d files are not allowed: %v", limit.Cur-others, limit.Cur, err)
			return int(limit.Cur) - others
		}
	}
	return wanted
}

// A slow client sends a part of a request and then nothing. Of those parts, that of many short
// lines takes the most memory for the 4 KiB that a header may have.
func TestTenThousandSlowClientsCostLittleAndKeepNobodyOut(t *testing.T) {
	var short strings.Builder
	for i := 0; short.Len() < 4000; i++ {
		fmt.Fprintf(&short, "%x:\r\n", i)
	}
	for _, test := range []struct{ name, part string }{
		{"half of a usual request", "GET " + abuseToken + " HTTP/1.1\r\nHost: 127.0.0.1\r\nMetadata-Fla"},
		{"a long header line", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 4000)},
		{"many short header lines", "GET / HTTP/1.1\r\n" + short.String()},
		{"nothing", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			child := abuseStartChild(t)
			child.stillServes(t)
			before := child.resident(t, "VmRSS")

			clients := 10_000
			if abuseRaceDetector { // which takes several times the time and memory
				clients = 2000
			}
			clients = abuseFiles(t, clients)
			// They are fewer at once than the server has places, so that none of them can take that
			// of the token's client.
			const atOnce = 100
			var slowest time.Duration
			conns := make([]net.Conn, clients)
			for first := 0; first < clients; first += atOnce {
				var slow sync.WaitGroup
				for i := first; i < min(first+atOnce, clients); i++ {
					slow.Go(func() {
						conn, err := net.Dial("tcp", child.addr)
						if assert.NoError(t, err) {
							conns[i] = conn
							_, _ = io.WriteString(conn, test.part)
						}
					})
				}
				began := time.Now()
				child.stillServes(t)
				slowest = max(slowest, time.Since(began))
				slow.Wait()
			}
			most, after := child.resident(t, "VmHWM"), child.resident(t, "VmRSS")
			t.Logf("%d slow clients: a token took %v at most; resident memory %d KiB before, %d KiB after, %d KiB at most",
				clients, slowest, before, after, most)
			for _, conn := range conns {
				if conn != nil {
					_ = conn.Close()
				}
			}
			child.stillServes(t)
			if !abuseRaceDetector {
				assert.LessOrEqual(t, most-before, 64<<10, "KiB")
			}
		})
	}
}
