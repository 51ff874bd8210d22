package fakegoogle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"
)

// clockTolerance is how far ahead of the cloud's clock a token may have been issued.
const clockTolerance = time.Minute

// jwt is a JSON Web Token in its compact form (RFC 7519; RFC 7515 §3.1), taken apart. What it says
// is worth nothing until verify has been asked.
type jwt struct {
	algorithm, keyID string
	claims           map[string]any
	signed           string
	signature        []byte
}

// parseJWT takes a token apart. ok is false for what is no token, and for one with extensions that
// must be understood (RFC 7515 §4.1.11), of which none are.
func parseJWT(token string) (t jwt, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return jwt{}, false
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return jwt{}, false
		}
	}
	var header struct {
		Algorithm string          `json:"alg"`
		KeyID     string          `json:"kid"`
		Critical  json.RawMessage `json:"crit"`
	}
	if json.Unmarshal(decoded[0], &header) != nil || header.Critical != nil ||
		json.Unmarshal(decoded[1], &t.claims) != nil || t.claims == nil {
		return jwt{}, false
	}
	t.algorithm, t.keyID = header.Algorithm, header.KeyID
	t.signed, t.signature = parts[0]+"."+parts[1], decoded[2]
	return t, true
}

// verify reports whether the key made the signature, by RS256, ES256 or ES384 (RFC 7518 §3.3 and
// §3.4). A key of another kind than the algorithm's has made none.
func (t jwt) verify(key crypto.PublicKey) bool {
	switch t.algorithm {
	case "RS256":
		public, ok := key.(*rsa.PublicKey)
		digest := sha256.Sum256([]byte(t.signed))
		return ok && public != nil && rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], t.signature) == nil
	case "ES256":
		digest := sha256.Sum256([]byte(t.signed))
		return t.verifyECDSA(key, elliptic.P256(), digest[:])
	case "ES384":
		digest := sha512.Sum384([]byte(t.signed))
		return t.verifyECDSA(key, elliptic.P384(), digest[:])
	}
	return false
}

func (t jwt) verifyECDSA(key crypto.PublicKey, curve elliptic.Curve, digest []byte) bool {
	public, ok := key.(*ecdsa.PublicKey)
	half := (curve.Params().BitSize + 7) / 8
	if !ok || public == nil || public.Curve != curve || len(t.signature) != 2*half {
		return false
	}
	r, s := new(big.Int).SetBytes(t.signature[:half]), new(big.Int).SetBytes(t.signature[half:])
	return ecdsa.Verify(public, digest, r, s)
}

// text returns a claim that is a string; "" for none.
func (t jwt) text(claim string) string {
	text, _ := t.claims[claim].(string)
	return text
}

// time returns a claim that is a NumericDate (RFC 7519 §2), in whole seconds.
func (t jwt) time(claim string) (at time.Time, ok bool) {
	seconds, ok := t.claims[claim].(float64)
	if !ok || math.Abs(seconds) > 1e12 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

// isInteger reports whether a claim is a number without a fraction.
func (t jwt) isInteger(claim string) bool {
	number, ok := t.claims[claim].(float64)
	return ok && number == math.Trunc(number)
}

// isFor reports whether the token is meant for one of audiences (RFC 7519 §4.1.3).
func (t jwt) isFor(audiences ...string) bool {
	switch aud := t.claims["aud"].(type) {
	case string:
		return slices.Contains(audiences, aud)
	case []any:
		return slices.ContainsFunc(aud, func(v any) bool {
			text, ok := v.(string)
			return ok && slices.Contains(audiences, text)
		})
	}
	return false
}
