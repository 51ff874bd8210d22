package admin

import "net/http"

// rotateCredentials makes the credential endpoints hand out new keys.
func (h *handler) rotateCredentials(w http.ResponseWriter, _ *http.Request) {
	h.world.Cloud().RotateKeys()
	done(w)
}

// expireCredentials ends the keys of a session.
func (h *handler) expireCredentials(w http.ResponseWriter, r *http.Request) {
	id, ok := readField(w, r, "access_key_id")
	if !ok {
		return
	}
	if err := h.world.Cloud().ExpireKeys(id); err != nil {
		refuse(w, http.StatusNotFound, "access_key_id: %.64q is not the ID of a session's key", id)
		return
	}
	done(w)
}
