package admin

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// maxShown bounds how many requests the page shows.
const maxShown = 50

// page shows the world to people.
type page struct{ template *template.Template }

func newPage() *page {
	return &page{template.Must(template.New("page").Parse(pageTemplate))}
}

// pageData is what the template is given.
type pageData struct {
	Nonce    string
	Update   bool // for the script of a page that is open: no style and no script again
	World    worldView
	Faults   []awsfedtest.InjectedFault
	Now      string
	Offset   time.Duration
	Requests []requestView // the last first
	Total    int
}

// worldView is the configuration.
type worldView struct {
	Settings []fieldView // its texts
	Sections []fieldView // its tables and lists
}

func worldOf(document any) worldView {
	whole := viewOf(document)
	if whole.Fields == nil && !whole.IsZero() {
		whole.Fields = []fieldView{{"configuration", whole}}
	}
	var world worldView
	for _, field := range whole.Fields {
		if field.Value.Text != "" {
			world.Settings = append(world.Settings, field)
		} else {
			world.Sections = append(world.Sections, field)
		}
	}
	return world
}

// requestView is one line of the list of requests.
type requestView struct {
	awsfedtest.Request
	What      string // was asked
	Outcome   string
	Refused   bool
	Judgement []fieldView // what decided, if that is known
}

// servePage answers with the page.
func (h *handler) servePage(w http.ResponseWriter, r *http.Request) {
	nonce := rand.Text()
	var body bytes.Buffer
	data := h.look()
	data.Nonce, data.Update = nonce, r.URL.Query().Has("update")
	if err := h.page.template.Execute(&body, data); err != nil {
		refuse(w, http.StatusInternalServerError, "the page cannot be made: %v", err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
		"'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	_, _ = w.Write(body.Bytes())
}

// look gathers what the page shows.
func (h *handler) look() pageData {
	cloud := h.world.Cloud()
	data := pageData{
		Faults: cloud.InjectedFaults(),
		Now:    cloud.Now().UTC().Format(time.DateTime),
		Offset: cloud.ClockOffset(),
	}
	document, err := parseDocument(h.world.Config())
	if err != nil {
		document = "The configuration cannot be shown: " + err.Error()
	}
	data.World = worldOf(document)
	requests := cloud.Requests()
	data.Total = len(requests)
	for _, r := range slices.Backward(requests[max(0, len(requests)-maxShown):]) {
		data.Requests = append(data.Requests, viewOfRequest(r))
	}
	return data
}

// viewOfRequest shows a request. Its judgement is found by name, whatever it holds.
func viewOfRequest(r awsfedtest.Request) requestView {
	v := requestView{
		Request: r,
		What:    cmp.Or(r.Action, r.Path),
		Refused: r.Status >= http.StatusBadRequest,
		Outcome: "no answer",
	}
	if r.Status != 0 {
		v.Outcome = http.StatusText(r.Status)
	}
	o, _ := encode(r).(object)
	v.Judgement = viewOf(o.get("judgement")).Fields
	if r.Fault != "" {
		v.Judgement = append(v.Judgement, fieldView{"fault", view{Text: r.Fault}})
	}
	return v
}
