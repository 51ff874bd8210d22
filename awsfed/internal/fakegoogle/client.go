package fakegoogle

import (
	"crypto/subtle"
	"net/http"
	"net/url"
)

// client is how a program authenticates itself to STS. The zero one is none.
type client struct{ id, secret string }

// RequireClient makes STS refuse every exchange that does not come with this ID and secret by HTTP
// Basic (RFC 6749 §2.3.1), in either spelling of it: plain, or percent-encoded first. It puts
// Unsettled.AcceptAuthorizationHeader out of force. Two empty strings take the demand back.
//
// Google asks this of no client of workload identity federation. It is for those whose way to
// Google leads through a service of their own.
func (g *Cloud) RequireClient(id, secret string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.client = client{id, secret}
}

// admits reports whether the request comes from the client.
func (c client) admits(r *http.Request) bool {
	id, secret, _ := r.BasicAuth()
	if c.is(id, secret) {
		return true
	}
	id, err1 := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	return err1 == nil && err2 == nil && c.is(id, secret)
}

func (c client) is(id, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(c.id), []byte(id))&subtle.ConstantTimeCompare([]byte(c.secret), []byte(secret)) == 1
}
