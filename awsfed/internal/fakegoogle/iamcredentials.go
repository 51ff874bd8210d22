package fakegoogle

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

const (
	scopeCloudPlatform = "https://www.googleapis.com/auth/cloud-platform"
	scopeIAM           = "https://www.googleapis.com/auth/iam"
	maxJWTTime         = 12 * time.Hour
)

// ServeIAMCredentials is the Service Account Credentials API, version 1.
func (g *Cloud) ServeIAMCredentials(w http.ResponseWriter, r *http.Request) {
	c, method, failure := parseIAMCall(r.URL.Path)
	serve := map[string]func(iamCall) (any, *APIError){
		"POST generateAccessToken": g.generateAccessToken,
		"POST generateIdToken":     g.generateIDToken,
		"POST signBlob":            g.signBlob,
		"POST signJwt":             g.signJWT,
		"GET allowedLocations":     g.allowedLocations,
	}[r.Method+" "+method]
	if serve == nil {
		g.notServed(w, r)
		return
	}
	if failure == nil {
		failure = g.admitIAM(r, &c, method)
	}
	var answer any
	if failure == nil {
		answer, failure = serve(c)
	}
	if failure != nil {
		judged.From(r.Context()).Reason = failure.record()
		g.fail(w, failure)
		return
	}
	g.write(w, http.StatusOK, answer)
}

func (g *Cloud) generateAccessToken(c iamCall) (any, *APIError) {
	var request struct {
		delegates, scope []string
		lifetime         *string
	}
	fields := protoFields{"delegates": &request.delegates, "scope": &request.scope, "lifetime": &request.lifetime}
	if failure := fields.unmarshalAPI(c.body); failure != nil {
		return nil, failure
	}
	sa, delegation, failure := g.authorize(c, permissionGetAccessToken, request.delegates)
	if failure != nil {
		return nil, failure
	}
	lifetime, failure := lifetimeOf(sa, request.lifetime, c.unsettled)
	if failure != nil {
		return nil, failure
	}
	if slices.Equal(request.scope, []string{""}) { // as measured; no scope at all is an error
		request.scope = []string{scopeCloudPlatform}
	}
	if !validScopes(request.scope) {
		return nil, InvalidArgument().because("no scope, or one that is not Google's")
	}
	format := time.RFC3339
	expires := g.now().Add(lifetime).UTC()
	if c.unsettled.FractionalExpireTime {
		format = "2006-01-02T15:04:05.000000Z07:00"
	}
	expires = expires.Truncate(time.Second)
	return map[string]string{
		"accessToken": g.issue(&issued{
			Access: Access{
				Kind:         ServiceAccountToken,
				Principal:    sa.Email,
				Delegation:   delegation,
				Scopes:       request.scope,
				Expires:      expires,
				Identity:     c.caller.Identity,
				QuotaProject: c.caller.QuotaProject,
			},
			account: sa.UniqueID,
		}),
		"expireTime": expires.Format(format),
	}, nil
}

func (g *Cloud) generateIDToken(c iamCall) (any, *APIError) {
	var request struct {
		delegates                                             []string
		audience                                              string
		includeEmail, organizationNumberIncluded, useEmailAzp bool
	}
	fields := protoFields{
		"delegates": &request.delegates, "audience": &request.audience, "includeEmail": &request.includeEmail,
		"organizationNumberIncluded": &request.organizationNumberIncluded, "useEmailAzp": &request.useEmailAzp,
	}
	if failure := fields.unmarshalAPI(c.body); failure != nil {
		return nil, failure
	}
	sa, _, failure := g.authorize(c, permissionGetOpenIDToken, request.delegates)
	if failure != nil {
		return nil, failure
	}
	if request.audience == "" {
		return nil, InvalidArgument().because("no audience")
	}
	now := g.now()
	claims := map[string]any{
		"iss": googleIssuer,
		"aud": request.audience,
		"azp": sa.UniqueID,
		"sub": sa.UniqueID,
		"iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix(),
	}
	if request.useEmailAzp {
		claims["azp"] = sa.Email
	}
	if request.includeEmail {
		claims["email"], claims["email_verified"] = sa.Email, true
	}
	if request.organizationNumberIncluded {
		var number any // null for an account of no organization
		if sa.OrganizationNumber != 0 {
			number = sa.OrganizationNumber
		}
		claims["google"] = map[string]any{"organization_number": number}
	}
	return map[string]string{"token": g.key().signJWT([]byte(encodeJSON(claims)))}, nil
}

// payloadToSign is the payload of signBlob or signJwt and the key that is to sign it, if the caller
// has the permission.
func (g *Cloud) payloadToSign(c iamCall, permission string) (string, func() *signingKey, *APIError) {
	var delegates []string
	var payload string
	fields := protoFields{"delegates": &delegates, "payload": &payload}
	if failure := fields.unmarshalAPI(c.body); failure != nil {
		return "", nil, failure
	}
	sa, _, failure := g.authorize(c, permission, delegates)
	if failure != nil {
		return "", nil, failure
	}
	key := g.keyOf(sa.UniqueID)
	if key == nil { // deleted in between
		return "", nil, accountNotFound(sa.Email)
	}
	return payload, key, nil
}

func (g *Cloud) signBlob(c iamCall) (any, *APIError) {
	encoded, key, failure := g.payloadToSign(c, permissionSignBlob)
	if failure != nil {
		return nil, failure
	}
	payload, ok := decodeBase64(encoded)
	if !ok || len(payload) == 0 {
		return nil, InvalidArgument().because("the payload is not base64, or empty")
	}
	return map[string]string{"keyId": key().id, "signedBlob": base64.StdEncoding.EncodeToString(key().sign(payload))}, nil
}

func (g *Cloud) signJWT(c iamCall) (any, *APIError) {
	payload, key, failure := g.payloadToSign(c, permissionSignJWT)
	if failure != nil {
		return nil, failure
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal([]byte(payload), &claims); err != nil || claims == nil {
		return nil, InvalidArgument().because("the payload is not a JSON object")
	}
	if raw, found := claims["exp"]; found {
		var exp int64
		now := g.now()
		if err := json.Unmarshal(raw, &exp); err != nil || exp < now.Unix() || exp > now.Add(maxJWTTime).Unix() {
			return nil, InvalidArgument().because("exp is no integer, past, or more than 12 h ahead")
		}
	}
	return map[string]string{"keyId": key().id, "signedJwt": key().signJWT([]byte(payload))}, nil
}

// allowedLocations is the Regional Access Boundary of the caller itself, or of an account that it
// may get.
func (g *Cloud) allowedLocations(c iamCall) (any, *APIError) {
	if c.account == "" {
		if c.caller.Kind != FederatedToken || c.pool != poolOf(c.caller.provider) {
			return nil, permissionDenied("iam.workloadIdentityPools.get")
		}
	} else if c.caller.Principal != c.account && c.caller.account != c.account {
		if _, _, failure := g.authorize(c, permissionGet, nil); failure != nil {
			return nil, failure
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.locations, nil
}

// decodeBase64 takes both alphabets, with padding or without, as protobuf's JSON does.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	data, err := base64.RawStdEncoding.DecodeString(s)
	return data, err == nil
}
