package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// Options says where and for whom the admin API listens.
type Options struct {
	// Addr is HOST:PORT; port 0 takes a free one. Required.
	Addr string
	// Expose allows an Addr that other machines can reach.
	Expose bool
	// Token is demanded of everyone. Default: none on loopback, and a random one elsewhere.
	Token string
	// World is what is looked after. Required.
	World World
}

// Server serves the admin API. Close it after use.
type Server struct {
	// URL is where the server is reached, without a slash at the end.
	URL string
	// Token is what clients must send; "" for none.
	Token string

	http    *http.Server
	serving sync.WaitGroup
}

// The bounds of what clients may cost.
const (
	maxClients    = 64
	maxHeader     = 16 << 10
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	closeTimeout  = time.Second
	minTokenBytes = 16
)

// Check reports what speaks against the options, as far as that is known before a port is opened.
func (o Options) Check() error {
	host, _, err := net.SplitHostPort(o.Addr)
	switch {
	case err != nil:
		return err
	case !o.Expose && !isLoopback(host):
		return fmt.Errorf("%s can be reached from other machines; add -expose if that is meant, and a token is asked for", o.Addr)
	case o.Token != "" && len(o.Token) < minTokenBytes:
		return fmt.Errorf("the token is shorter than %d bytes", minTokenBytes)
	}
	return nil
}

// Start serves the admin API.
func Start(o Options) (*Server, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	bound := netip.MustParseAddrPort(listener.Addr().String())
	local := bound.Addr().Unmap().IsLoopback()
	if !local && !o.Expose { // a localhost that is none
		return nil, errors.Join(fmt.Errorf("admin: %s is no loopback address", bound), listener.Close())
	}
	if !local {
		o.Token = cmp.Or(o.Token, rand.Text())
	}
	asked, _, _ := net.SplitHostPort(o.Addr)
	hosts := hostsOf(asked, bound)
	s := &Server{Token: o.Token, URL: "http://" + hosts[0]}
	if bound.Addr().IsUnspecified() {
		hosts = nil // it has every name of the machine, and those of a proxy before a container
	}
	s.http = &http.Server{
		Handler:           newHandler(o.World, guard{hosts: hosts, token: o.Token}),
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: readTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
	}
	limited := newLimitedListener(listener, maxClients)
	s.serving.Go(func() { _ = s.http.Serve(limited) }) // it ends by Close alone
	return s, nil
}

// Close ends the server: requests under way have a second. It always returns nil.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = s.http.Shutdown(ctx)
	_ = s.http.Close()
	s.serving.Wait()
	return nil
}

// hostsOf returns what the Host header of a client may be, for a listener that was asked for by
// that name. The first is where it is reached.
func hostsOf(asked string, bound netip.AddrPort) []string {
	address := bound.Addr().Unmap()
	names := []string{address.String()}
	switch {
	case address.IsUnspecified():
		names = []string{"127.0.0.1"}
	case address.IsLoopback():
		names = append(names, "localhost")
	default:
		names = append(names, asked)
	}
	port := strconv.Itoa(int(bound.Port()))
	var hosts []string
	for _, name := range names {
		hosts = append(hosts, net.JoinHostPort(name, port))
		if port == "80" { // which clients leave out
			hosts = append(hosts, name)
		}
	}
	return hosts
}

// isLoopback reports whether host is one that no other machine reaches.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
