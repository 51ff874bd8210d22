package awsfedtest_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// certificate is one for 127.0.0.1 and a client that trusts it.
func certificate(t *testing.T) (*tls.Config, *http.Client) {
	t.Helper()
	other := httptest.NewTLSServer(nil)
	t.Cleanup(other.Close)
	client := other.Client()
	client.Transport.(*http.Transport).DisableKeepAlives = true
	return &tls.Config{Certificates: other.TLS.Certificates}, client
}

func startServer(t *testing.T, cloud *awsfedtest.Cloud, o awsfedtest.ServerOptions) *awsfedtest.Server {
	t.Helper()
	server, err := cloud.StartServer(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	return server
}

func TestServerOverTLSHasItsFaultsToo(t *testing.T) {
	config, client := certificate(t)
	for name, connections := range map[string]int{"without a bound of connections": 0, "with one": 3} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := startServer(t, cloud, awsfedtest.ServerOptions{TLS: config, MaxConnections: connections})
			require.True(t, strings.HasPrefix(server.URL, "https://127.0.0.1:"), server.URL)
			response, _, err := get(t.Context(), client, server.URL+"/oauth2/v3/certs")
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, response.StatusCode)
			assert.Equal(t, 1, response.ProtoMajor)
			for range 2 * connections { // each makes room for the next
				cloud.Inject(awsfedtest.Reset(awsfedtest.GoogleKeys).Times(1))
				_, _, err = get(t.Context(), client, server.URL+"/oauth2/v3/certs")
				require.ErrorIs(t, err, syscall.ECONNRESET)
			}
			cloud.Inject(awsfedtest.Truncate(awsfedtest.GoogleKeys))
			_, _, err = get(t.Context(), client, server.URL+"/oauth2/v3/certs")
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		})
	}
}

func TestServerTellsClientsItsPublicURL(t *testing.T) {
	for public, want := range map[string]string{
		"http://emulator:8085":          "http://emulator:8085",
		"https://Emulator.example/":     "https://emulator.example",
		"https://emulator.example:443":  "https://emulator.example",
		"http://emulator.example:8443":  "http://emulator.example:8443",
		"http://[::1]:80":               "http://[::1]",
		"https://sts.emulator.test:443": "https://sts.emulator.test", // not Google's STS
	} {
		t.Run(public, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := startServer(t, cloud, awsfedtest.ServerOptions{PublicURL: public})
			require.Equal(t, want, server.URL)
			env, err := server.Env(awsfedtest.SourceECS, t.TempDir())
			require.NoError(t, err)
			assert.Contains(t, env, "AWS_ENDPOINT_URL_STS="+want)
			file, err := server.CredentialFile()
			require.NoError(t, err)
			var got struct {
				TokenURL string `json:"token_url"`
			}
			require.NoError(t, json.Unmarshal(file, &got))
			assert.Equal(t, want+"/v1/token", got.TokenURL)

			// Google's STS replays what was signed for that host. A client signs for https alone.
			cfg := cloud.Config()
			cfg.Region = "eu-central-1"
			_, host, _ := strings.Cut(want, "://")
			cfg.VerificationURL = "https://" + host + "?Action=GetCallerIdentity&Version=2011-06-15"
			_, err = fetch(t.Context(), cfg)
			require.NoError(t, err)
			request := httptest.NewRequest(http.MethodGet, want+"/oauth2/v3/certs", nil)
			answer := httptest.NewRecorder()
			cloud.ServeHTTP(answer, request)
			assert.Equal(t, http.StatusOK, answer.Code, "the path decides")
		})
	}
}

func TestServerForgetsItsPublicURLWhenItIsClosed(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	options := awsfedtest.ServerOptions{PublicURL: "https://emulator:8085"}
	cfg := cloud.Config()
	cfg.VerificationURL = options.PublicURL + "?Action=GetCallerIdentity&Version=2011-06-15"
	one, other := startServer(t, cloud, options), startServer(t, cloud, options)
	require.NoError(t, one.Close())
	_, err := fetch(t.Context(), cfg)
	require.NoError(t, err, "the other one is still there")
	require.NoError(t, other.Close())
	_, err = fetch(t.Context(), cfg)
	require.Error(t, err)
}

func TestServerRefusesAPublicURLThatClientsCannotUse(t *testing.T) {
	for _, public := range []string{
		"emulator:8085", "ftp://emulator", "http://", "http://:80", "http://emulator/aws", "http://emulator?a=b",
		"http://emulator#a", "http://user:secret@emulator", "http://emulator:port",
	} {
		_, err := awsfedtest.New(awsfedtest.Options{}).StartServer(awsfedtest.ServerOptions{PublicURL: public})
		require.ErrorContains(t, err, "public URL", public)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestServerServesNoMoreConnectionsThanItMay(t *testing.T) {
	server := startServer(t, awsfedtest.New(awsfedtest.Options{}), awsfedtest.ServerOptions{MaxConnections: 2})
	const request = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	one := dial(t, server, request)
	answered := func(connection net.Conn) bool {
		_, err := io.ReadFull(connection, make([]byte, len("HTTP/1.1 200 OK")))
		return err == nil
	}
	require.True(t, answered(one))
	require.True(t, answered(dial(t, server, request)))
	waiting := dial(t, server, request)
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	require.False(t, answered(waiting), "two are open")
	require.NoError(t, one.Close())
	require.NoError(t, waiting.SetReadDeadline(time.Now().Add(time.Minute)))
	require.True(t, answered(waiting), "one has ended")
}

func TestServerSaysThatItIsThereWhateverTheFault(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, client := start(t, cloud)
	cloud.Inject(awsfedtest.Drop(""))
	response, body, err := get(t.Context(), client, server.URL+"/healthz")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "ok\n", string(body))
	assert.Empty(t, cloud.Requests(), "it is none of the clouds'")
}

func TestServerShutdownLetsOpenRequestsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		held, patience time.Duration
		want           error
	}{
		"those that end":             {200 * time.Millisecond, time.Minute, nil},
		"and breaks those that last": {time.Hour, 200 * time.Millisecond, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan struct{}, 1)
			cloud := awsfedtest.New(awsfedtest.Options{})
			server, client := start(t, cloud)
			cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleKeys, c.held).When(func(awsfedtest.Request) bool {
				arrived <- struct{}{}
				return true
			}))
			ended := make(chan error, 1)
			go func() {
				_, _, err := get(context.Background(), client, server.URL+"/oauth2/v3/certs")
				ended <- err
			}()
			<-arrived
			ctx, cancel := context.WithTimeout(t.Context(), c.patience)
			defer cancel()
			require.ErrorIs(t, server.Shutdown(ctx), c.want)
			if c.want == nil {
				require.NoError(t, <-ended)
			} else {
				require.Error(t, <-ended)
			}
			_, _, err := get(t.Context(), client, server.URL+"/oauth2/v3/certs")
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
		})
	}
}
