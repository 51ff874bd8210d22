package awsfedtest

import (
	"fmt"
	"net/http"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
)

// transport is the network of a cloud's in-process client.
type transport struct{ cloud *Cloud }

var _ http.RoundTripper = transport{}

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	defer t.cloud.open.begin()()
	if api, ok := t.cloud.apis.Load(fakeaws.Hostname(r.URL.Host)); ok {
		return inprocess.Transport{Handler: api.(http.Handler)}.RoundTrip(r)
	}
	endpoint, ok := t.cloud.endpointOf(r.URL)
	if !ok {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, fmt.Errorf("awsfedtest: the emulator plays no host %q with a path %q, and nothing leaves it", r.URL.Host, r.URL.Path)
	}
	return t.cloud.roundTrip(r, endpoint, false)
}

// roundTrip answers a client's request in the client's own goroutine.
func (c *Cloud) roundTrip(r *http.Request, endpoint Endpoint, replayed bool) (*http.Response, error) {
	received, err := inprocess.Receive(r)
	if err != nil {
		return nil, err
	}
	a, err := c.answer(received, endpoint, replayed)
	if err != nil {
		return nil, err
	}
	return a.Response(r), nil
}

// replay sends a signed AWS request as Google's STS does: straight to the AWS side, with no
// client's redirects or retries. It returns nil if no answer comes.
func (c *Cloud) replay(r *http.Request) *http.Response {
	endpoint, ok := c.endpointOfHost(r.URL.Host, r.URL.Path)
	if c.ownHost(r.URL.Host) {
		endpoint, ok = endpointOfPath(r.URL.Path)
	}
	if !ok || endpoint != AWSSTS {
		return nil
	}
	response, err := c.roundTrip(r, endpoint, true)
	if err != nil {
		return nil
	}
	return response
}

// Handle makes [Cloud.Client] reach api under the name of host, a real one of Google's for example,
// so that a service under test runs in the process as a whole:
//
//	cloud.Handle("storage.googleapis.com", cloud.Protect(myFakeStorage))
//
// Faults do not strike such requests, and [Cloud.Requests] does not list them. A host that the
// emulator plays itself is then api's. A nil api takes it back.
func (c *Cloud) Handle(host string, api http.Handler) {
	if api == nil {
		c.apis.Delete(fakeaws.Hostname(host))
		return
	}
	c.apis.Store(fakeaws.Hostname(host), api)
}
