package awsfedtest

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ServerOptions says how [Cloud.StartServer] serves. The zero value is that of [Cloud.Start].
type ServerOptions struct {
	// Addr is where to listen, HOST:PORT. The server's URL keeps a HOST that is a name; of an
	// address that is unspecified, such as 0.0.0.0, it makes 127.0.0.1. Default: 127.0.0.1:0, which
	// is a free port.
	Addr string
	// PublicURL is where clients reach the server if that is not Addr, because a proxy or the port
	// mapping of a container is between them: http or https, a host, a port if it is not the
	// scheme's own, and no path. It is the server's URL then, and its host is taken for the
	// emulator's own. Default: made of Addr.
	PublicURL string
	// TLS serves https, HTTP/1.1 alone, with the certificates that it has. Default: http.
	TLS *tls.Config
	// MaxConnections is how many connections are served at a time; others wait for one to end.
	// Default: no bound.
	MaxConnections int
}

func (o ServerOptions) scheme() string {
	if o.TLS != nil {
		return "https"
	}
	return "http"
}

// publicURL returns PublicURL in the form in which clients name its host, or "" without one.
func (o ServerOptions) publicURL() (string, error) {
	if o.PublicURL == "" {
		return "", nil
	}
	u, err := url.Parse(o.PublicURL)
	if err != nil {
		return "", fmt.Errorf("public URL: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", fmt.Errorf("public URL %q: want http or https and a host", u.Redacted())
	}
	if rest := (url.URL{Scheme: u.Scheme, Host: u.Host}); strings.TrimSuffix(u.String(), "/") != rest.String() {
		return "", fmt.Errorf("public URL %q: want nothing but scheme, host and port", u.Redacted())
	}
	host := strings.ToLower(u.Host)
	if u.Port() == "" || u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host, nil
}

// wrap bounds the connections of a listener and encrypts them.
func (o ServerOptions) wrap(listener net.Listener) net.Listener {
	if o.MaxConnections > 0 {
		listener = limit(listener, o.MaxConnections)
	}
	if o.TLS != nil {
		config := o.TLS.Clone()
		config.NextProtos = []string{"http/1.1"} // no fault can reset a connection of HTTP/2
		listener = tls.NewListener(listener, config)
	}
	return listener
}
