package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// guard keeps out whoever must not give orders: other machines, and pages of other sites in a
// browser on this one, which can send requests to loopback and even give it a name of their own.
type guard struct {
	hosts []string // what a Host header may be; nil for all, which takes a token
	token string   // "" for none
}

// admits reports whether r may be served, and else answers it.
func (g guard) admits(w http.ResponseWriter, r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host"} {
		if r.Header.Values(name) != nil {
			refuse(w, http.StatusForbidden, "%s: the admin API is not to be reached through a proxy", name)
			return false
		}
	}
	// A name that an attacker's DNS leads to loopback is not among the hosts.
	if g.hosts != nil && !slices.Contains(g.hosts, r.Host) {
		refuse(w, http.StatusForbidden, "Host: it is %q, want %s", r.Host, strings.Join(g.hosts, " or "))
		return false
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			refuse(w, http.StatusForbidden, "Origin: the page of another site may not use the admin API")
			return false
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		// Following a link to the page is harmless: it cannot be framed.
		if r.Header.Get("Sec-Fetch-Dest") != "document" || r.Method != http.MethodGet {
			refuse(w, http.StatusForbidden, "Sec-Fetch-Site: the page of another site may not use the admin API")
			return false
		}
	}
	if r.URL.Path != "/health" && !g.knows(r) {
		challenge := "Bearer"
		if r.URL.Path == "/" {
			challenge = `Basic realm="awsfed emulator; the password is the admin token", charset="UTF-8"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
		refuse(w, http.StatusUnauthorized, "Authorization: want Bearer and the token of the admin API")
		return false
	}
	return g.admitsBody(w, r)
}

// admitsBody refuses the bodies that a form of another site can send. DELETE has none, and a
// browser asks leave before it sends one.
func (g guard) admitsBody(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		return true
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" || kind == "application/yaml" && r.URL.Path == "/config" {
		return true
	}
	refuse(w, http.StatusUnsupportedMediaType, "Content-Type: it is %q, want application/json", r.Header.Get("Content-Type"))
	return false
}

// knows reports whether r comes with the token. For the page it may be a password, since a browser
// asks people for nothing else.
func (g guard) knows(r *http.Request) bool {
	if g.token == "" {
		return true
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, password, basic := r.BasicAuth(); basic && r.URL.Path == "/" {
		given, ok = password, true
	}
	// Hashes are of one length, so that the time of the comparison does not tell the token's.
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(g.token))
	return ok && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
