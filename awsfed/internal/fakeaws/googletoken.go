package fakeaws

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	googleIssuer   = "https://accounts.google.com"
	googleProvider = "accounts.google.com" // which AWS knows without an IAM identity provider
)

// GoogleTrust is a statement of a role's trust policy that lets a Google identity in, with the
// condition keys that AWS has for accounts.google.com. An empty field matches any value.
type GoogleTrust struct {
	// Subject is accounts.google.com:sub, which is the unique ID of the service account: its
	// token's sub. Required, since anybody can have a token of Google's for any audience.
	Subject string
	// Audience is accounts.google.com:aud. AWS compares it with the azp of a token that has one,
	// and with the aud of any other. In a service account's token azp is its unique ID. Optional.
	Audience string
	// OriginalAudience is accounts.google.com:oaud, which AWS compares with the aud of the token:
	// the audience that the token was asked for. Optional.
	OriginalAudience string
}

// admits reports whether the statement matches the claims of a token.
func (t GoogleTrust) admits(w webIdentity) bool {
	return t.Subject != "" && t.Subject == w.Subject &&
		(t.Audience == "" || t.Audience == w.googleAudience()) &&
		(t.OriginalAudience == "" || slices.Contains(w.Audience, t.OriginalAudience))
}

// googleAudience is what accounts.google.com:aud stands for. That it is also the Audience of the
// answer is a guess.
func (w webIdentity) googleAudience() string {
	if w.Authorized == "" && len(w.Audience) > 0 {
		return w.Audience[0]
	}
	return w.Authorized
}

// trustsToken reports whether the role may be assumed with a token that has been verified. The
// subjects of one issuer say nothing of another's.
func (r *iamRole) trustsToken(w webIdentity) bool {
	if w.Issuer == googleIssuer {
		return slices.ContainsFunc(r.Google, func(t GoogleTrust) bool { return t.admits(w) })
	}
	return slices.Contains(r.Subjects, w.Subject) || slices.Contains(r.Subjects, "*")
}

// parseGoogle returns what a token of Google's says, or says that it is none. That proves nothing
// yet. Google writes its issuer without the scheme, too.
func parseGoogle(token string) (webIdentity, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return webIdentity{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return webIdentity{}, false
	}
	return googleIdentity(payload)
}

// googleIdentity reads the claims of a token, of which webIdentity has the audience as a list.
func googleIdentity(payload []byte) (webIdentity, bool) {
	var claims struct {
		Issuer     string `json:"iss"`
		Subject    string `json:"sub"`
		Audience   string `json:"aud"`
		Authorized string `json:"azp"`
		Expires    int64  `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Issuer != googleIssuer && claims.Issuer != googleProvider {
		return webIdentity{}, false
	}
	return webIdentity{
		Issuer: googleIssuer, Subject: claims.Subject, Audience: []string{claims.Audience},
		Authorized: claims.Authorized, Expires: claims.Expires,
	}, true
}

// judgeGoogle judges a token that says of itself what claimed has. Any audience will do, for it is
// the trust policy that has one.
func (a *Cloud) judgeGoogle(token string, claimed webIdentity, now time.Time) (webIdentity, tokenFault) {
	expired := claimed.judge(claimed.Audience[0], now) == tokenExpired
	if a.verifyGoogle == nil {
		return webIdentity{}, tokenForeign
	}
	verified, err := a.verifyGoogle(token)
	switch {
	case expired: // which the verifier may have found, too
		return claimed, tokenExpired
	case err != nil:
		return webIdentity{}, tokenForeign
	}
	payload, err := json.Marshal(verified) // by way of JSON a number may have any type
	identity, ok := googleIdentity(payload)
	if err != nil || !ok || identity.Subject == "" || identity.Audience[0] == "" {
		return webIdentity{}, tokenMalformed
	}
	return identity, identity.judge(identity.Audience[0], now)
}

// provider is the Provider of the answer: the ARN of an IAM identity provider of the role's
// account, or a name that AWS knows without one.
func (a *Cloud) provider(w webIdentity, account string) string {
	if w.Issuer == googleIssuer {
		return googleProvider
	}
	return a.oidcProvider(account, w.Issuer)
}

// clientID is the Audience of the answer.
func (w webIdentity) clientID() string {
	if w.Issuer == googleIssuer {
		return w.googleAudience()
	}
	return w.Audience[0]
}
