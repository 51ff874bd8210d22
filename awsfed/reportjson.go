package awsfed

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// reportVersion is the version of the schema of a [Report] in JSON. It grows when a field goes away
// or changes its meaning. New fields, stages and codes do not change it.
const reportVersion = 1

type (
	reportJSON struct {
		Version  int                `json:"version"`
		Worst    Verdict            `json:"worst"`
		Identity principal.Identity `json:"identity"`
		Members  []string           `json:"members"`
		Expiry   time.Time          `json:"expiry,omitzero"`
		Steps    []Step             `json:"steps"`
	}
	stepJSON struct {
		Stage    Stage         `json:"stage"`
		Verdict  Verdict       `json:"verdict"`
		Duration time.Duration `json:"duration_ns"`
		Findings []string      `json:"findings"`
		Hint     string        `json:"hint"`
		Error    *errorJSON    `json:"error,omitempty"`
	}
	errorJSON struct {
		Stage     Stage  `json:"stage"`
		Code      string `json:"code"`
		Status    int    `json:"status"`
		Transient bool   `json:"transient"`
		Text      string `json:"text"`
	}
)

// MarshalJSON is the report by the schema of docs/doctor.md.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(reportJSON{reportVersion, r.Worst(), r.Identity, orEmpty(r.Members), r.Expiry, orEmpty(r.Steps)})
}

// MarshalJSON is the step by the schema of docs/doctor.md.
func (s Step) MarshalJSON() ([]byte, error) {
	return json.Marshal(stepJSON{s.Stage, s.Verdict, s.Duration, orEmpty(s.Findings), s.Hint, s.errorJSON()})
}

// errorJSON is nil without an error. One that is no [*Error] is of the step's own stage, and says
// no more than its text.
func (s Step) errorJSON() *errorJSON {
	if s.Err == nil {
		return nil
	}
	var e *Error
	if errors.As(s.Err, &e) && e != nil {
		e = e.clone().cleaned()
		return &errorJSON{e.Stage, e.Code, e.StatusCode, e.Transient, e.summary()}
	}
	return &errorJSON{Stage: s.Stage, Text: cut(strings.Join(faultLines(s.Err), "; "), maxHint)}
}

// orEmpty keeps a list from being null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
