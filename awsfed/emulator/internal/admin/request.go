package admin

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// requests answers with the requests that the clouds got after one.
func (h *handler) requests(w http.ResponseWriter, r *http.Request) {
	after := 0
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil || after < 0 {
			refuse(w, http.StatusBadRequest, "after: %.64q is not the number of a request", text)
			return
		}
	}
	list := []any{}
	last := after
	for _, request := range requestsAfter(h.world.Cloud(), after) {
		list = append(list, encode(request))
		last = request.Number
	}
	reply(w, http.StatusOK, object{{"requests", list}, {"last", last}})
}

// requestsAfter returns the requests with a number greater than after, oldest first.
func requestsAfter(cloud *awsfedtest.Cloud, after int) []awsfedtest.Request {
	requests := cloud.Requests()
	i, _ := slices.BinarySearchFunc(requests, after+1, func(r awsfedtest.Request, number int) int { return r.Number - number })
	return requests[i:]
}

// forgetRequests empties the list.
func (h *handler) forgetRequests(w http.ResponseWriter, _ *http.Request) {
	h.world.Cloud().ResetRequests()
	done(w)
}
