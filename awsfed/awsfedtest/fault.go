package awsfedtest

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// faultKind is what a [Fault] does to a request.
type faultKind string

const (
	kindDelay    faultKind = "delay"    // holds the request back before the service sees it
	kindLatency  faultKind = "latency"  // holds the answer back after the service gave it
	kindDrop     faultKind = "drop"     // swallows the request: the connection stays open and silent
	kindReset    faultKind = "reset"    // swallows the request and resets the connection
	kindTruncate faultKind = "truncate" // serves the request and ends the connection within the body
	kindAnswer   faultKind = "answer"   // answers in the place of the service
)

// Fault makes an endpoint misbehave while it is injected, see [Cloud.Inject]. Make one with
// [Delay], [Drop], [Status] and the functions beside them, each of which takes an endpoint, "" for
// all. Narrow it with its methods, each of which returns a changed copy. An outage of ten minutes
// that begins in one hour is
//
//	cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).After(time.Hour).During(10 * time.Minute))
type Fault struct {
	endpoint Endpoint // "" for all
	kind     faultKind
	match    func(Request) bool // nil for all at endpoint; called without any lock held
	count    int                // of requests until the fault is spent; 0 without limit
	start    time.Duration      // from the injection
	length   time.Duration      // from start; 0 until it is removed

	wait   time.Duration // of kindDelay and kindLatency
	code   int           // of kindAnswer, as header and body are
	header http.Header
	body   string
}

// Delay holds requests at endpoint back for d before the service sees them.
func Delay(endpoint Endpoint, d time.Duration) Fault {
	return Fault{endpoint: endpoint, kind: kindDelay, wait: d}
}

// Latency holds the answers of endpoint back for d. Unlike with [Delay], a token that comes late
// has been ageing on its way.
func Latency(endpoint Endpoint, d time.Duration) Fault {
	return Fault{endpoint: endpoint, kind: kindLatency, wait: d}
}

// Drop leaves requests at endpoint without an answer. In-process, a request whose context never
// ends blocks for ever, as one without a timeout does on a network.
func Drop(endpoint Endpoint) Fault {
	return Fault{endpoint: endpoint, kind: kindDrop}
}

// Reset resets the connections of requests at endpoint: the client sees [syscall.ECONNRESET].
func Reset(endpoint Endpoint) Fault {
	return Fault{endpoint: endpoint, kind: kindReset}
}

// Truncate lets endpoint serve requests, and ends the connection halfway through the body: the
// client sees [io.ErrUnexpectedEOF] as it reads.
func Truncate(endpoint Endpoint) Fault {
	return Fault{endpoint: endpoint, kind: kindTruncate}
}

// Status answers requests at endpoint with an HTTP status, header and body. A nil header is an
// empty one.
func Status(endpoint Endpoint, code int, header http.Header, body string) Fault {
	if header = header.Clone(); header == nil {
		header = make(http.Header)
	}
	return Fault{endpoint: endpoint, kind: kindAnswer, code: code, header: header, body: body}
}

// TooManyRequests answers requests at endpoint with 429, or at [AWSSTS] with 400 and the code
// Throttling as AWS does, and an error body of the service's form. retryAfter becomes the
// Retry-After header, in whole seconds rounded up; 0 leaves the header out.
func TooManyRequests(endpoint Endpoint, retryAfter time.Duration) Fault {
	f := throttled(endpoint)
	if retryAfter > 0 {
		seconds := (retryAfter + time.Second - 1) / time.Second
		f.header.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	return f
}

// Unavailable answers requests at endpoint with 503 and an error body of the service's form. Its
// text is the emulator's own and may change.
func Unavailable(endpoint Endpoint) Fault {
	return unavailable(endpoint)
}

// Times limits the fault to the next n requests that it matches.
func (f Fault) Times(n int) Fault {
	f.count = n
	return f
}

// After lets the fault begin d after its injection.
func (f Fault) After(d time.Duration) Fault {
	f.start = d
	return f
}

// During lets the fault end d after it began.
func (f Fault) During(d time.Duration) Fault {
	f.length = d
	return f
}

// When limits the fault to requests that match reports true for.
func (f Fault) When(match func(Request) bool) Fault {
	f.match = match
	return f
}

// Inject makes the cloud misbehave as f says, from now on, and returns what ends it; calling that
// again does nothing. The times of a fault are measured by time.Now, so SetClock does not move them
// and a synctest bubble rules them.
//
// If several faults match a request, it suffers all delays and latencies, one after the other, and
// of the others only the one that was injected last. A fault that another one hid has not used up
// its number of requests.
func (c *Cloud) Inject(f Fault) (remove func()) {
	f.header = f.header.Clone()
	a := &activeFault{Fault: f, injected: time.Now()}
	c.faults.add(a)
	return func() { c.faults.remove(a) }
}

// activeFault is a fault in its time.
type activeFault struct {
	Fault
	injected time.Time
	struck   int // requests so far; guarded by faultSet.mu
}

// over reports whether the fault will strike no more.
func (a *activeFault) over(now time.Time) bool {
	return a.count > 0 && a.struck >= a.count ||
		a.length > 0 && now.Sub(a.injected) >= a.start+a.length
}

// matches reports whether the fault is for r.
func (a *activeFault) matches(r Request) bool {
	return (a.endpoint == "" || a.endpoint == r.Endpoint) && (a.match == nil || a.match(r))
}

// faultSet is the faults of a cloud in the order of their injection. Its zero value is empty and
// ready for use.
type faultSet struct {
	mu     sync.Mutex
	active []*activeFault
}

func (s *faultSet) add(a *activeFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = append(s.active, a)
}

func (s *faultSet) remove(a *activeFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = slices.DeleteFunc(s.active, func(other *activeFault) bool { return other == a })
}

// strike returns the faults that r suffers, in the order of their injection, and counts them as
// used. At most one of them is neither a delay nor a latency.
func (s *faultSet) strike(r Request, now time.Time) []Fault {
	s.mu.Lock()
	s.active = slices.DeleteFunc(s.active, func(a *activeFault) bool { return a.over(now) })
	candidates := slices.Clone(s.active)
	s.mu.Unlock()

	// The match is a user's func, so it is asked between the locks.
	candidates = slices.DeleteFunc(candidates, func(a *activeFault) bool {
		return now.Sub(a.injected) < a.start || !a.matches(r)
	})
	if len(candidates) == 0 {
		return nil
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	var faults []Fault
	hidden := false // whether a later fault has decided the answer
	for _, a := range slices.Backward(candidates) {
		wait := a.kind == kindDelay || a.kind == kindLatency
		if a.over(now) || !slices.Contains(s.active, a) || hidden && !wait {
			continue
		}
		hidden = hidden || !wait
		a.struck++
		faults = append(faults, a.Fault)
	}
	slices.Reverse(faults)
	return faults
}

// name is the fault in a request log.
func (f Fault) name() string {
	if f.kind == kindAnswer {
		return strconv.Itoa(f.code)
	}
	return string(f.kind)
}
