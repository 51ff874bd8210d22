package awsfedtest_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// pipes is a listener without a socket, for a synctest bubble.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func newPipes() pipes { return pipes{make(chan net.Conn), make(chan struct{})} }

func (p pipes) Accept() (net.Conn, error) {
	select {
	case connection := <-p.connections:
		return connection, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	select {
	case <-p.closed:
		return errors.New("closed twice")
	default:
		close(p.closed)
		return nil
	}
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.connections <- theirs
	return ours
}

func TestServerGivesUpOnASlowClient(t *testing.T) {
	const request = "GET /oauth2/v3/certs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	for name, c := range map[string]struct {
		sent  string
		reads bool // an answer, before the connection ends
		want  time.Duration
	}{
		"that sends half of its headers": {"POST /v1/token HTTP/1.1\r\nHost: 127", false, 10 * time.Second},
		"that sends half of its body": {
			"POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n0123456789", false, 30 * time.Second},
		"that does not read":  {request, false, 30 * time.Second},
		"that asks no more":   {request, true, 2 * time.Minute},
		"that sends nothing":  {"", false, 10 * time.Second},
		"that sends nonsense": {"\x00\x01\r\n\r\n", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := newPipes()
				server := awsfedtest.New(awsfedtest.Options{}).StartOn(listener)
				defer server.Close()
				connection := listener.dial()
				defer connection.Close()
				start := time.Now()
				_, err := io.WriteString(connection, c.sent)
				require.NoError(t, err)
				if !c.reads && c.sent == request {
					time.Sleep(c.want)
					synctest.Wait()
				}
				reader := bufio.NewReader(connection)
				if c.reads {
					response, err := http.ReadResponse(reader, nil)
					require.NoError(t, err)
					_, err = io.Copy(io.Discard, response.Body)
					require.NoError(t, err)
				}
				_, err = io.Copy(io.Discard, reader)
				require.NoError(t, err, "the server closes the connection")
				assert.InDelta(t, c.want, time.Since(start), float64(time.Second))
			})
		})
	}
}

func TestServerGivesUpOnAClientThatDoesNotShakeHands(t *testing.T) {
	config, _ := certificate(t)
	synctest.Test(t, func(t *testing.T) {
		listener := newPipes()
		server := awsfedtest.New(awsfedtest.Options{Logger: slog.New(slog.DiscardHandler)}).StartOn(tls.NewListener(listener, config))
		defer server.Close()
		connection := listener.dial()
		defer connection.Close()
		start := time.Now()
		_, err := io.Copy(io.Discard, connection)
		require.NoError(t, err, "the server closes the connection")
		assert.InDelta(t, 10*time.Second, time.Since(start), float64(time.Second))
	})
}

func TestServerTimeoutsDoNotEndAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := newPipes()
		cloud := awsfedtest.New(awsfedtest.Options{})
		server := cloud.StartOn(listener)
		defer server.Close()
		cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, 20*time.Minute))
		connection := listener.dial()
		defer connection.Close()
		start := time.Now()
		_, err := io.WriteString(connection, "POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\na=b")
		require.NoError(t, err)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode)
		assert.True(t, strings.HasPrefix(string(body), "{"), "an answer of STS")
		assert.Equal(t, 20*time.Minute, time.Since(start))
	})
}
