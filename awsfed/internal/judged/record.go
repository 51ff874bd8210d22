// Package judged has the record of how a cloud of the emulator judged a request. It goes with the
// request's context, so that whoever judges a part of it can fill in his.
package judged

import "context"

// Record is how one request was judged, for people. No field holds a secret, nor anything of a
// request that nobody has checked and that could be one.
type Record struct {
	Caller     string            // who asked; "" as long as nobody has proved it
	Attributes map[string]string // by google.subject, google.groups and attribute.NAME
	Condition  string            // "", "true", "false" or "error: …"
	Binding    string            // ROLE for MEMBER on RESOURCE; several with "; " between
	Reason     string            // why it was refused
}

type key struct{}

// With returns a context whose record is r.
func With(ctx context.Context, r *Record) context.Context { return context.WithValue(ctx, key{}, r) }

// From returns the record of a context, and one that nobody reads where there is none.
func From(ctx context.Context) *Record {
	if r, ok := ctx.Value(key{}).(*Record); ok {
		return r
	}
	return new(Record)
}
