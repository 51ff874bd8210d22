package metadataserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A Handler is the metadata server. It is safe for concurrent use and needs no closing. See the doc
// of this package for whom it serves.
type Handler struct {
	options  Options
	guard    guard
	identity atomic.Pointer[identity]
	turns    atomic.Uint64 // of Replace
	changes  changes
	shared   sharedHeaders
	counters counters
	warned   [refusals]atomic.Int64 // when a refusal was logged last, in Unix nanoseconds
}

// New makes a server for the identity of cfg: its ServiceAccount, or the federated identity itself
// without one, is the account "default". No token is fetched yet. ctx is for loading the AWS
// configuration and is not kept. The OnRefresh of cfg is called by each of the server's sources: by
// one of them one call at a time, and by two of them maybe at once. All faults of cfg and of
// options are reported at once, each as an *awsfed.FieldError.
func New(ctx context.Context, cfg awsfed.Config, options *Options) (*Handler, error) {
	h := &Handler{options: options.clone()}
	h.options.Logger = cmp.Or(h.options.Logger, cfg.Logger, slog.Default())
	h.guard = newGuard(h.options)
	h.changes.init(h.options.MaxConnections)
	h.shared = newSharedHeaders()
	faults := h.options.validate()
	if faults != nil {
		h.options.Accounts = nil // of which one may be at fault, and would be reported again
	}
	identity, err := newIdentity(ctx, h.observed(cfg), h.options)
	if err = errors.Join(faults, err); err != nil {
		return nil, err
	}
	h.identity.Store(identity)
	return h, nil
}

// Replace makes the server answer with another configuration, once that gives a token: ctx bounds
// the wait for it. Until then, and after an error, the server goes on with the one that it has.
// Requests that wait for a change are told. Of two calls at once the later one stays, whichever
// gets its token first.
func (h *Handler) Replace(ctx context.Context, cfg awsfed.Config) error {
	turn := h.turns.Add(1)
	identity, err := newIdentity(ctx, h.observed(cfg), h.options)
	if err != nil {
		return err
	}
	if _, err := identity.main.byDefault.tokens.TokenContext(ctx); err != nil {
		return err
	}
	identity.turn = turn
	for old := h.identity.Load(); old.turn < turn; old = h.identity.Load() {
		if h.identity.CompareAndSwap(old, identity) {
			h.changes.announce()
			break
		}
	}
	return nil
}

// Warm fetches the token of the account "default" where there is none at hand, so that the first
// client does not wait for it: at the start, whose log then says what is wrong. Its errors are
// those of a source: *awsfed.Error.
func (h *Handler) Warm(ctx context.Context) error {
	_, err := h.identity.Load().main.byDefault.tokens.TokenContext(ctx)
	return err
}

// Status is that of the account "default", for health checks. It asks nobody.
func (h *Handler) Status() awsfed.Status { return h.identity.Load().main.byDefault.tokens.Status() }

// ProjectID is what clients are told as project/project-id.
func (h *Handler) ProjectID() string { return h.identity.Load().project }

// Account is the email address of the account "default", or the name that stands for the federated
// identity itself.
func (h *Handler) Account() string { return h.identity.Load().main.email }

// Format prints the kind for every verb: a Handler holds tokens.
func (h *Handler) Format(state fmt.State, _ rune) { fmt.Fprint(state, "metadataserver.Handler") }

// observed is cfg with the handler told of each refresh.
func (h *Handler) observed(cfg awsfed.Config) awsfed.Config {
	told := cfg.OnRefresh
	cfg.OnRefresh = func(event awsfed.RefreshEvent) {
		h.counters.refreshed(event)
		if event.Err == nil {
			h.changes.announce()
		}
		if told != nil {
			told(event)
		}
	}
	return cfg
}

// Where the keys are, and the parts of it that the root and its directory list.
const keys = "/computeMetadata/v1"

// ServeHTTP answers one request. Whatever the status, the answer has the header Metadata-Flavor,
// without which some clients do not take even a 404, and a Content-Length.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := connectionOf(r)
	began := time.Now()
	route, reply := h.placed(r, c)
	if time.Since(began) > writeTime/2 { // it waited, for a token or for a change
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime)) // not every server has deadlines
	}
	h.write(w, r, route, reply)
}

