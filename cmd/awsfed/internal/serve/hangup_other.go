//go:build !unix

package serve

import "os"

// hangups are none: there is no such signal.
func hangups() []os.Signal { return nil }
