package awsfedtest

import (
	"context"
	"net/http"
)

// Handle makes [Cloud.Client] reach api under the name of host, a real one of
// Google's for example, so that a service under test runs in the process as a
// whole:
//
//	cloud.Handle("storage.googleapis.com", cloud.Google.Protect(myFakeStorage))
//
// Faults do not strike such requests, and [Cloud.Requests] does not list them. A
// host that the emulator plays itself is then api's. A nil api takes it back.
func (c *Cloud) Handle(host string, api http.Handler) {
	if api == nil {
		c.apis.Delete(hostname(host))
		return
	}
	c.apis.Store(hostname(host), api)
}

// roundTripAPI lets a handler of the user's answer in the client's own goroutine.
func roundTripAPI(r *http.Request, api http.Handler) (*http.Response, error) {
	received, err := receive(r)
	if err != nil {
		return nil, err
	}
	if r.Context().Err() != nil {
		return nil, context.Cause(r.Context())
	}
	a := newAnswer()
	api.ServeHTTP(a, received)
	a.WriteHeader(http.StatusOK)
	return a.response(r), nil
}
