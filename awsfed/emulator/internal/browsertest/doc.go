// Package browsertest has the test that looks at the emulator's page with a browser, Chromium. It is
// a module of its own, since the package that drives the browser is large.
//
//	go test -C awsfed/emulator/internal/browsertest . -screenshot "$PWD/docs/emulator.png"
package browsertest
