package metadataserver_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

func TestPeersAreJudgedByTheirUser(t *testing.T) {
	own := uint32(os.Getuid())
	const (
		loopback  = "127.0.0.1:8988"
		elsewhere = "192.0.2.7:1024"
	)
	for _, test := range []struct {
		name          string
		local, remote string
		anyUID        bool
		uid           uint32
		err           error
		asked, served bool
	}{
		{"the server's own user", loopback, "127.0.0.1:1024", false, own, nil, true, true},
		{"another user", loopback, "127.0.0.1:1024", false, own + 1, nil, true, false},
		{"another user at IPv6", "[::1]:8988", "[::1]:1024", false, own + 1, nil, true, false},
		{"another user at a further loopback address", loopback, "127.8.8.8:1024", false, own + 1, nil, true, false},
		{"another user by a socket of IPv6 at IPv4", "[::ffff:127.0.0.1]:8988", "[::ffff:127.0.0.1]:1024", false, own + 1, nil, true, false},
		{"another user where any is allowed", loopback, "127.0.0.1:1024", true, own + 1, nil, false, true},
		{"a peer of another machine", "192.0.2.2:8988", elsewhere, false, 0, peer.ErrNotFound, true, true},
		{"a peer of another machine, with a kernel that tells nothing", "192.0.2.2:8988", elsewhere, false, 0, errors.New("no netlink"), true, true},
		{"another user at another address of the machine", "169.254.169.254:8988", "169.254.169.254:1024", false, own + 1, nil, true, false},
		{"such a one behind a third address of the machine", "169.254.169.254:8988", "192.0.2.2:1024", false, own + 1, nil, true, false},
		{"a user of another user namespace there", "169.254.169.254:8988", "192.0.2.2:1024", false, 0, peer.ErrUnmapped, true, false},
		{"the server's own user there", "169.254.169.254:8988", "192.0.2.2:1024", false, own, nil, true, true},
		{"a peer of another network at the loopback address", loopback, elsewhere, false, 0, peer.ErrNotFound, true, false},
		{"another user by another address of the machine at the loopback address", loopback, "192.0.2.2:1024", false, own + 1, nil, true, false},
		{"the server's own user by such an address", loopback, "192.0.2.2:1024", false, own, nil, true, true},
		{"such a one where any is allowed", loopback, elsewhere, true, 0, peer.ErrNotFound, false, true},
		{"a peer that the kernel does not know", loopback, "127.0.0.1:1024", false, 0, peer.ErrNotFound, true, false},
		{"a peer of another user namespace", loopback, "127.0.0.1:1024", false, 0, peer.ErrUnmapped, true, false},
		{"a kernel that tells nothing", loopback, "127.0.0.1:1024", false, own, errors.New("no netlink"), true, false},
		{"a system without such a table", loopback, "127.0.0.1:1024", false, 0, peer.ErrUnsupported, true, true},
		{"a server that does not tell its address", "", elsewhere, false, 0, peer.ErrNotFound, true, false},
		{"a server that does not tell the peer's address", loopback, "", false, 0, peer.ErrNotFound, true, false},
		{"an address that is none", loopback, "@", false, 0, peer.ErrNotFound, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := abuseHandler(t, &metadataserver.Options{AllowAnyUID: test.anyUID, Hosts: []string{"localhost:8988"}})
			asked := false
			h.LookUpUsers(func(net.Addr, net.Addr) (uint32, error) {
				asked = true
				return test.uid, test.err
			})
			status, refused := http.StatusOK, 0
			if !test.served {
				status, refused = http.StatusForbidden, 1
			}
			host := "localhost:8988"
			assert.Equal(t, status, abuseStatus(h, abuseArrived(test.local, test.remote, host)))
			assert.Equal(t, test.asked, asked, "the kernel was asked")
			assert.Equal(t, refused, abuseMetric(t, h, `awsfed_metadata_refused_total{reason="peer"}`))
		})
	}
}

func TestTheKernelIsAskedOnceForEachConnection(t *testing.T) {
	h := abuseHandler(t, nil)
	var asked atomic.Int32
	h.LookUpUsers(func(local, remote net.Addr) (uint32, error) {
		asked.Add(1)
		return uint32(os.Getuid()), nil
	})
	s := abuseServeOn(t, "127.0.0.1:0", h)
	s.dial(t) // and says nothing
	for connections := range int32(2) {
		conn := s.dial(t)
		r := bufio.NewReader(conn)
		for range 3 {
			_, err := io.WriteString(conn, s.request(http.MethodGet, abuseToken))
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, abuseRead(t, r).status)
			assert.Equal(t, connections+1, asked.Load())
		}
	}
}

func TestTheKernelIsNotAskedForARequestToAnotherHost(t *testing.T) {
	h := abuseHandler(t, nil)
	h.LookUpUsers(func(net.Addr, net.Addr) (uint32, error) {
		assert.Fail(t, "asked")
		return 0, nil
	})
	s := abuseServeOn(t, "127.0.0.1:0", h)
	assert.Equal(t, http.StatusForbidden, s.ask(t, http.MethodGet, abuseToken, "Host: rebound.example").status)
}

func TestARefusedPeerLosesItsConnection(t *testing.T) {
	h := abuseHandler(t, nil)
	h.LookUpUsers(func(net.Addr, net.Addr) (uint32, error) { return uint32(os.Getuid()) + 1, nil })
	s := abuseServeOn(t, "127.0.0.1:0", h)
	conn := s.dial(t)
	_, err := io.WriteString(conn, s.request(http.MethodGet, abuseToken)+s.request(http.MethodGet, abuseToken))
	require.NoError(t, err)
	r := bufio.NewReader(conn)
	assert.Equal(t, http.StatusForbidden, abuseRead(t, r).status)
	assert.Zero(t, abuseRead(t, r).status, "the second request got an answer")
	assert.Equal(t, 1, s.refused(t, "peer"))
}

// Without the interface the kernel finds no socket of a link-local address, and the other user of
// this machine would pass for a peer of another one.
func TestTheInterfaceOfALinkLocalAddressIsPartOfTheQuestion(t *testing.T) {
	h := abuseHandler(t, nil)
	var asked []string
	h.LookUpUsers(func(local, remote net.Addr) (uint32, error) {
		asked = append(asked, local.String(), remote.String())
		return uint32(os.Geteuid()) + 1, nil
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host, r.RemoteAddr = "[fe80::1]:8988", "[fe80::2%eth0]:1024"
	r.Header.Set("Metadata-Flavor", "Google")
	local := &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 8988, Zone: "eth0"}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Contains(t, w.Body.String(), "processes of the user", "its Host header has no interface, and is known all the same")
	assert.Equal(t, []string{"[fe80::1%eth0]:8988", "[fe80::2%eth0]:1024"}, asked)
}
