package admin_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

func TestFaultIsInjectedListedAndUndone(t *testing.T) {
	world := newWorld("{}")
	url := start(t, admin.Options{World: world}).URL

	var injected struct{ ID, Name string }
	decode(t, http.StatusCreated, &injected, "POST", url+"/faults", `{"name": "missing-binding"}`)
	assert.Equal(t, "missing-binding", injected.Name)
	require.Len(t, world.Cloud().InjectedFaults(), 1)
	assert.Equal(t, injected.ID, world.Cloud().InjectedFaults()[0].ID)

	var list struct {
		Faults []struct {
			Name, Summary string
			On            []struct {
				ID    string
				Since time.Time
			}
		}
	}
	decode(t, http.StatusOK, &list, "GET", url+"/faults", "")
	assert.Len(t, list.Faults, len(awsfedtest.Faults()))
	for _, fault := range list.Faults {
		assert.NotEmpty(t, fault.Summary)
		if fault.Name != "missing-binding" {
			assert.Empty(t, fault.On, fault.Name)
			continue
		}
		require.Len(t, fault.On, 1)
		assert.Equal(t, injected.ID, fault.On[0].ID)
		assert.WithinDuration(t, time.Now(), fault.On[0].Since, time.Minute)
	}

	response, _ := call(t, "DELETE", url+"/faults/"+injected.ID, "")
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	assert.Empty(t, world.Cloud().InjectedFaults())
	response, answer := call(t, "DELETE", url+"/faults/"+injected.ID, "")
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Contains(t, answer, "id: ")
}

func TestAllFaultsAreUndoneAtOnce(t *testing.T) {
	world := newWorld("{}")
	url := start(t, admin.Options{World: world}).URL
	for _, name := range []string{"pool-disabled", "pool-deleted", "clock-behind"} {
		response, answer := call(t, "POST", url+"/faults", `{"name": "`+name+`"}`)
		require.Equal(t, http.StatusCreated, response.StatusCode, answer)
	}
	response, _ := call(t, "DELETE", url+"/faults", "")
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	assert.Empty(t, world.Cloud().InjectedFaults())
	assert.Zero(t, world.Cloud().ClockOffset())
}

func TestClockIsMoved(t *testing.T) {
	world := newWorld("{}")
	url := start(t, admin.Options{World: world}).URL
	for _, offset := range []string{"1h0m0s", "-1m30s", "0s"} {
		var clock struct {
			Offset string
			Now    time.Time
		}
		decode(t, http.StatusOK, &clock, "PUT", url+"/clock", `{"offset": "`+offset+`"}`)
		assert.Equal(t, offset, clock.Offset)
		assert.Equal(t, offset, world.Cloud().ClockOffset().String())
		decode(t, http.StatusOK, &clock, "GET", url+"/clock", "")
		assert.WithinDuration(t, world.Cloud().Now(), clock.Now, time.Minute)
	}
}

func TestCredentialsAreRotatedAndExpired(t *testing.T) {
	world := newWorld("{}")
	url := start(t, admin.Options{World: world}).URL
	before, err := world.Cloud().Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)

	response, _ := call(t, "POST", url+"/credentials/rotate", "")
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	after, err := world.Cloud().Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, before.AccessKeyID, after.AccessKeyID)

	response, answer := call(t, "POST", url+"/credentials/expire", `{"access_key_id": "`+after.AccessKeyID+`"}`)
	assert.Equal(t, http.StatusNoContent, response.StatusCode, answer)
	response, answer = call(t, "POST", url+"/credentials/expire", `{"access_key_id": "ASIANOBODY"}`)
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Contains(t, answer, "access_key_id: ")
}

