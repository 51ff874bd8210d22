package call

import (
	"net/http"
	"weak"
)

// EarlyConnections is how many connections are open that were opened ahead by way of transport.
func EarlyConnections(transport *http.Transport) int {
	return count(transport, func(e *earlyConn) bool { return e.conn != nil })
}

// Dialing reports whether one is being opened.
func Dialing(transport *http.Transport) bool {
	return count(transport, func(e *earlyConn) bool { return e.dialing }) > 0
}

func count(transport *http.Transport, is func(*earlyConn) bool) int {
	n := 0
	routes.Range(func(r, v any) bool {
		e := v.(*earlyConn)
		e.mu.Lock()
		defer e.mu.Unlock()
		if r.(route).transport == weak.Make(transport) && is(e) {
			n++
		}
		return true
	})
	return n
}
