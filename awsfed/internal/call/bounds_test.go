package call_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// maxCost is what one call may allocate, garbage included.
const maxCost = 8 << 20

// raw answers every connection with what answer writes, once it has the headers of a request.
func raw(t *testing.T, answer func(net.Conn)) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_ = connection.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err = http.ReadRequest(bufio.NewReader(connection)); err == nil {
				answer(connection)
			}
			connection.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-served
	})
	return "http://" + listener.Addr().String() + "/"
}

func TestWhatAServerCanCost(t *testing.T) {
	block := []byte(strings.Repeat("a", 16<<10))
	for name, start := range map[string]string{
		"8 MiB in one header":      "HTTP/1.1 200 OK\r\nX-Large: ",
		"8 MiB in the status line": "HTTP/1.1 200 ",
	} {
		t.Run(name, func(t *testing.T) {
			url := raw(t, func(w net.Conn) {
				_, _ = io.WriteString(w, start)
				for range (8 << 20) / len(block) {
					if _, err := w.Write(block); err != nil {
						return
					}
				}
				_, _ = io.WriteString(w, "\r\nContent-Length: 0\r\n\r\n")
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := call.Post(t.Context(), call.Client(nil), url, nil, []byte("a=b"))
			runtime.ReadMemStats(&after)
			assert.Error(t, err)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(maxCost), "bytes that one call allocates")
		})
	}
}

func TestErrorsDoNotQuoteTheServer(t *testing.T) {
	const secret = "ya29.d.the-token-that-was-sent"
	for name, said := range map[string]string{
		"a status line":         secret + "\x1b[31m\r\n\r\n",
		"a version":             "HTTP/" + secret + " 200 OK\r\n\r\n",
		"a status":              "HTTP/1.1 " + secret + " OK\r\n\r\n",
		"a header line":         "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"a Content-Length":      "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"a Transfer-Encoding":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"a Location":            "HTTP/1.1 302 Found\r\nContent-Length: 1\r\nLocation: %zz" + secret + "\r\n\r\n",
		"a Location after that": "HTTP/1.1 307 Moved\r\nContent-Length: 1\r\nLocation: ://" + secret + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			url := raw(t, func(w net.Conn) { _, _ = io.WriteString(w, said) })
			header := http.Header{"Authorization": {"Bearer " + secret}}
			_, err := call.Post(t.Context(), call.Client(nil), url, header, nil)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}
