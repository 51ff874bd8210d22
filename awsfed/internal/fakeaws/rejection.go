package fakeaws

import "slices"

// Rejection is a reason for which AWS refuses every signed request, whatever key it is signed with.
type Rejection string

// The reasons to refuse. Each gives the error that AWS gives when a single key or request is at
// fault.
const (
	// KeysExpired answers temporary keys with ExpiredToken. A user's keys never expire.
	KeysExpired Rejection = "keys-expired"
	// KeysInvalid answers all keys with InvalidClientTokenId.
	KeysInvalid Rejection = "keys-invalid"
	// WrongSignature answers with SignatureDoesNotMatch, as for a wrong secret.
	WrongSignature Rejection = "wrong-signature"
	// WrongScope answers with SignatureDoesNotMatch, as for a signature made for another region.
	WrongScope Rejection = "wrong-scope"
)

type rejection struct{ reason Rejection }

// Reject has AWS refuse every signed request until undo is called. Several rejections may hold at a
// time.
func (a *Cloud) Reject(reason Rejection) (undo func()) {
	r := &rejection{reason}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rejections = append(a.rejections, r)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.rejections = slices.DeleteFunc(a.rejections, func(other *rejection) bool { return other == r })
	}
}

func (a *Cloud) rejects(reason Rejection) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.rejections, func(r *rejection) bool { return r.reason == reason })
}
