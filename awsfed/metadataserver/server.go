package metadataserver

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// NewServer makes an HTTP server around the handler with bounds for slow, large and many requests:
// 5 seconds and 4 KiB for the header of a request, 2 minutes for a connection between two requests,
// and as many connections as Options.MaxConnections allows. The caller gives it a listener and
// stops it by Shutdown, which ends the waits for a change too.
func (h *Handler) NewServer() *http.Server {
	const (
		headerTime  = 5 * time.Second
		idleTime    = 2 * time.Minute
		headerBytes = 1 // to which package net/http adds 4 KiB
	)
	places := newPlaces(h.options.MaxConnections)
	h.counters.places.Store(places)
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime, // for the body as well, which is not read
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          log.New(io.Discard, "", 0), // of each broken request, without end
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			c := newConnection(conn.LocalAddr(), conn.RemoteAddr().String())
			c.place = places.take(conn)
			return withConnection(ctx, c)
		},
		ConnState: func(conn net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				places.leave(conn)
			}
		},
		DisableGeneralOptionsHandler: true, // OPTIONS * is refused like any other
	}
	server.RegisterOnShutdown(h.changes.end)
	return server
}
