package fakegoogle

import (
	"errors"
	"fmt"
	"time"
)

// googleIssuer is the issuer of Google's ID tokens.
const googleIssuer = "https://accounts.google.com"

// The errors of [Cloud.VerifyIDToken].
var (
	ErrIDTokenMalformed = errors.New("not a JSON Web Token")
	ErrIDTokenForeign   = errors.New("not an ID token of this cloud")
	ErrIDTokenExpired   = errors.New("the ID token has expired")
)

// VerifyIDToken returns the claims of an ID token that generateIdToken made and that has not
// expired by the cloud's clock, as a relying party does that has Google's public keys. Whom the
// token is for, the claim aud, is for the caller to judge. The error is one of
// [ErrIDTokenMalformed], [ErrIDTokenForeign] and [ErrIDTokenExpired].
func (g *Cloud) VerifyIDToken(token string) (claims map[string]any, err error) {
	t, ok := parseJWT(token)
	if !ok {
		return nil, ErrIDTokenMalformed
	}
	key := g.key()
	if t.algorithm != "RS256" || t.keyID != key.id || !t.verify(&key.private.PublicKey) || t.text("iss") != googleIssuer {
		return nil, ErrIDTokenForeign
	}
	expires, ok := t.time("exp")
	if !ok {
		return nil, ErrIDTokenForeign
	}
	if !g.now().Before(expires) {
		return nil, fmt.Errorf("%w: at %s", ErrIDTokenExpired, expires.UTC().Format(time.RFC3339))
	}
	return t.claims, nil
}
