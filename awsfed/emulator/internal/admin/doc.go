// Package admin is the emulator's second port: a JSON API by which a test in any language changes
// the emulated clouds while they run, and a page that shows them to people.
//
//	curl -H 'Content-Type: application/json' -d '{"name":"missing-binding"}' 127.0.0.1:8086/faults
//
// It can hand out nothing but takes orders, so it listens on loopback, answers to its own name
// alone, and takes no order that a page of another site could give through a browser. On any other
// address it demands a token.
package admin
