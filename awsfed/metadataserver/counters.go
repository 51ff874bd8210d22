package metadataserver

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A route is what requests are counted by: never their path, which whoever asks chooses.
type route int

const (
	routeRoot route = iota
	routeDirectory
	routeValue
	routeToken
	routeIdentity
	routeHealth
	routeUnknown
	routes // how many there are
)

func (r route) String() string {
	return [routes]string{"root", "directory", "value", "token", "identity", "health", "unknown"}[r]
}

// statuses are all that the server answers with.
const statuses = 7

func statusAt(i int) int {
	return [statuses]int{http.StatusOK, http.StatusMovedPermanently, http.StatusBadRequest, http.StatusForbidden,
		http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusServiceUnavailable}[i]
}

// counters are bounded: by routes, statuses, reasons and kinds of tokens.
type counters struct {
	requests [routes][statuses]atomic.Uint64
	refusals [refusals]atomic.Uint64
	places   atomic.Pointer[places] // of the newest server

	mu        sync.Mutex
	refreshes map[refreshKey]uint64
}

type refreshKey struct {
	kind   awsfed.TokenKind
	failed bool
}

func (c *counters) answered(at route, status int) {
	for i := range statuses {
		if statusAt(i) == status {
			c.requests[at][i].Add(1)
			return
		}
	}
}

func (c *counters) refused(reason refusalReason) { c.refusals[reason].Add(1) }

func (c *counters) refreshed(event awsfed.RefreshEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refreshes == nil {
		c.refreshes = map[refreshKey]uint64{}
	}
	c.refreshes[refreshKey{event.Kind, event.Err != nil}]++
}
