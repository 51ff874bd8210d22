package awsfedtest

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// publicHost returns the HOST:PORT at which clients reach a listener that was asked for as addr.
func publicHost(addr string, listening net.Addr) string {
	asked, _, _ := net.SplitHostPort(addr)
	bound := netip.MustParseAddrPort(listening.String())
	if ip, err := netip.ParseAddr(asked); err == nil && ip.IsUnspecified() || asked == "" {
		asked = "127.0.0.1"
	}
	return net.JoinHostPort(cmp.Or(asked, bound.Addr().String()), strconv.Itoa(int(bound.Port())))
}

// hostSet is the addresses of a cloud's running servers. Its zero value is empty and ready for use.
type hostSet struct {
	mu    sync.Mutex
	hosts map[string]int // how many servers have it
}

func (s *hostSet) add(hosts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts == nil {
		s.hosts = make(map[string]int)
	}
	for _, host := range hosts {
		s.hosts[strings.ToLower(host)]++
	}
}

func (s *hostSet) remove(hosts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, host := range hosts {
		host = strings.ToLower(host)
		if s.hosts[host]--; s.hosts[host] == 0 {
			delete(s.hosts, host)
		}
	}
}

func (s *hostSet) has(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts[strings.ToLower(host)] > 0
}
