package awsfedtest

import (
	"net/http"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
)

// refusal makes a fault of an answer in the service's own form.
func refusal(endpoint Endpoint, answer http.Handler) Fault {
	a := inprocess.NewAnswer()
	answer.ServeHTTP(a, nil)
	return Status(endpoint, a.Status, a.Header(), a.Body.String())
}

// throttled is the refusal of a request too many. The text is AWS's and Google's own at their STS,
// and elsewhere the emulator's.
func throttled(endpoint Endpoint) Fault {
	const status, message = http.StatusTooManyRequests, "emulator: too many requests"
	switch endpoint {
	case AWSSTS:
		return refusal(endpoint, fakeaws.Error(http.StatusBadRequest, "Throttling", "Rate exceeded"))
	case GoogleSTS:
		return refusal(endpoint, fakegoogle.ReasonQuota.Refusal())
	case GoogleOAuth:
		return refusal(endpoint, &fakegoogle.Refusal{Answer: fakegoogle.Answer{
			Status: status, Code: "rate_limit_exceeded", Description: message,
		}})
	case IAMCredentials:
		return refusal(endpoint, fakegoogle.RateLimited("")) // a fault knows no project
	case ResourceManager:
		return refusal(endpoint, &fakegoogle.APIError{Code: status, Status: "RESOURCE_EXHAUSTED", Message: message})
	}
	return Status(endpoint, status, nil, message)
}

// unavailable is the refusal of a service that is down. The text is the emulator's own.
func unavailable(endpoint Endpoint) Fault {
	const status, message = http.StatusServiceUnavailable, "emulator: the service is unavailable"
	switch endpoint {
	case AWSSTS:
		return refusal(endpoint, fakeaws.Error(status, "ServiceUnavailable", message))
	case GoogleSTS, GoogleOAuth:
		return refusal(endpoint, &fakegoogle.Refusal{Answer: fakegoogle.Answer{
			Status: status, Code: "temporarily_unavailable", Description: message, // RFC 6749 §4.1.2.1
		}})
	case IAMCredentials, ResourceManager:
		return refusal(endpoint, &fakegoogle.APIError{Code: status, Status: "UNAVAILABLE", Message: message})
	}
	return Status(endpoint, status, nil, message)
}
