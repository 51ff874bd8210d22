package fakegoogle

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// signingKey is a key of Google's own, or of one service account.
type signingKey struct {
	private     *rsa.PrivateKey
	id          string // 40 hexadecimal digits
	certificate string // in PEM
}

// newKey returns what makes a signing key when it is first called for, since that takes time.
func (g *Cloud) newKey() func() *signingKey {
	return sync.OnceValue(func() *signingKey { return newSigningKey(g.now()) })
}

func newSigningKey(now time.Time) *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil { // not with crypto/rand, which ends the program instead
		panic("fakegoogle: " + err.Error())
	}
	public := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	sum := sha256.Sum256(public)
	template := x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(sum[:8]),
		Subject:      pkix.Name{CommonName: "awsfedtest"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil { // not with a template of our own making
		panic("fakegoogle: " + err.Error())
	}
	return &signingKey{
		private:     private,
		id:          hex.EncodeToString(sum[:20]),
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})),
	}
}

// sign makes an RS256 signature (RFC 7518 §3.3).
func (k *signingKey) sign(data []byte) []byte {
	digest := sha256.Sum256(data)
	signature, err := rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
	if err != nil { // not with a key of 2048 bits
		panic("fakegoogle: " + err.Error())
	}
	return signature
}

// signJWT makes a JSON Web Token of a payload (RFC 7519; the compact serialization of RFC 7515).
func (k *signingKey) signJWT(payload []byte) string {
	header := encodeJSON(map[string]string{"alg": "RS256", "kid": k.id, "typ": "JWT"})
	signed := base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSpace(header))) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(k.sign([]byte(signed)))
}

// jwks is the public key as a JSON Web Key Set (RFC 7517; RFC 7518 §6.3.1).
func (k *signingKey) jwks() any {
	return map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": k.id,
		"n": base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.private.E)).Bytes()),
	}}}
}

// ServeKeys serves the public keys: Google's own at /oauth2/v3/certs and /oauth2/v1/certs, those of
// a service account at /service_accounts/v1/jwk/EMAIL and
// /service_accounts/v1/metadata/{x509,jwk}/EMAIL.
func (g *Cloud) ServeKeys(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/service_accounts/v1"), "/metadata")
	kind, email, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	key := g.key
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		kind = ""
	case r.URL.Path == "/oauth2/v3/certs":
		kind = "jwk"
	case r.URL.Path == "/oauth2/v1/certs":
		kind = "x509"
	case path == r.URL.Path:
		kind = ""
	default:
		if key = g.keyOf(email); key == nil {
			kind = ""
		}
	}
	switch kind {
	case "jwk":
		w.Header().Set("Cache-Control", "public, max-age=3600")
		g.write(w, http.StatusOK, key().jwks())
	case "x509":
		w.Header().Set("Cache-Control", "public, max-age=3600")
		g.write(w, http.StatusOK, map[string]string{key().id: key().certificate})
	default:
		g.notServed(w, r)
	}
}

// keyOf returns what gives the key of a service account; nil if there is no such account.
func (g *Cloud) keyOf(name string) func() *signingKey {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(name)
	if a == nil {
		return nil
	}
	return a.key
}
