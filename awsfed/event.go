package awsfed

import "time"

// A RefreshEvent reports one attempt to get a new token, for [Config.OnRefresh].
type RefreshEvent struct {
	Kind           TokenKind // what was to be had
	Provider       string    // of the workload identity pool, projects/NUMBER/…/providers/ID; "" where nobody said
	ServiceAccount string    // the one impersonated; "" for none
	Target         string    // the audience of an ID token, the user of a delegated token; "" for others

	Background bool          // no caller waited: a valid token was at hand, or callers got the last error
	Attempt    int           // from 1, counted since the last success
	Start      time.Time     // of the attempt
	Duration   time.Duration // of the attempt, without the pause before it
	Steps      []Step        // of the attempt, in their order; those of a source that it waited for are in its own event
	Expiry     time.Time     // of the new token; zero when there is none
	Next       time.Time     // when the next attempt is due, if the token is still in use by then
	Err        error         // nil after a success, else an *Error
	Repeated   bool          // Err is that of the federated token's source, which has an event of its own; no request was made
	Waiting    int           // callers that waited for this attempt when it ended
	Link       any           // what Config.LinkOf gave for the first of them; nil for nothing
	Dropped    int           // events before this one that the hook was too slow for
}

// A TokenKind names what a [TokenSource] holds, in events and log lines. The values are fit for
// metric labels.
type TokenKind string

const (
	FederatedToken      TokenKind = "federated-token"
	ServiceAccountToken TokenKind = "service-account-token"
	IDToken             TokenKind = "id-token"
	DelegatedToken      TokenKind = "delegated-token" // of a Workspace user
)

// stage is where an error belongs that no layer has placed.
func (k TokenKind) stage() Stage {
	switch k {
	case FederatedToken:
		return StageExchange
	case ServiceAccountToken:
		return StageImpersonation
	case IDToken:
		return StageIDToken
	case DelegatedToken:
		return StageDelegation
	}
	return ""
}
