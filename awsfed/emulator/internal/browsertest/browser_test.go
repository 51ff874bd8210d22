package browsertest_test

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is a Chromium with one tab.
type browser struct {
	tab context.Context

	mu         sync.Mutex
	complaints []string // of the page's script and of what its policy forbade
}

// openBrowser starts Chromium, and ends it with the test. A test without one is skipped.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium")
	}
	profile := t.TempDir()
	allocator, cancel := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900),
		chromedp.Flag("headless", true), chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("no-proxy-server", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	tab, cancelTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(tab) // waits for the process, which writes to its profile
		cancelTab()
		cancel()
	})
	b := &browser{tab: tab}
	require.NoError(t, chromedp.Do(tab)) // with no timeout, which would end the browser
	require.NoError(t, chromedp.Listen(tab, func(event any) {
		complaint := ""
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			complaint = e.ExceptionDetails.Text
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
				complaint = e.Entry.Text
			}
		}
		if complaint != "" {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.complaints = append(b.complaints, complaint)
		}
	}))
	return b
}

// run does what a user does, within a minute.
func (b *browser) run(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, time.Minute)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, actions...))
}

// open goes to a page and waits until the element of a CSS selector can be seen.
func (b *browser) open(t *testing.T, url, selector string) {
	t.Helper()
	b.run(t, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(selector)))
}

// text is what a user reads of the element of a CSS selector.
func (b *browser) text(t *testing.T, selector string) string {
	t.Helper()
	return value(t, b, chromedp.Text(chromedp.CSS(selector)))
}

// evaluate is the value of an expression of JavaScript; of a promise, what it resolves to.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	return value(t, b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// value is what an action gives within a minute.
func value[T any](t *testing.T, b *browser, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	require.NoError(t, err)
	return v
}

// command sends a command of the protocol that has no answer.
func command[P any](t *testing.T, b *browser, method cdp.Command[P, cdp.Empty], params P) {
	t.Helper()
	_, err := chromedp.Call(b.tab, method, params)
	require.NoError(t, err)
}

// complained is what the browser found wrong so far.
func (b *browser) complained() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.complaints
}
