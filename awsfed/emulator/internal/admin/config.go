package admin

import (
	"encoding/json"
	"net/http"
)

// config answers with the configuration in force.
func (h *handler) config(w http.ResponseWriter, _ *http.Request) {
	data := h.world.Config()
	kind := "application/yaml"
	if json.Valid(data) {
		kind = "application/json"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data)
}

// replaceConfig puts another world in the place of this one.
func (h *handler) replaceConfig(w http.ResponseWriter, r *http.Request) {
	data, ok := readBody(w, r)
	if !ok {
		return
	}
	if err := h.world.Replace(data); err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	done(w)
}
