package fakeaws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// The audiences of the tokens that a cluster gives its pods.
const (
	stsAudience         = globalSTS                // for AssumeRoleWithWebIdentity (IRSA)
	podIdentityAudience = "pods.eks.amazonaws.com" // for the Pod Identity agent
)

// webIdentity is what a web identity token says.
type webIdentity struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`

	Authorized string `json:"azp,omitempty"` // of Google's tokens alone
}

// webIdentityIssuer signs tokens as an EKS cluster does. The algorithm is ES256, which AWS accepts
// and which, unlike an RSA key, costs nothing to set up.
type webIdentityIssuer struct {
	url string
	key *ecdsa.PrivateKey
}

func newWebIdentityIssuer(region string) *webIdentityIssuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil { // not with crypto/rand, which ends the program instead
		panic("fakeaws: " + err.Error())
	}
	return &webIdentityIssuer{url: "https://oidc.eks." + region + ".amazonaws.com/id/" + randomBase32(32), key: key}
}

// oidcProvider returns the ARN of the IAM identity provider of an account that stands for url.
func (a *Cloud) oidcProvider(account, url string) string {
	return a.arn("iam", account, "oidc-provider/"+strings.TrimPrefix(url, "https://"))
}

// sign returns a JWT that nobody else can make.
func (i *webIdentityIssuer) sign(subject, audience string, now time.Time, lifetime time.Duration) string {
	payload, _ := json.Marshal(webIdentity{
		Issuer: i.url, Subject: subject, Audience: []string{audience},
		IssuedAt: now.Unix(), Expires: now.Add(lifetime).Unix(), ID: randomBase32(26),
	}) // cannot fail: it has strings and integers alone
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"1","typ":"JWT"}`)) +
		"." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	if err != nil { // not with a key of our own making
		panic("fakeaws: " + err.Error())
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// tokenFault is what is wrong with a web identity token.
type tokenFault int

const (
	tokenGood tokenFault = iota
	tokenMalformed
	tokenForeign // signed by another issuer, or altered
	tokenWrongAudience
	tokenExpired
)

// verify judges a token that sign may have made.
func (i *webIdentityIssuer) verify(token, audience string, now time.Time) (webIdentity, tokenFault) {
	signed, signature, ok := cutLast(token, ".")
	_, payload, ok2 := strings.Cut(signed, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	var claims webIdentity
	if !ok || !ok2 || err != nil || json.Unmarshal(raw, &claims) != nil {
		return webIdentity{}, tokenMalformed
	}
	sum, err := base64.RawURLEncoding.DecodeString(signature)
	digest := sha256.Sum256([]byte(signed))
	if err != nil || len(sum) != 64 ||
		!ecdsa.Verify(&i.key.PublicKey, digest[:], new(big.Int).SetBytes(sum[:32]), new(big.Int).SetBytes(sum[32:])) {
		return webIdentity{}, tokenForeign
	}
	return claims, claims.judge(audience, now)
}

func (w webIdentity) judge(audience string, now time.Time) tokenFault {
	switch {
	case !slices.Contains(w.Audience, audience):
		return tokenWrongAudience
	case now.Unix() >= w.Expires:
		return tokenExpired
	}
	return tokenGood
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// WebIdentityToken returns a token for AssumeRoleWithWebIdentity, such as EKS writes into
// AWS_WEB_IDENTITY_TOKEN_FILE of a pod (IRSA), and lets the role trust its subject. A subject of ""
// is system:serviceaccount:default:ROLE; a lifetime of 0 is EKS's 24 h, and a negative one gives a
// token that has expired.
func (a *Cloud) WebIdentityToken(role, subject string, lifetime time.Duration) (string, error) {
	now := a.now()
	a.mu.Lock()
	r, err := a.role(role)
	if err != nil {
		a.mu.Unlock()
		return "", err
	}
	if subject == "" {
		subject = "system:serviceaccount:default:" + r.Name
	}
	if !slices.Contains(r.Subjects, subject) {
		r.Subjects = append(r.Subjects, subject)
	}
	a.mu.Unlock()
	if lifetime == 0 {
		lifetime = 24 * time.Hour
	}
	return a.issuer.sign(subject, stsAudience, now, lifetime), nil
}

// RegisterWebIdentityToken makes AWS take a token that another issuer made, in any form, as that of
// the subject until it expires. Roles must trust the subject by [Role].Subjects.
func (a *Cloud) RegisterWebIdentityToken(token, subject string, expires time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.registered[token] = webIdentity{
		Issuer: "https://registered.invalid", Subject: subject, Audience: []string{stsAudience}, Expires: expires.Unix(),
	}
}

// webIdentityOf returns whose web identity token it is, or AWS's refusal.
func (a *Cloud) webIdentityOf(token string, now time.Time) (webIdentity, *awsError) {
	a.mu.Lock()
	identity, ok := a.registered[token]
	a.mu.Unlock()
	fault := identity.judge(stsAudience, now)
	if claimed, ofGoogle := parseGoogle(token); ofGoogle && !ok {
		identity, fault = a.judgeGoogle(token, claimed, now)
	} else if !ok {
		identity, fault = a.issuer.verify(token, stsAudience, now)
	}
	switch fault {
	case tokenMalformed:
		return webIdentity{}, invalidIdentityToken("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	case tokenForeign:
		// Both spaces are AWS's.
		return webIdentity{}, invalidIdentityToken("Couldn't retrieve verification key from your identity provider,  " +
			"please reference AssumeRoleWithWebIdentity documentation for requirements")
	case tokenWrongAudience:
		return webIdentity{}, invalidIdentityToken("Incorrect token audience")
	case tokenExpired:
		return webIdentity{}, &awsError{status: 400, code: "ExpiredTokenException", message: fmt.Sprintf(
			"Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), identity.Expires)}
	}
	return identity, nil
}
