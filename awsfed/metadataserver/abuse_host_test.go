package metadataserver_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

func TestOnlyTheAddressOfTheListenerIsAHost(t *testing.T) {
	s := abuseServe(t, &metadataserver.Options{Hosts: []string{"tokens.example:8988", "127.0.0.1:1"}})
	for _, test := range []struct {
		name, host string // PORT stands for the server's own
		served     bool
	}{
		{"its address and port", "127.0.0.1:PORT", true},
		{"localhost and its port", "localhost:PORT", true},
		{"localhost in upper case", "LocalHost:PORT", true},
		{"blanks around it, which are none of its value", "  127.0.0.1:PORT\t ", true},
		{"a name of the options", "tokens.example:8988", true},
		{"a name of the options in upper case", "TOKENS.Example:8988", true},
		{"an address of the options", "127.0.0.1:1", true},

		{"nothing", "", false},
		{"a name that is bound to the address", "rebound.example:PORT", false},
		{"such a name without a port", "rebound.example", false},
		{"a name that begins with the address", "127.0.0.1.rebound.example:PORT", false},
		{"a name that ends in localhost", "rebound.localhost:PORT", false},
		{"a name that ends in a good one", "evil-tokens.example:8988", false},
		{"a name of the options at the port of the server", "tokens.example:PORT", false},
		{"a name of the options without its port", "tokens.example", false},
		{"another port", "127.0.0.1:80", false},
		{"another port of localhost", "localhost:1", false},
		{"no port", "127.0.0.1", false},
		{"localhost without a port", "localhost", false},
		{"an empty port", "127.0.0.1:", false},
		{"a port with a zero before it", "127.0.0.1:0PORT", false},
		{"a port with a sign", "127.0.0.1:+PORT", false},
		{"the port twice", "127.0.0.1:PORT:PORT", false},
		{"the address with parts left out", "127.1:PORT", false},
		{"the address in hexadecimal parts", "0x7f.0.0.1:PORT", false},
		{"the address in octal parts", "0177.0.0.1:PORT", false},
		{"the address as one number", "2130706433:PORT", false},
		{"the address as one hexadecimal number", "0x7f000001:PORT", false},
		{"the address with zeros before its parts", "127.000.000.001:PORT", false},
		{"the address in IPv6", "[::ffff:127.0.0.1]:PORT", false},
		{"the address in IPv6, in hexadecimal", "[::ffff:7f00:1]:PORT", false},
		{"the address in brackets", "[127.0.0.1]:PORT", false},
		{"the other loopback address", "[::1]:PORT", false},
		{"a further loopback address", "127.0.0.2:PORT", false},
		{"the address that stands for all", "0.0.0.0:PORT", false},
		{"the address in wide digits", "１２７.0.0.1:PORT", false},
		{"localhost with a letter that folds to one of its own", "localho\u017ft:PORT", false},
		{"a dot behind the address", "127.0.0.1.:PORT", false},
		{"a dot behind localhost", "localhost.:PORT", false},
		{"the name of Google's server", "metadata.google.internal:PORT", false},
		{"the name of Google's server without a port", "metadata.google.internal", false},
		{"the address of Google's server", "169.254.169.254", false},
		{"a user before it", "user@127.0.0.1:PORT", false},
		{"a user and a password before it", "127.0.0.1:PORT@rebound.example", false},
		{"two hosts", "127.0.0.1:PORT, rebound.example", false},
		{"two hosts with a blank", "127.0.0.1:PORT rebound.example", false},
		{"a path behind it", "127.0.0.1:PORT/", false},
		{"a backslash behind it", `127.0.0.1:PORT\`, false},
		{"a fragment behind it", "127.0.0.1:PORT#", false},
		{"a scheme before it", "http://127.0.0.1:PORT", false},
		{"a byte of zero behind it", "127.0.0.1:PORT\x00", false},
		{"a percent sign", "127.0.0.1%00:PORT", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.refused(t, "host")
			host := strings.ReplaceAll(test.host, "PORT", s.port)
			answer := s.ask(t, http.MethodGet, abuseToken, "Host: "+host)
			if test.served {
				assert.Equal(t, http.StatusOK, answer.status, answer.body)
				assert.Equal(t, before, s.refused(t, "host"))
				return
			}
			assert.NotContains(t, answer.body, "access_token")
			if answer.status == http.StatusBadRequest && answer.header.Get("Metadata-Flavor") == "" {
				return // package net/http refused what is no Host header at all, uncounted
			}
			assert.Equal(t, http.StatusForbidden, answer.status)
			assert.Equal(t, "Google", answer.header.Get("Metadata-Flavor"))
			assert.Equal(t, before+1, s.refused(t, "host"))
		})
	}
}

func TestARequestWithoutAHostIsRefused(t *testing.T) {
	s := abuseServe(t, nil)
	t.Run("with HTTP/1.1, by package net/http", func(t *testing.T) {
		answer := s.ask(t, http.MethodGet, abuseToken, "Host")
		assert.Equal(t, http.StatusBadRequest, answer.status)
	})
	t.Run("with HTTP/1.0", func(t *testing.T) {
		answer := s.send(t, "GET "+abuseToken+" HTTP/1.0\r\nMetadata-Flavor: Google\r\n\r\n")
		assert.Equal(t, http.StatusForbidden, answer.status)
		assert.Equal(t, 1, s.refused(t, "host"))
	})
	t.Run("with two, by package net/http", func(t *testing.T) {
		answer := s.ask(t, http.MethodGet, abuseToken, "Host: "+s.addr, "Host: "+s.addr)
		assert.Equal(t, http.StatusBadRequest, answer.status)
	})
}

// Package net/http takes the host from the request line if that has one, and drops the header, so
// that the two cannot be compared. No client asks a server that is no proxy in this form.
func TestARequestLineWithAHostIsRefused(t *testing.T) {
	s := abuseServe(t, nil)
	for _, test := range []struct{ name, target, host string }{
		{"another one than the header", "http://rebound.example" + abuseToken, s.addr},
		{"the server's, and another one in the header", "http://" + s.addr + abuseToken, "rebound.example"},
		{"the server's in both", "http://" + s.addr + abuseToken, s.addr},
		{"with a user", "http://user@" + s.addr + abuseToken, s.addr},
		{"with https", "https://" + s.addr + abuseToken, s.addr},
		{"a scheme without a host", "http://" + abuseToken, s.addr},
		{"a scheme without anything", "http:", s.addr},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.refused(t, "host")
			answer := s.ask(t, http.MethodGet, test.target, "Host: "+test.host)
			assert.Equal(t, http.StatusForbidden, answer.status, answer.body)
			assert.Equal(t, "Google", answer.header.Get("Metadata-Flavor"))
			assert.Equal(t, before+1, s.refused(t, "host"))
		})
	}
}

func TestTheIPv6LoopbackAddressIsAHost(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	require.NoError(t, probe.Close())
	s := abuseServeOn(t, "[::1]:0", abuseHandler(t, nil))
	for host, status := range map[string]int{
		"[::1]:" + s.port:                             http.StatusOK,
		"localhost:" + s.port:                         http.StatusOK,
		"[::1]":                                       http.StatusForbidden,
		"::1:" + s.port:                               http.StatusForbidden,
		"[0:0:0:0:0:0:0:1]:" + s.port:                 http.StatusForbidden,
		"[::1%25lo]:" + s.port:                        http.StatusForbidden,
		"[::1%lo]:" + s.port:                          http.StatusForbidden,
		"127.0.0.1:" + s.port:                         http.StatusForbidden,
		"[::]:" + s.port:                              http.StatusForbidden,
		"[::1].rebound.example:" + s.port:             http.StatusForbidden,
		"[0000:0000:0000:0000:0000:0000:0000:0001]:1": http.StatusForbidden,
	} {
		assert.Equal(t, status, s.ask(t, http.MethodGet, abuseToken, "Host: "+host).status, host)
	}
}

// A port that both families share is one address in each of them.
func TestAConnectionToIPv4IsThatWhereAListenerHasBothFamilies(t *testing.T) {
	s := abuseServeOn(t, ":0", abuseHandler(t, nil))
	conn, err := net.Dial("tcp4", "127.0.0.1:"+s.port)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte(s.request(http.MethodGet, abuseToken, "Host: 127.0.0.1:"+s.port)))
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, abuseRead(t, bufio.NewReader(conn)).status)
}

// abuseArrived is a request as package net/http gives it to a handler, on a connection between two
// addresses that a test need not have.
func abuseArrived(local, remote, host string) *http.Request {
	ctx := context.Background()
	if local != "" {
		ctx = context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(local))))
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, abuseToken, nil)
	r.RemoteAddr, r.Host = remote, host
	r.Header.Set("Metadata-Flavor", "Google")
	return r
}

func abuseStatus(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestPort80IsTheOneThatMayBeLeftOut(t *testing.T) {
	h := abuseHandler(t, &metadataserver.Options{AllowAnyUID: true})
	for _, test := range []struct {
		local, host string
		status      int
	}{
		{"127.0.0.1:80", "127.0.0.1", http.StatusOK},
		{"127.0.0.1:80", "127.0.0.1:80", http.StatusOK},
		{"127.0.0.1:80", "localhost", http.StatusOK},
		{"127.0.0.1:80", "", http.StatusForbidden},
		{"127.0.0.1:80", "127.0.0.1:", http.StatusForbidden},
		{"127.0.0.1:80", "127.0.0.1:080", http.StatusForbidden},
		{"127.0.0.1:80", "::1", http.StatusForbidden},
		{"127.0.0.1:8080", "127.0.0.1", http.StatusForbidden},
		{"127.0.0.1:8080", "localhost", http.StatusForbidden},
		{"[::1]:80", "[::1]", http.StatusOK},
		{"[fe80::1%eth0]:80", "[fe80::1]", http.StatusOK}, // clients leave a zone out
		{"[::ffff:127.0.0.1]:80", "127.0.0.1", http.StatusOK},
		{"[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]", http.StatusForbidden},
	} {
		assert.Equal(t, test.status, abuseStatus(h, abuseArrived(test.local, "127.0.0.1:1024", test.host)), "%s at %s", test.host, test.local)
	}
}

// A page of a network whose name server lies about metadata.google.internal would have that host,
// which no browser keeps from being bound to a loopback address.
func TestTheNameOfGooglesServerIsAHostAtItsAddressAlone(t *testing.T) {
	h := abuseHandler(t, &metadataserver.Options{AllowAnyUID: true})
	named := abuseHandler(t, &metadataserver.Options{AllowAnyUID: true, Hosts: []string{"metadata.google.internal"}})
	const name = "metadata.google.internal"
	for _, test := range []struct {
		handler *metadataserver.Handler
		local   string
		status  int
	}{
		{h, "169.254.169.254:80", http.StatusOK},
		{h, "127.0.0.1:80", http.StatusForbidden},
		{h, "[::1]:80", http.StatusForbidden},
		{h, "10.0.0.5:80", http.StatusForbidden},
		{named, "127.0.0.1:80", http.StatusOK},
	} {
		assert.Equal(t, test.status, abuseStatus(test.handler, abuseArrived(test.local, "127.0.0.1:1024", name)), test.local)
	}
}

func TestAServerThatDoesNotTellItsAddressHasTheHostsOfTheOptionsAlone(t *testing.T) {
	h := abuseHandler(t, &metadataserver.Options{AllowAnyUID: true, Hosts: []string{"tokens.example"}})
	for host, status := range map[string]int{
		"tokens.example": http.StatusOK, "localhost": http.StatusForbidden, "": http.StatusForbidden, "localhost:0": http.StatusForbidden,
	} {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, abuseToken, nil)
		r.Host = host
		r.Header.Set("Metadata-Flavor", "Google")
		assert.Equal(t, status, abuseStatus(h, r), "%q", host)
	}
}
