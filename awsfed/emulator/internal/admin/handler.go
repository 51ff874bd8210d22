package admin

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 1 << 20

// handler serves the API and the page.
type handler struct {
	world World
	guard guard
	mux   *http.ServeMux
	page  *page
}

// newHandler returns what serves world behind guard.
func newHandler(world World, guard guard) *handler {
	h := &handler{world: world, guard: guard, mux: http.NewServeMux(), page: newPage()}
	for path, methods := range map[string]methods{
		"/{$}":                {http.MethodGet: h.servePage},
		"/health":             {http.MethodGet: h.health},
		"/config":             {http.MethodGet: h.config, http.MethodPut: h.replaceConfig},
		"/faults":             {http.MethodGet: h.faults, http.MethodPost: h.injectFault, http.MethodDelete: h.undoFaults},
		"/faults/{id}":        {http.MethodDelete: h.undoFault},
		"/clock":              {http.MethodGet: h.clock, http.MethodPut: h.setClock},
		"/credentials/rotate": {http.MethodPost: h.rotateCredentials},
		"/credentials/expire": {http.MethodPost: h.expireCredentials},
		"/requests":           {http.MethodGet: h.requests, http.MethodDelete: h.forgetRequests},
	} {
		h.mux.Handle(path, methods)
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing at %s", r.URL.Path)
	})
	return h
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	if !h.guard.admits(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	h.mux.ServeHTTP(w, r)
}

// health says that the emulator runs.
func (h *handler) health(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, object{{"status", "ok"}})
}

// methods is what one path does, by method.
type methods map[string]http.HandlerFunc

// ServeHTTP implements [http.Handler].
func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	serve, ok := m[method]
	if !ok {
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(m)), ", "))
		refuse(w, http.StatusMethodNotAllowed, "%s takes no %s", r.URL.Path, r.Method)
		return
	}
	serve(w, r)
}
