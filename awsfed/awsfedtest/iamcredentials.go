package awsfedtest

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	scopeCloudPlatform  = "https://www.googleapis.com/auth/cloud-platform"
	scopeIAM            = "https://www.googleapis.com/auth/iam"
	defaultTokenTime    = time.Hour
	maxTokenTime        = time.Hour
	maxExtendedTime     = 12 * time.Hour
	maxJWTTime          = 12 * time.Hour
	serviceAccountsPath = "serviceAccounts"
)

// iamCall is a request to the Service Account Credentials API whose caller is known.
type iamCall struct {
	caller    *issued
	account   string // email or unique ID of the service account; "" in a call on a pool
	pool      poolName
	body      []byte
	unsettled Unsettled
}

// serveIAM is the Service Account Credentials API, version 1.
func (g *Google) serveIAM(w http.ResponseWriter, r *http.Request) {
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
	if failure != nil {
		g.fail(w, failure)
		return
	}
	answer, failure := serve(c)
	if failure != nil {
		g.fail(w, failure)
		return
	}
	g.write(w, http.StatusOK, answer)
}

// parseIAMCall takes apart /v1/projects/-/serviceAccounts/NAME:METHOD, the same with /allowedLocations, and
// /v1/projects/N/locations/global/workloadIdentityPools/POOL/allowedLocations. An unknown path has no method.
func parseIAMCall(path string) (c iamCall, method string, failure *APIError) {
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	if len(parts) < 4 || parts[0] != "projects" {
		return iamCall{}, "", nil
	}
	if len(parts) == 7 && parts[6] == "allowedLocations" {
		c.pool = poolName{parts[1], parts[5]}
		if strings.Join(parts[:6], "/") == c.pool.String() {
			method = parts[6]
		}
		return c, method, nil
	}
	switch {
	case parts[2] != serviceAccountsPath:
		return iamCall{}, "", nil
	case len(parts) == 4:
		c.account, method, _ = strings.Cut(parts[3], ":")
	case len(parts) == 5 && parts[4] == "allowedLocations":
		c.account, method = parts[3], parts[4]
	}
	if parts[1] != "-" { // "Replacing the wildcard with a project ID is invalid", says the reference.
		failure = invalidArgument()
	}
	return c, method, failure
}

// admitIAM finds out who calls, and whether calls are served at all.
func (g *Google) admitIAM(r *http.Request, c *iamCall, method string) *APIError {
	s := g.switches(IAMCredentials)
	caller, failure := g.holder(bearerOf(r))
	if failure != nil {
		failure.Metadata = iamMethod(method)
		return failure
	}
	project := caller.provider.ProjectNumber
	if caller.Kind == ServiceAccountToken {
		project = g.home.ProjectNumber
	}
	switch {
	case s.apiDisabled:
		return serviceDisabled(project)
	case s.outOfQuota:
		return rateLimited(project)
	case s.inPerimeter:
		return perimeterDenied(project)
	case !caller.HasScope(scopeCloudPlatform, scopeIAM):
		failure = scopeInsufficient()
		failure.Metadata = iamMethod(method)
		return failure
	case caller.Kind == FederatedToken && strings.HasPrefix(method, "sign") && !s.unsettled.AcceptFederatedSigning:
		failure = unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")
		failure.Metadata = iamMethod(method)
		return failure
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return invalidArgument()
	}
	c.caller, c.body, c.unsettled = caller, body, s.unsettled
	return nil
}

// iamMethod is the metadata of an error about a token: the method by its name in gRPC.
func iamMethod(method string) map[string]string {
	return map[string]string{
		"service": iamCredentialsService,
		"method":  "google.iam.credentials.v1.IAMCredentials." + strings.ToUpper(method[:1]) + method[1:],
	}
}

// authorize finds the service account of a call and whether the caller may do to it what permission says, along a chain
// of delegates if there is one: each must let the one before it delegate, and the account must let the last one do it.
// delegation has all who take part.
func (g *Google) authorize(c iamCall, permission string, delegates []string) (sa ServiceAccount, delegation []string, failure *APIError) {
	delegation = append(append(delegation, c.caller.Delegation...), c.caller.Principal)
	chain := make([]string, 0, len(delegates)+1)
	for _, delegate := range delegates {
		name, found := strings.CutPrefix(delegate, "projects/-/"+serviceAccountsPath+"/")
		if !found {
			return ServiceAccount{}, nil, invalidArgument()
		}
		chain = append(chain, name)
	}
	chain = append(chain, c.account)

	g.mu.Lock()
	defer g.mu.Unlock()
	holder := c.caller
	for i, name := range chain {
		a := g.find(name)
		if a == nil {
			return ServiceAccount{}, nil, accountNotFound(name)
		}
		needed := permission
		if i < len(delegates) {
			needed = permissionImplicitDelegation
			delegation = append(delegation, a.Email)
		}
		if !a.grants(needed, holder) {
			return ServiceAccount{}, nil, permissionDenied(needed)
		}
		if a.Disabled {
			return ServiceAccount{}, nil, &APIError{Code: http.StatusBadRequest, Status: "FAILED_PRECONDITION", Message: "emulator: service account " + a.Email + " is disabled"}
		}
		sa = a.ServiceAccount
		holder = &issued{Access: Access{Kind: ServiceAccountToken, Principal: a.Email}}
	}
	return sa, delegation, nil
}

