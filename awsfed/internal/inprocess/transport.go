package inprocess

import "net/http"

// Transport is an [http.RoundTripper] that has a handler answer each request. It opens no socket
// and starts no goroutine, so it works within a testing/synctest bubble.
type Transport struct{ Handler http.Handler }

var _ http.RoundTripper = Transport{}

// RoundTrip implements [http.RoundTripper].
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	received, err := Receive(r)
	if err != nil {
		return nil, err
	}
	a := NewAnswer()
	t.Handler.ServeHTTP(a, received)
	return a.Response(r), nil
}
