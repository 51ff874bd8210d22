package fakeaws

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"sync"
)

// The algorithms of outbound tokens (RFC 7518 §3.1), and the IDs of the keys, which are those that
// AWS's issuers publish.
const (
	algorithmRS256 = "RS256"
	algorithmES384 = "ES384"
	outboundRSAKey = "RSA_0"
	outboundECKey  = "EC384_0"
)

// outboundIssuer is the OpenID Connect issuer that AWS STS is for an account with outbound identity
// federation. Its keys are made when they are first needed.
type outboundIssuer struct {
	url string
	rsa func() *rsa.PrivateKey
	ec  func() *ecdsa.PrivateKey
}

// newOutboundIssuer makes an issuer whose name in partition aws is AWS's. The names in other
// partitions are guesses.
func newOutboundIssuer(partition string) outboundIssuer {
	return outboundIssuer{
		url: "https://" + newRequestID() + ".tokens.sts.global." + dualStackSuffix(partition),
		rsa: sync.OnceValue(func() *rsa.PrivateKey {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil { // not with crypto/rand, which ends the program instead
				panic("fakeaws: " + err.Error())
			}
			return key
		}),
		ec: sync.OnceValue(func() *ecdsa.PrivateKey {
			key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
			if err != nil { // as above
				panic("fakeaws: " + err.Error())
			}
			return key
		}),
	}
}

// EnableOutboundIdentity enables outbound identity federation for the cloud's own account, so that
// GetWebIdentityToken gives tokens to its users and sessions, and returns their issuer. It may be
// called again, and the issuer stays. As at AWS it is disabled at first; other accounts cannot have
// it.
func (a *Cloud) EnableOutboundIdentity() (issuer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outboundEnabled = true
	return a.outbound.url
}

// OutboundIssuer returns the URL of the issuer of outbound tokens, and "" while outbound identity
// federation is disabled.
func (a *Cloud) OutboundIssuer() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.outboundEnabled {
		return ""
	}
	return a.outbound.url
}

// OutboundKey returns the public key that verifies the outbound tokens with this kid in their
// header: an [*rsa.PublicKey] or an [*ecdsa.PublicKey]. It is nil for a kid that the issuer does
// not have.
func (a *Cloud) OutboundKey(kid string) crypto.PublicKey {
	switch kid {
	case outboundRSAKey:
		return &a.outbound.rsa().PublicKey
	case outboundECKey:
		return &a.outbound.ec().PublicKey
	}
	return nil
}

// ServeOutboundIssuer answers at the host of [Cloud.OutboundIssuer] with its discovery document
// (OpenID Connect Discovery 1.0 §4) and its keys (RFC 7517), both in the form that AWS gives them.
// A host of no issuer has no address at AWS, and here nothing but a 404.
func (a *Cloud) ServeOutboundIssuer(w http.ResponseWriter, r *http.Request) {
	issuer := a.OutboundIssuer()
	known := issuer != "" && "https://"+Hostname(requestHost(r)) == issuer
	var document any
	switch {
	case !known || r.Method != http.MethodGet && r.Method != http.MethodHead:
	case r.URL.Path == "/.well-known/openid-configuration":
		document = map[string]any{
			"issuer":                                issuer,
			"jwks_uri":                              issuer + "/.well-known/jwks.json",
			"id_token_signing_alg_values_supported": []string{algorithmRS256, algorithmES384},
			"subject_types_supported":               []string{"public"},
			"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "jti", outboundNamespace},
		}
	case r.URL.Path == "/.well-known/jwks.json":
		document = a.outbound.jwks()
	}
	if document == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // cannot fail: it has strings alone
}

// jwks is the public keys (RFC 7518 §6). AWS names the algorithm of one of them only.
func (i outboundIssuer) jwks() any {
	rsaKey, ecKey := i.rsa().PublicKey, i.ec().PublicKey
	x, y := ecPoint(&ecKey)
	return map[string]any{"keys": []map[string]string{
		{
			"kty": "RSA", "use": "sig", "kid": outboundRSAKey,
			"n": base64URL(rsaKey.N.Bytes()), "e": base64URL(big.NewInt(int64(rsaKey.E)).Bytes()),
		},
		{
			"kty": "EC", "use": "sig", "kid": outboundECKey, "alg": algorithmES384, "crv": "P-384",
			"x": base64URL(x), "y": base64URL(y),
		},
	}}
}

// sign makes a JWT of a payload (RFC 7515 §7.1).
func (i outboundIssuer) sign(payload []byte, algorithm string) string {
	kid := outboundRSAKey
	if algorithm == algorithmES384 {
		kid = outboundECKey
	}
	signed := base64URL([]byte(`{"kid":"`+kid+`","typ":"JWT","alg":"`+algorithm+`"}`)) + "." + base64URL(payload)
	return signed + "." + base64URL(i.signature([]byte(signed), algorithm))
}

func (i outboundIssuer) signature(data []byte, algorithm string) []byte {
	if algorithm == algorithmES384 {
		digest := sha512.Sum384(data)
		r, s, err := ecdsa.Sign(rand.Reader, i.ec(), digest[:])
		if err != nil { // not with a key of our own making
			panic("fakeaws: " + err.Error())
		}
		signature := make([]byte, 96) // RFC 7518 §3.4
		r.FillBytes(signature[:48])
		s.FillBytes(signature[48:])
		return signature
	}
	digest := sha256.Sum256(data)
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.rsa(), crypto.SHA256, digest[:])
	if err != nil { // as above
		panic("fakeaws: " + err.Error())
	}
	return signature
}

// ecPoint returns the coordinates of a key, each with the zeros before it.
func ecPoint(key *ecdsa.PublicKey) (x, y []byte) {
	point, err := key.Bytes() // uncompressed: 4, x, y (SEC 1 §2.3.3)
	if err != nil {           // not with a key of our own making
		panic("fakeaws: " + err.Error())
	}
	half := len(point) / 2
	return point[1 : 1+half], point[1+half:]
}

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// OutboundHost reports whether host, which may hold a port, is written as the issuers of outbound
// tokens are.
func OutboundHost(host string) bool {
	id, domain, _ := strings.Cut(Hostname(host), ".")
	for _, h := range homes {
		if id != "" && domain == "tokens.sts.global."+h.dualStackSuffix {
			return true
		}
	}
	return false
}
