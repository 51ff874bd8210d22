package awsrole

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

// idToken is an ID token with what it says of itself, which nobody has verified here. The claims
// are no secrets.
type idToken struct {
	value                                 secret.Box[string]
	issuer, subject, authorized, audience string
	expires                               time.Time // zero if it does not say
}

// parseIDToken reads a JSON Web Token in its compact form (RFC 7519 §3).
func parseIDToken(token string) (idToken, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return idToken{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return idToken{}, false
	}
	var claims map[string]any
	if json.Unmarshal(payload, &claims) != nil || claims == nil {
		return idToken{}, false
	}
	text := func(name string) string {
		s, _ := claims[name].(string)
		return s
	}
	id := idToken{
		value:  secret.New(token),
		issuer: text("iss"), subject: text("sub"), authorized: text("azp"), audience: text("aud"),
	}
	if seconds, ok := claims["exp"].(float64); ok && seconds > 0 && seconds < 1<<40 {
		id.expires = time.Unix(int64(seconds), 0)
	}
	return id, true
}
