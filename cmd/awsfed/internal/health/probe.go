package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// The bounds of an answer, in bytes. The server's is a line.
const (
	maxHeader = 16 << 10
	maxBody   = 1 << 10
)

// probe asks the server at loopback of both families, the second only where nothing listens at the
// first. The error is one line.
func probe(ctx context.Context, port uint) error {
	err := ask(ctx, "127.0.0.1", port)
	var unreached *net.OpError
	if !errors.As(err, &unreached) || unreached.Op != "dial" || ctx.Err() != nil {
		return err
	}
	if other := ask(ctx, "::1", port); other == nil || !errors.As(other, &unreached) || unreached.Op != "dial" {
		return other
	}
	return err
}

func ask(ctx context.Context, host string, port uint) error {
	url := "http://" + net.JoinHostPort(host, strconv.FormatUint(uint64(port), 10)) + "/healthz"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Metadata-Flavor", "Google")
	client := &http.Client{
		// No Proxy: a probe of loopback is nobody else's.
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxBody)) // what there is of it
	return fmt.Errorf("%s answers %d%s", url, response.StatusCode, reason(string(body)))
}

// reason is the first line of what a server says, as the end of a line.
func reason(body string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return ""
	}
	return ": " + untrusted.Text(line, maxBody)
}