func TestRequestsAreListedFromWhereAReaderStopped(t *testing.T) {
	world := newWorld("{}")
	url := start(t, admin.Options{World: world}).URL
	type page struct {
		Requests []struct {
			Number            int
			Endpoint, Method  string
			UserAgent, Status any
			Agent             string `json:"user_agent"`
		}
		Last int
	}
	var first, second, none page
	ask(t, world.Cloud())
	ask(t, world.Cloud())
	decode(t, http.StatusOK, &first, "GET", url+"/requests", "")
	require.Len(t, first.Requests, 2)
	assert.Equal(t, 2, first.Last)
	assert.Equal(t, "google-keys", first.Requests[0].Endpoint)
	assert.Equal(t, "GET", first.Requests[0].Method)
	assert.EqualValues(t, 200, first.Requests[0].Status)
	assert.Contains(t, first.Requests[0].Agent, "client")

	ask(t, world.Cloud())
	decode(t, http.StatusOK, &second, "GET", url+"/requests?after="+strconv.Itoa(first.Last), "")
	require.Len(t, second.Requests, 1)
	assert.Equal(t, 3, second.Requests[0].Number)

	response, _ := call(t, "DELETE", url+"/requests", "")
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	decode(t, http.StatusOK, &none, "GET", url+"/requests?after=3", "")
	assert.Empty(t, none.Requests)
	assert.Equal(t, 3, none.Last)
}

func TestConfigIsReadAndReplaced(t *testing.T) {
	world := newWorld(`{"a": "good"}`)
	url := start(t, admin.Options{World: world}).URL
	response, answer := call(t, "GET", url+"/config", "")
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
	assert.Equal(t, `{"a": "good"}`, answer)

	old := world.Cloud()
	response, answer = call(t, "PUT", url+"/config", "b: good\n", "Content-Type", "application/yaml")
	assert.Equal(t, http.StatusNoContent, response.StatusCode, answer)
	assert.NotSame(t, old, world.Cloud())
	response, answer = call(t, "GET", url+"/config", "")
	assert.Equal(t, "application/yaml", response.Header.Get("Content-Type"))
	assert.Equal(t, "b: good\n", answer)

	response, answer = call(t, "PUT", url+"/config", "{}")
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
	assert.JSONEq(t, `{"error": "roles[0].name: it is empty"}`, answer)
	assert.Equal(t, "b: good\n", string(world.Config()))
}

func TestMistakesOfClientsAreNamedByTheField(t *testing.T) {
	url := start(t, admin.Options{World: newWorld("{}")}).URL
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"an unknown fault":           {"POST", "/faults", `{"name": "gremlins"}`, 400, `name: there is no fault`},
		"no name":                    {"POST", "/faults", `{}`, 400, "name: want a string"},
		"a name that is a number":    {"POST", "/faults", `{"name": 1}`, 400, "name: want a string"},
		"an unknown field":           {"POST", "/faults", `{"nmae": "sts-reset"}`, 400, "there is no such field, want name"},
		"a field in another case":    {"POST", "/faults", `{"Name": "sts-reset"}`, 400, "there is no such field, want name"},
		"a field twice":              {"POST", "/faults", `{"name": "sts-reset", "name": "x"}`, 400, "twice"},
		"a body that is no JSON":     {"POST", "/faults", `name=sts-reset`, 400, "it is not a JSON object"},
		"no body":                    {"PUT", "/clock", ``, 400, "it is empty"},
		"an offset without a unit":   {"PUT", "/clock", `{"offset": "60"}`, 400, "offset: "},
		"an offset of all history":   {"PUT", "/clock", `{"offset": "2000000h"}`, 400, "offset: "},
		"a negative number":          {"GET", "/requests?after=-1", ``, 400, "after: "},
		"a number that is none":      {"GET", "/requests?after=x", ``, 400, "after: "},
		"an unknown path":            {"GET", "/faultss", ``, 404, "/faultss"},
		"a method that is not there": {"PUT", "/faults", `{}`, 405, "takes no PUT"},
		"a body that is too large":   {"POST", "/faults", `{"name": "` + strings.Repeat("x", 1<<20) + `"}`, 413, "larger than 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			var answer struct{ Error string }
			decode(t, c.status, &answer, c.method, url+c.path, c.body)
			assert.Contains(t, answer.Error, c.want)
		})
	}
}

func TestHealthIsAnswered(t *testing.T) {
	url := start(t, admin.Options{World: newWorld("{}")}).URL
	var answer struct{ Status string }
	decode(t, http.StatusOK, &answer, "GET", url+"/health", "")
	assert.Equal(t, "ok", answer.Status)
}
