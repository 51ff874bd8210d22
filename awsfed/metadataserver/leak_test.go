package metadataserver_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

func TestNoGoroutineIsLeft(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	cloud := severalAccounts(t)
	h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader}})
	server := h.NewServer()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	for _, target := range []string{"/", tokenKey, tokenKey + "?scopes=https://www.googleapis.com/auth/a", identityKey + "?audience=x",
		accounts + "/" + reader + "/token", accounts + "/default/?recursive=true", project + waiting + "&timeout_sec=0"} {
		require.Equal(t, "HTTP/1.1 200 OK", raw(t, listener.Addr().String(), http.MethodGet, target, googleFlavor).status)
	}
	require.NoError(t, h.Replace(t.Context(), identityOf(cloud, as(reader))))
	require.Error(t, h.Replace(t.Context(), identityOf(cloud, as(forsaken))))
	require.NoError(t, server.Shutdown(t.Context()))
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}
