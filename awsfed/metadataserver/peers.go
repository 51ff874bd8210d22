package metadataserver

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

// peers says which users of this machine are served.
type peers struct {
	any     bool
	allowed []uint32
	uid     func(local, remote net.Addr) (uint32, error)
}

func newPeers(o Options) peers {
	return peers{any: o.AllowAnyUID, allowed: append([]uint32{uint32(os.Geteuid())}, o.AllowUIDs...), uid: peer.UID}
}

// judge says why a peer is not served; "" for one that is. A peer whose user the kernel does not
// know is of another machine, or as good as that, and is served by a listener that was opened to
// those. One on a loopback address was not, and still may have them: some machines take packets for
// such an address from a network (net.ipv4.conf.*.route_localnet). Nor does an address of a peer
// that is no loopback one mean another machine: a process can connect from any address of its own.
func (p *peers) judge(local, remote netip.AddrPort) string {
	if p.any {
		return ""
	}
	uid, err := p.uid(net.TCPAddrFromAddrPort(local), net.TCPAddrFromAddrPort(remote))
	switch {
	case errors.Is(err, peer.ErrUnsupported):
		return ""
	case errors.Is(err, peer.ErrUnmapped):
		return "processes of users without a number in the server's user namespace are not served; -allow-uid any serves such"
	case err != nil && elsewhere(local) && elsewhere(remote):
		return ""
	case err != nil:
		return "the user of the connection is not known: it may have been made through an address translation; -allow-uid any serves such"
	case slices.Contains(p.allowed, uid):
		return ""
	}
	return "processes of the user " + strconv.FormatUint(uint64(uid), 10) + " are not served; -allow-uid names those that are"
}

// elsewhere reports whether an address is known not to be a loopback one.
func elsewhere(a netip.AddrPort) bool { return a.IsValid() && !a.Addr().IsLoopback() }
