package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/serve"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

// A running is one run of the command, with its log line by line.
type running struct {
	stop context.CancelFunc
	code <-chan int

	mu   sync.Mutex
	told []string
	more chan struct{} // has a value when told has grown, and is closed at the end of the log
}

// run starts the command with a port that is free.
func run(t *testing.T, flags ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	r := &running{stop: stop, code: code, more: make(chan struct{}, 1)}
	var reading sync.WaitGroup
	reading.Go(func() { r.read(reader) })
	go func() {
		in := &command.Invocation{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: writer, Environ: os.Environ(), LookupEnv: os.LookupEnv}
		ended := serve.Command().Run(ctx, append([]string{"-port", "0"}, flags...), in, settings.Overridden())
		_ = writer.Close() // never an error
		code <- ended
	}()
	t.Cleanup(func() {
		stop()
		reading.Wait()
	})
	return r
}

func (r *running) read(log io.Reader) {
	defer close(r.more)
	for lines := bufio.NewScanner(log); lines.Scan(); {
		r.mu.Lock()
		r.told = append(r.told, lines.Text())
		r.mu.Unlock()
		select {
		case r.more <- struct{}{}:
		default:
		}
	}
}

// log is what was told until now.
func (r *running) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.told, "\n")
}

// find waits for the first match in the log.
func (r *running) find(t *testing.T, pattern string) []string {
	t.Helper()
	expression := regexp.MustCompile(pattern)
	for open := true; open; _, open = <-r.more {
		if match := expression.FindStringSubmatch(r.log()); match != nil {
			return match
		}
	}
	match := expression.FindStringSubmatch(r.log())
	require.NotNil(t, match, "the log has no %s:\n%s", pattern, r.log())
	return match
}

// address is where the server listens, on the loopback address of IPv4.
func (r *running) address(t *testing.T) string {
	t.Helper()
	return r.find(t, `listens" address=(127\.0\.0\.1:\d+)`)[1]
}

// get asks for a key as a client does.
func get(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	require.NoError(t, err)
	r.Header.Set("Metadata-Flavor", "Google")
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

const accounts = "/computeMetadata/v1/instance/service-accounts/"

// token asks for an access token.
func token(t *testing.T, address, account string) string {
	t.Helper()
	status, body := get(t, address, accounts+account+"/token")
	require.Equal(t, http.StatusOK, status, body)
	var answer struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	require.NotEmpty(t, answer.Token)
	return answer.Token
}

// loopback6 skips the test on a machine without IPv6.
func loopback6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no ::1")
	}
	require.NoError(t, l.Close())
}
