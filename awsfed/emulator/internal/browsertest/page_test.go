package browsertest_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	flag.String("screenshot", "", "write a picture of the page to this PNG `file`")
	flag.Parse()
	os.Exit(m.Run())
}

func TestPageTellsWhoGotATokenAndWhyAnotherWasRefused(t *testing.T) {
	b := openBrowser(t)
	emulator := launch(t)
	require.NoError(t, emulator.askForToken(t))
	emulator.order(t, http.MethodPost, "/faults", `{"name": "missing-binding"}`, nil)
	require.Error(t, emulator.askForToken(t))

	b.open(t, emulator.admin, "#requests table")
	assert.Contains(t, b.text(t, "#faults"), "nobody may impersonate the service account")
	assert.Contains(t, b.text(t, "#world"), "aws-app@my-project.iam.gserviceaccount.com")
	rows := evaluate[[]string](t, b, `[...document.querySelectorAll("#requests tbody tr")].map(row => row.innerText)`)
	requests := emulator.requests(t)
	require.Len(t, rows, len(requests), "one row a request")
	granted, refused := 0, 0
	for i, row := range rows {
		r := requests[len(requests)-1-i] // the last comes first
		judgement, judged := r["judgement"]
		for _, text := range texts(judgement) {
			assert.Contains(t, row, text)
		}
		if r["action"] != "generateAccessToken" {
			continue
		}
		assert.Contains(t, row, "generateAccessToken")
		switch r["status"] {
		case float64(http.StatusOK):
			granted++
			assert.Contains(t, row, "200 OK")
		case float64(http.StatusForbidden):
			refused++
			assert.Contains(t, row, "403 Forbidden")
			if reason, ok := judgement.(map[string]any); judged && assert.True(t, ok) {
				assert.NotEmpty(t, reason["reason"], "why it was refused")
			}
		}
	}
	assert.Equal(t, []int{1, 1}, []int{granted, refused})
	assert.Equal(t, 1, evaluate[int](t, b, `document.querySelectorAll("#requests tr.refused").length`))
	assert.Zero(t, evaluate[int](t, b, `document.querySelectorAll("th:not([scope])").length`), "every heading says of what")
	assert.Empty(t, b.complained())
	takeScreenshot(t, b)

	// What happens from here on shows on the page that is open.
	emulator.order(t, http.MethodDelete, "/faults", "", nil)
	emulator.order(t, http.MethodPut, "/clock", `{"offset": "90m"}`, nil)
	value(t, b, chromedp.Poll[bool](`document.querySelector("#faults").innerText.includes("No fault is on") &&
		document.querySelector("#clock").innerText.includes("1h30m0s")`, chromedp.WithPollingTimeout(time.Minute)))
	assert.Empty(t, b.complained())
}

func TestPageWorksWithoutScripts(t *testing.T) {
	b := openBrowser(t)
	emulator := launch(t)
	command(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(t, emulator.admin, "#requests")
	assert.Contains(t, b.text(t, "#requests"), "Nobody has asked for anything yet.")
	require.NoError(t, emulator.askForToken(t))
	require.Eventually(t, func() bool {
		tables, err := chromedp.Run(b.tab, chromedp.Evaluate[int](`document.querySelectorAll("#requests table").length`))
		return err == nil && tables == 1 // an error says that the page is being loaded
	}, time.Minute, 100*time.Millisecond)
	assert.Contains(t, b.text(t, "#requests"), "ExchangeToken")
}

func TestPageIsDarkWhereTheUserWantsIt(t *testing.T) {
	b := openBrowser(t)
	emulator := launch(t)
	colours := func(scheme string) string {
		feature := emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme}
		command(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{&feature}})
		b.open(t, emulator.admin, "#world")
		return evaluate[string](t, b, `getComputedStyle(document.body).backgroundColor`)
	}
	assert.Equal(t, "rgb(255, 255, 255)", colours("light"))
	assert.Equal(t, "rgb(13, 17, 23)", colours("dark"))
}

func TestPageOfAnotherSiteGivesNoOrders(t *testing.T) {
	b := openBrowser(t)
	emulator := launch(t)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
	}))
	defer site.Close()
	for name, script := range map[string]string{
		"text that is JSON":    `fetch("ADMIN/faults", {method: "POST", mode: "no-cors", body: '{"name": "sts-reset"}'}).then(r => r.type, () => "failed")`,
		"JSON, after leave":    `fetch("ADMIN/faults", {method: "POST", headers: {"Content-Type": "application/json"}, body: '{"name": "sts-reset"}'}).then(r => "done", () => "failed")`,
		"a change of the time": `fetch("ADMIN/clock", {method: "PUT", body: '{"offset": "1h"}'}).then(r => "done", () => "failed")`,
		"a look at requests":   `fetch("ADMIN/requests").then(r => r.text(), () => "failed")`,
	} {
		t.Run(name, func(t *testing.T) {
			b.run(t, chromedp.Navigate(site.URL))
			outcome := evaluate[string](t, b, strings.ReplaceAll(script, "ADMIN", emulator.admin))
			assert.Contains(t, []string{"opaque", "failed"}, outcome)
		})
	}
	var list struct {
		Faults []struct{ On []any }
	}
	emulator.order(t, http.MethodGet, "/faults", "", &list)
	for _, fault := range list.Faults {
		assert.Empty(t, fault.On)
	}
	var clock struct{ Offset string }
	emulator.order(t, http.MethodGet, "/clock", "", &clock)
	assert.Equal(t, "0s", clock.Offset)
}

// texts are the texts anywhere in a value of JSON.
func texts(value any) []string {
	var all []string
	switch v := value.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	case map[string]any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	}
	return all
}

// takeScreenshot writes a picture of the whole page where the flag says.
func takeScreenshot(t *testing.T, b *browser) {
	t.Helper()
	file := flag.Lookup("screenshot").Value.String()
	if file == "" {
		return
	}
	require.NoError(t, os.WriteFile(file, value(t, b, chromedp.FullScreenshot(100)), 0o644))
}
