package fakegoogle

import (
	"maps"
	"time"
)

// Unsettled holds what no public source says about Google's services, so that a test can try a
// client against every possibility. Start from [DefaultUnsettled] or [Cloud.Unsettled], whose
// values are the emulator's guesses. No promise of compatibility covers any of it.
type Unsettled struct {
	// Answers replace what STS answers, by the reason of the refusal. An empty field keeps the
	// emulator's.
	Answers map[Reason]Answer

	// AcceptLowerCaseAuthorization: the header of a subject token may be spelled "authorization".
	// Default true.
	AcceptLowerCaseAuthorization bool
	// AcceptFIPSHosts: a subject token may name a host such as sts-fips.us-east-1.amazonaws.com.
	// Default true.
	AcceptFIPSHosts bool
	// AcceptDualStackHosts: a subject token may name a host such as sts.us-east-1.api.aws. Default
	// true.
	AcceptDualStackHosts bool
	// AcceptOtherPartitions: a subject token may name a host of China, GovCloud and the other
	// partitions besides "aws". Default true.
	AcceptOtherPartitions bool
	// AcceptGET: the method of a subject token may be GET, against the reference of STS. Default
	// false.
	AcceptGET bool
	// AcceptBody: the body of a subject token is ignored. Default false: it must be empty.
	AcceptBody bool
	// AcceptAuthorizationHeader: a request to STS with an Authorization header, which "can cause
	// the request to fail" (reference of STS), is served. Default true.
	AcceptAuthorizationHeader bool
	// RequireSignedTargetResource: x-goog-cloud-target-resource must be among the signed headers,
	// which the reference recommends. Default false.
	RequireSignedTargetResource bool
	// AcceptES384: an OpenID Connect provider takes tokens that are signed with ES384, where the
	// reference of STS has RS256 and ES256. Default true, as AWS offers it.
	AcceptES384 bool
	// MaxSubjectToken is the largest subject token that STS decodes, in bytes. Default 32 KiB.
	MaxSubjectToken int
	// SignatureWindow is how far the x-amz-date of a subject token may lie from STS's clock, either
	// way. Default 0: Google has no window of its own and AWS, which allows 15 minutes, is the
	// judge.
	SignatureWindow time.Duration

	// MinLifetime is the shortest lifetime that generateAccessToken grants. Default 0: any above
	// zero.
	MinLifetime time.Duration
	// FractionalExpireTime: expireTime has a fraction of a second, as RFC 3339 allows. Default
	// false.
	FractionalExpireTime bool
	// AcceptFederatedSigning: signBlob and signJwt take federated tokens. Default false: 401 with
	// ACCESS_TOKEN_TYPE_UNSUPPORTED, as was seen at signJwt in 2024.
	AcceptFederatedSigning bool
}

// DefaultUnsettled returns the values that a new [Cloud] has. They are guesses: they change in any
// release in which more is known of Google's services, and no promise of compatibility covers them.
func DefaultUnsettled() Unsettled {
	return Unsettled{
		AcceptLowerCaseAuthorization: true,
		AcceptFIPSHosts:              true,
		AcceptDualStackHosts:         true,
		AcceptOtherPartitions:        true,
		AcceptAuthorizationHeader:    true,
		AcceptES384:                  true,
		MaxSubjectToken:              32 << 10,
	}
}

// Unsettled returns the values in force.
func (g *Cloud) Unsettled() Unsettled {
	g.mu.Lock()
	defer g.mu.Unlock()
	u := g.unsettled
	u.Answers = maps.Clone(u.Answers)
	return u
}

// SetUnsettled puts u in force and returns what restores the values before it.
func (g *Cloud) SetUnsettled(u Unsettled) (undo func()) {
	u.Answers = maps.Clone(u.Answers)
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.unsettled
	g.unsettled = u // Its map is never written to again, so it can be read without the lock.
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.unsettled = before
	}
}
