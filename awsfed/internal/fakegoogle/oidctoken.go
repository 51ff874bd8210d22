package fakegoogle

import "time"

const (
	tokenTypeJWT     = "urn:ietf:params:oauth:token-type:jwt"
	tokenTypeIDToken = "urn:ietf:params:oauth:token-type:id_token"

	maxTokenAge = 24 * time.Hour // since iat (reference of STS v1)
)

// verifyOIDCToken judges the subject token of an OpenID Connect provider (reference of STS v1, on
// subjectToken; RFC 7523 §3). The order in which Google looks at its parts is not known.
func (g *Cloud) verifyOIDCToken(u Unsettled, p OIDCProvider, token string) (claims map[string]any, expires time.Time, j *judgement) {
	refuse := func(reason Reason, format string, args ...any) (map[string]any, time.Time, *judgement) {
		j := judge(reason, format, args...)
		if reason != ReasonIssuer { // which quotes the token
			j.openly()
		}
		return nil, time.Time{}, j
	}
	if len(token) > u.MaxSubjectToken {
		return refuse(ReasonTokenSize, "subject_token has %d bytes, more than %d", len(token), u.MaxSubjectToken)
	}
	t, ok := parseJWT(token)
	switch {
	case !ok:
		return refuse(ReasonJWTFormat, "")
	case t.keyID == "":
		return refuse(ReasonJWTFormat, "the header of the JWT has no kid")
	case t.algorithm != "RS256" && t.algorithm != "ES256" && !(u.AcceptES384 && t.algorithm == "ES384"):
		return refuse(ReasonJWTAlgorithm, "")
	case t.text("iss") != p.Issuer:
		return refuse(ReasonIssuer, "the issuer %q of the JWT is not the provider's", t.text("iss"))
	}
	key := p.Keys(t.keyID)
	switch {
	case key == nil:
		return refuse(ReasonIssuerKeys, "")
	case !t.verify(key):
		return refuse(ReasonJWTSignature, "")
	case !t.isFor(p.audiences()...):
		return refuse(ReasonJWTAudience, "the aud of the JWT is none of %q", p.audiences())
	}
	now := g.now()
	issuedAt, hasIssue := t.time("iat")
	expires, hasEnd := t.time("exp")
	switch {
	case !hasIssue || !hasEnd:
		return refuse(ReasonJWTTimes, "the JWT has no iat or no exp")
	case issuedAt.After(now.Add(clockTolerance)):
		return refuse(ReasonJWTTimes, "the iat of the JWT is in the future")
	case now.Sub(issuedAt) > maxTokenAge:
		return refuse(ReasonJWTTimes, "the iat of the JWT is more than 24 hours ago")
	case !now.Before(expires):
		return refuse(ReasonJWTTimes, "the JWT has expired")
	}
	return t.claims, expires, nil
}

// federatedLifetime is how long the federated token lasts for a subject token that ends then: a
// second less, as measured, and no longer than others do. In the last second of a subject token
// Google was seen to fail with status 500.
func (g *Cloud) federatedLifetime(s switches, expires time.Time) (time.Duration, *judgement) {
	lifetime := min(expires.Sub(g.now())-time.Second, s.lifetime).Truncate(time.Second)
	if lifetime <= 0 {
		return 0, judge(ReasonJWTEnding, "")
	}
	return lifetime, nil
}