func (g *Google) generateAccessToken(c iamCall) (any, *APIError) {
	var request struct {
		Delegates []string `json:"delegates"`
		Scope     []string `json:"scope"`
		Lifetime  *string  `json:"lifetime"`
	}
	if failure := unmarshalProto(c.body, &request); failure != nil {
		return nil, failure
	}
	sa, delegation, failure := g.authorize(c, permissionGetAccessToken, request.Delegates)
	if failure != nil {
		return nil, failure
	}
	lifetime, longest := defaultTokenTime, maxTokenTime
	if sa.ExtendedLifetime {
		longest = maxExtendedTime
	}
	ok := true
	if request.Lifetime != nil {
		lifetime, ok = parseProtoDuration(*request.Lifetime)
	}
	if !ok || lifetime <= 0 || lifetime < c.unsettled.MinLifetime || lifetime > longest || !validScopes(request.Scope) {
		return nil, invalidArgument()
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
				Scopes:       request.Scope,
				Expires:      expires,
				Identity:     c.caller.Identity,
				QuotaProject: c.caller.QuotaProject,
			},
			account: sa.UniqueID,
		}),
		"expireTime": expires.Format(format),
	}, nil
}

func (g *Google) generateIDToken(c iamCall) (any, *APIError) {
	var request struct {
		Delegates                  []string `json:"delegates"`
		Audience                   string   `json:"audience"`
		IncludeEmail               bool     `json:"includeEmail"`
		OrganizationNumberIncluded bool     `json:"organizationNumberIncluded"`
	}
	if failure := unmarshalProto(c.body, &request); failure != nil {
		return nil, failure
	}
	sa, _, failure := g.authorize(c, permissionGetOpenIDToken, request.Delegates)
	if failure != nil {
		return nil, failure
	}
	if request.Audience == "" {
		return nil, invalidArgument()
	}
	now := g.now()
	claims := map[string]any{
		"iss": "https://accounts.google.com",
		"aud": request.Audience,
		"azp": sa.UniqueID,
		"sub": sa.UniqueID,
		"iat": now.Unix(),
		"exp": now.Add(time.Hour).Unix(),
	}
	if request.IncludeEmail {
		claims["email"], claims["email_verified"] = sa.Email, true
	}
	if request.OrganizationNumberIncluded {
		var number any // null for an account of no organization
		if sa.OrganizationNumber != 0 {
			number = sa.OrganizationNumber
		}
		claims["google"] = map[string]any{"organization_number": number}
	}
	return map[string]string{"token": g.key().signJWT([]byte(encodeJSON(claims)))}, nil
}

// payloadToSign is the payload of signBlob or signJwt, if the caller has the permission.
func (g *Google) payloadToSign(c iamCall, permission string) (string, *APIError) {
	var request struct {
		Delegates []string `json:"delegates"`
		Payload   string   `json:"payload"`
	}
	if failure := unmarshalProto(c.body, &request); failure != nil {
		return "", failure
	}
	_, _, failure := g.authorize(c, permission, request.Delegates)
	return request.Payload, failure
}

func (g *Google) signBlob(c iamCall) (any, *APIError) {
	encoded, failure := g.payloadToSign(c, permissionSignBlob)
	if failure != nil {
		return nil, failure
	}
	payload, ok := decodeBase64(encoded)
	if !ok || len(payload) == 0 {
		return nil, invalidArgument()
	}
	key := g.key()
	return map[string]string{"keyId": key.id, "signedBlob": base64.StdEncoding.EncodeToString(key.sign(payload))}, nil
}

func (g *Google) signJWT(c iamCall) (any, *APIError) {
	payload, failure := g.payloadToSign(c, permissionSignJWT)
	if failure != nil {
		return nil, failure
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal([]byte(payload), &claims); err != nil || claims == nil {
		return nil, invalidArgument()
	}
	if raw, found := claims["exp"]; found {
		var exp int64
		now := g.now()
		if err := json.Unmarshal(raw, &exp); err != nil || exp < now.Unix() || exp > now.Add(maxJWTTime).Unix() {
			return nil, invalidArgument()
		}
	}
	key := g.key()
	return map[string]string{"keyId": key.id, "signedJwt": key.signJWT([]byte(payload))}, nil
}

// allowedLocations is the Regional Access Boundary of the caller itself, or of an account that it may get.
func (g *Google) allowedLocations(c iamCall) (any, *APIError) {
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

// parseProtoDuration reads a google.protobuf.Duration in JSON: seconds with up to nine digits after the point, and "s".
func parseProtoDuration(s string) (time.Duration, bool) {
	number, found := strings.CutSuffix(s, "s")
	whole, fraction, point := strings.Cut(strings.TrimPrefix(number, "-"), ".")
	if !found || !isDigits(whole) || point && (!isDigits(fraction) || len(fraction) > 9) {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}

// decodeBase64 takes both alphabets, with padding or without, as protobuf's JSON does.
func decodeBase64(s string) ([]byte, bool) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	data, err := base64.RawStdEncoding.DecodeString(s)
	return data, err == nil
}
