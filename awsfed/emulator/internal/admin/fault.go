package admin

import (
	"net/http"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// faults answers with the catalogue and with what is on.
func (h *handler) faults(w http.ResponseWriter, _ *http.Request) {
	on := h.world.Cloud().InjectedFaults()
	catalogue := []object{}
	for _, fault := range awsfedtest.Faults() {
		entry := object{
			{"name", fault.Name}, {"summary", fault.Summary}, {"endpoint", fault.Endpoint}, {"status", fault.Status},
			{"code", fault.Code}, {"reason", fault.Reason}, {"verified", fault.Verified},
		}
		injections := []object{}
		for _, injected := range on {
			if injected.Name == fault.Name {
				injections = append(injections, object{{"id", injected.ID}, {"since", injected.Since}})
			}
		}
		catalogue = append(catalogue, append(entry, member{"on", injections}))
	}
	reply(w, http.StatusOK, object{{"faults", catalogue}})
}

// injectFault brings a fault about.
func (h *handler) injectFault(w http.ResponseWriter, r *http.Request) {
	name, ok := readField(w, r, "name")
	if !ok {
		return
	}
	fault, ok := awsfedtest.FaultByName(name)
	if !ok {
		refuse(w, http.StatusBadRequest, "name: there is no fault %.64q; GET /faults lists them", name)
		return
	}
	cloud := h.world.Cloud()
	if len(cloud.InjectedFaults()) >= maxFaults {
		refuse(w, http.StatusConflict, "%d faults are on; undo some with DELETE /faults", maxFaults)
		return
	}
	injected := cloud.InjectNamed(fault)
	reply(w, http.StatusCreated, object{{"id", injected.ID}, {"name", injected.Name}})
}

// maxFaults bounds how many faults are on, as a client may forget to undo its own.
const maxFaults = 1000

// undoFault takes one fault back.
func (h *handler) undoFault(w http.ResponseWriter, r *http.Request) {
	for _, injected := range h.world.Cloud().InjectedFaults() {
		if injected.ID == r.PathValue("id") {
			injected.Undo()
			done(w)
			return
		}
	}
	refuse(w, http.StatusNotFound, "id: no fault %.64q is on", r.PathValue("id"))
}

// undoFaults takes all faults back.
func (h *handler) undoFaults(w http.ResponseWriter, _ *http.Request) {
	on := h.world.Cloud().InjectedFaults()
	for i := range on {
		on[len(on)-1-i].Undo()
	}
	done(w)
}
