package awsfed

import (
	"path"
	"runtime"
	"strings"
)

// The hints for code that awsfed was given and that breaks the rules of [Config].
const (
	panicHint     = "this is a fault of the func that is named: a provider, a RoundTripper, a source or a hook; the next attempt goes on"
	abandonedHint = "something in this step ignores the end of its ctx: look at Config.Credentials and at the transport of Config.HTTPClient"
)

// guard runs call, which is or calls code that awsfed was given, and makes an [*Error] of a panic
// in it. The error names what panicked and where; the value of the panic may hold a secret and is
// dropped.
func guard(stage func() Stage, what string, call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = panicError(stage(), what)
		}
	}()
	return call()
}

// panicError names what panicked and where. It is called by the deferred func that recovers.
func panicError(stage Stage, what string) error {
	return &Error{Stage: stage, Code: codePanic, Description: what + " panicked" + panicSite(), Transient: true, Hint: panicHint}
}

func panicSite() string {
	var counters [32]uintptr
	// Callers, panicSite, panicError and the deferred func come first, then the frames of the panic,
	// which are the runtime's.
	frames := runtime.CallersFrames(counters[:runtime.Callers(4, counters[:])])
	for {
		frame, more := frames.Next()
		if frame.Function != "" && !strings.HasPrefix(frame.Function, "runtime.") {
			return " in " + path.Base(frame.Function)
		}
		if !more {
			return ""
		}
	}
}

// noStage is for what belongs to no step.
func noStage() Stage { return "" }