// placed finds the reply to a request, whose connection keeps its place for as long. It does not
// while the reply is written: a client that does not read would have the place for free.
func (h *Handler) placed(r *http.Request, c *connection) (route, reply) {
	if c.place != nil {
		c.place.begin()
		defer c.place.end()
	}
	if refusal := h.guard.judge(r, c); refusal != nil {
		h.counters.refused(refusal.reason)
		h.warn(r.Context(), refusal)
		return routeUnknown, reply{status: refusal.status, body: refusal.text}
	}
	return h.reply(r)
}

// A reply is what a request gets.
type reply struct {
	status   int
	answer   answer // with status 200
	body     string // with others: one line
	location string // with status 301
}

func (h *Handler) reply(r *http.Request) (route, reply) {
	// A slash that is encoded is part of a name, and no name has one.
	if strings.Contains(strings.ToLower(r.URL.RawPath), "%2f") {
		return routeUnknown, failed(notFound("there is no such key"))
	}
	switch r.URL.Path {
	case "/":
		return routeRoot, reply{status: http.StatusOK, answer: answered(typeText, "computeMetadata/\n")}
	case "/computeMetadata/":
		return routeRoot, reply{status: http.StatusOK, answer: answered(typeText, "v1/\n")}
	case "/computeMetadata":
		return routeRoot, redirected(r)
	case "/healthz":
		return routeHealth, h.health()
	}
	path, found := strings.CutPrefix(r.URL.Path, keys)
	if path == "" && found {
		return routeDirectory, redirected(r)
	}
	if !found || path[0] != '/' {
		return routeUnknown, failed(notFound("there is no such key"))
	}
	var query url.Values // most have none
	if r.URL.RawQuery != "" {
		var err error
		if query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
			return routeUnknown, failed(badRequest("the query cannot be read"))
		}
	}
	return h.key(r, path, query)
}

// key answers for a path below the keys, after a change of it if the request asks to wait for one.
func (h *Handler) key(r *http.Request, path string, query url.Values) (route, reply) {
	n, slash := h.identity.Load().root.find(path)
	switch {
	case n == nil, slash && !n.dir:
		return routeUnknown, failed(notFound("there is no such key"))
	case n.dir && !slash:
		return routeDirectory, redirected(r)
	}
	alt := query.Get("alt")
	if alt != "" && alt != "json" && alt != "text" {
		return n.route, failed(badRequest("alt is neither json nor text"))
	}
	look := func() (answer, error) {
		n, _ := h.identity.Load().root.find(path)
		if n == nil { // the identity was replaced meanwhile
			return answer{}, notFound("there is no such key any more")
		}
		if n.ask != nil {
			return n.ask(r.Context(), query)
		}
		return n.render(truth(query.Get("recursive")), alt), nil
	}
	var a answer
	var err error
	if truth(query.Get("wait_for_change")) {
		a, err = h.changes.wait(r.Context(), query, look)
	} else {
		a, err = look()
	}
	if err != nil {
		return n.route, failed(forRoute(n.route, err))
	}
	return n.route, reply{status: http.StatusOK, answer: a}
}

// truth reads a parameter that is on or off.
func truth(s string) bool {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

// redirected sends a client to the directory whose slash it left out. The host was judged already.
func redirected(r *http.Request) reply {
	to := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path + "/", RawQuery: r.URL.RawQuery}
	return reply{status: http.StatusMovedPermanently, location: to.String(), body: "it is a directory"}
}

// health answers a probe: whether there is a token, or nothing known that speaks against one.
func (h *Handler) health() reply {
	status := h.Status()
	if status.Token == awsfed.TokenValid || status.Token == awsfed.TokenEnded && status.Refresh == awsfed.RefreshOK {
		return reply{status: http.StatusOK, answer: answered(typeText, "ok\n")}
	}
	if status.Err != nil {
		return failed(unavailable(status.Err.Error()))
	}
	return failed(unavailable("there is no token yet"))
}
