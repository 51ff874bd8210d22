package admin

import (
	"net/http"
	"time"
)

// clock answers with the time of the clouds.
func (h *handler) clock(w http.ResponseWriter, _ *http.Request) {
	cloud := h.world.Cloud()
	reply(w, http.StatusOK, object{{"offset", cloud.ClockOffset().String()}, {"now", cloud.Now()}})
}

// maxOffset bounds how far the clock is moved: dates that fit the formats of both clouds.
const maxOffset = 100 * 365 * 24 * time.Hour

// setClock moves the clock of the clouds.
func (h *handler) setClock(w http.ResponseWriter, r *http.Request) {
	text, ok := readField(w, r, "offset")
	if !ok {
		return
	}
	offset, err := time.ParseDuration(text)
	if err != nil || offset.Abs() > maxOffset {
		refuse(w, http.StatusBadRequest, "offset: %.64q is not a duration such as 1h, -90s or 0s, of a hundred years at most", text)
		return
	}
	h.world.Cloud().SetClock(offset)
	h.clock(w, r)
}
