package awsfedtest

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxRequests is how many requests a cloud remembers.
const maxRequests = 10_000

// Request is one request that reached the emulator. It holds no query, header or body, and so no
// secret.
type Request struct {
	// Number counts the requests of a cloud from 1 on. ResetRequests does not set it back.
	Number int
	// Time is when the request came, by time.Now: SetClock does not move it.
	Time time.Time
	// Endpoint is the service that was asked.
	Endpoint Endpoint
	// Method is the HTTP method.
	Method string
	// Host is the host that the client named, with the port if it named one.
	Host string
	// Path is the path of the URL, without the query.
	Path string
	// Action is what was asked, where the service has a name for it: GetCallerIdentity and its like
	// at AWS STS, ExchangeToken and IntrospectToken at Google's, generateAccessToken and its like
	// at IAM Credentials, GetProject at Resource Manager.
	Action string
	// UserAgent is the client's User-Agent.
	UserAgent string
	// Replayed says that Google's STS sent the request, not a client: it is the signed
	// GetCallerIdentity that a subject token carries.
	Replayed bool
	// Fault names the faults that struck the request, in the order of their injection and with a
	// comma between them. It is empty for none.
	Fault string
	// Judgement is how the service judged the request, as soon as it is answered.
	Judgement Judgement
	// Status is the HTTP status of the answer, and 0 as long as there is none: for ever if the
	// connection was dropped or reset.
	Status int
}

// Requests returns what the cloud was asked, oldest first: the last 10,000 requests since New or
// ResetRequests. A request that is still being answered is among them.
func (c *Cloud) Requests() []Request {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	requests := make([]Request, len(c.log.requests))
	for i, r := range c.log.requests {
		requests[i] = *r
		requests[i].Judgement = r.Judgement.clone()
	}
	return requests
}

// Count returns how many requests an endpoint got since New or ResetRequests, with those that
// Requests no longer remembers and, at [AWSSTS], those that Google's STS replayed.
func (c *Cloud) Count(endpoint Endpoint) int {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	return c.log.counts[endpoint]
}

// ResetRequests forgets all requests and sets every count to 0.
func (c *Cloud) ResetRequests() {
	c.log.mu.Lock()
	defer c.log.mu.Unlock()
	c.log.requests = nil
	clear(c.log.counts)
}

// requestLog is what a cloud was asked. Its zero value is ready for use.
type requestLog struct {
	mu       sync.Mutex
	requests []*Request // oldest first; a Request is changed under mu only
	counts   map[Endpoint]int
	last     int // the number of the last request
}

// begin adds a request that is yet to be answered. The caller must not touch it again but through
// end.
func (l *requestLog) begin(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) == maxRequests {
		l.requests = slices.Delete(l.requests, 0, 1)
	}
	l.last++
	r.Number = l.last
	l.requests = append(l.requests, r)
	if l.counts == nil {
		l.counts = make(map[Endpoint]int)
	}
	l.counts[r.Endpoint]++
}

// end notes the answer to a request that begin added, and returns the request as it is then. Status
// 0 says that there was no answer.
func (l *requestLog) end(r *Request, status int, judgement Judgement) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status, r.Judgement = status, judgement
	return *r
}

// newRequest describes r, whose body has been read.
func newRequest(r *http.Request, body []byte, endpoint Endpoint, replayed bool) *Request {
	return &Request{
		Time:      time.Now(),
		Endpoint:  endpoint,
		Method:    r.Method,
		Host:      r.Host,
		Path:      r.URL.Path,
		Action:    actionOf(r, body, endpoint),
		UserAgent: r.UserAgent(),
		Replayed:  replayed,
	}
}

// actionName is what an action may look like. Anything else came from a client that put it there by
// mistake, and could be a secret.
var actionName = regexp.MustCompile(`^[A-Za-z]{1,64}$`)

// actionOf returns what the service calls the operation that r asks for.
func actionOf(r *http.Request, body []byte, endpoint Endpoint) string {
	var action string
	switch endpoint {
	case AWSSTS:
		action = r.URL.Query().Get("Action")
		if action == "" {
			form, _ := url.ParseQuery(string(body))
			action = form.Get("Action")
		}
	case GoogleSTS:
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/token"):
			action = "ExchangeToken"
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/introspect"):
			action = "IntrospectToken"
		}
	case ResourceManager:
		action = "GetProject"
	case IAMCredentials:
		action = r.URL.Path[strings.LastIndexAny(r.URL.Path, ":/")+1:]
	}
	if !actionName.MatchString(action) {
		return ""
	}
	return action
}
