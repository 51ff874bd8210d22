package awsfedtest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// The functions of this file make faults that answer with an error of the
// service's own form.

// stsRefusal answers as Google's STS does for a reason.
func stsRefusal(reason Reason) Fault {
	r := DefaultUnsettled().refusal(judge(reason, ""))
	return stsAnswer(r.Answer)
}

func stsAnswer(a Answer) Fault {
	return Status(GoogleSTS, a.Status, jsonHeader(), encodeJSON(map[string]string{
		"error": a.Code, "error_description": a.Description,
	}))
}

// iamRefusal answers as the Service Account Credentials API does.
func iamRefusal(e *APIError) Fault {
	return Status(IAMCredentials, e.Code, jsonHeader(), encodeJSON(e.body()))
}

// awsRefusal answers as AWS STS does.
func awsRefusal(e *awsError) Fault {
	a := newAnswer()
	e.write(a, newRequestID())
	return Status(AWSSTS, a.status, a.header, a.body.String())
}

// throttled is the refusal of a request too many. The text is Google's own at
// Google's STS, and elsewhere the emulator's.
func throttled(endpoint Endpoint) Fault {
	const status, message = http.StatusTooManyRequests, "emulator: too many requests"
	switch endpoint {
	case AWSSTS:
		return awsRefusal(&awsError{status: status, code: "Throttling", message: message})
	case GoogleSTS:
		return stsRefusal(ReasonQuota)
	case IAMCredentials:
		e := rateLimited("")
		delete(e.Metadata, "consumer") // a fault knows no project
		return iamRefusal(e)
	}
	return Status(endpoint, status, nil, message)
}

// unavailable is the refusal of a service that is down. The text is the
// emulator's own.
func unavailable(endpoint Endpoint) Fault {
	const status, message = http.StatusServiceUnavailable, "emulator: the service is unavailable"
	switch endpoint {
	case AWSSTS:
		return awsRefusal(&awsError{status: status, code: "ServiceUnavailable", message: message})
	case GoogleSTS:
		return stsAnswer(Answer{status, "temporarily_unavailable", message}) // RFC 6749 §4.1.2.1
	case IAMCredentials:
		return iamRefusal(&APIError{Code: status, Status: "UNAVAILABLE", Message: message})
	}
	return Status(endpoint, status, nil, message)
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
}

// encodeJSON writes v without the escapes that are meant for HTML.
func encodeJSON(v any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "" // v is made of maps and strings, which cannot fail
	}
	return b.String()
}
