package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARequestUnderWayIsAnsweredAfterTheSignal(t *testing.T) {
	emulator := launch(t)
	connection, err := net.Dial("tcp", emulator.addr)
	require.NoError(t, err)
	defer connection.Close()
	_, err = io.WriteString(connection, "POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(connection)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(line, "HTTP/1.1 100 "), line) // so the request is in its handler
	_, err = reader.ReadString('\n')
	require.NoError(t, err)

	ended := make(chan error, 1)
	go func() { ended <- emulator.stop() }()
	require.Eventually(t, func() bool {
		another, err := net.Dial("tcp", emulator.addr)
		if err == nil {
			another.Close()
		}
		return err != nil
	}, time.Minute, time.Millisecond, "no more connections")
	_, err = io.WriteString(connection, "a=b")
	require.NoError(t, err)
	response, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.NoError(t, <-ended)
	assert.NotContains(t, emulator.stderr.String(), "broken off")
}
