package fakegoogle

import (
	"io"
	"net/http"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

const serviceAccountsPath = "serviceAccounts"

// iamCall is a request to the Service Account Credentials API whose caller is known.
type iamCall struct {
	caller    *issued
	account   string // email or unique ID of the service account; "" in a call on a pool
	pool      poolName
	body      []byte
	unsettled Unsettled
	record    *judged.Record
}

// parseIAMCall takes apart /v1/projects/-/serviceAccounts/NAME:METHOD, the same with
// /allowedLocations, and
// /v1/projects/N/locations/global/workloadIdentityPools/POOL/allowedLocations. An unknown path has
// no method.
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
		failure = InvalidArgument().because("the project of the service account must be -")
	}
	return c, method, failure
}

// admitIAM finds out who calls, and whether calls are served at all.
func (g *Cloud) admitIAM(r *http.Request, c *iamCall, method string) *APIError {
	s := g.switches(IAMCredentials)
	caller, failure := g.holder(bearerOf(r))
	if failure != nil {
		failure.Metadata = iamMethod(method)
		return failure
	}
	record := judged.From(r.Context())
	record.Caller = caller.Principal
	if caller.Kind == FederatedToken {
		record.Attributes = attributesByName(caller.attributes)
	}
	project := caller.provider.ProjectNumber
	if caller.Kind != FederatedToken {
		project = g.home.ProjectNumber
	}
	switch {
	case s.apiDisabled:
		return serviceDisabled(project)
	case s.outOfQuota:
		return RateLimited(project)
	case s.inPerimeter:
		return perimeterDenied(project)
	case !caller.HasScope(scopeCloudPlatform, scopeIAM):
		failure = ScopeInsufficient()
		failure.Metadata = iamMethod(method)
		return failure
	case len(caller.Boundary) > 0:
		return downscopedDenied()
	case caller.Kind == FederatedToken && strings.HasPrefix(method, "sign") && !s.unsettled.AcceptFederatedSigning:
		failure = Unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")
		failure.Metadata = iamMethod(method)
		return failure
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return InvalidArgument().because("the body cannot be read, or is too large")
	}
	c.caller, c.body, c.unsettled, c.record = caller, body, s.unsettled, record
	return nil
}

// iamMethod is the metadata of an error about a token: the method by its name in gRPC.
func iamMethod(method string) map[string]string {
	return map[string]string{
		"service": iamCredentialsService,
		"method":  "google.iam.credentials.v1.IAMCredentials." + strings.ToUpper(method[:1]) + method[1:],
	}
}

// authorize finds the service account of a call and whether the caller may do to it what permission
// says, along a chain of delegates if there is one: each must let the one before it delegate, and
// the account must let the last one do it. delegation has all who take part.
func (g *Cloud) authorize(c iamCall, permission string, delegates []string) (sa ServiceAccount, delegation []string, failure *APIError) {
	delegation = append(append(delegation, c.caller.Delegation...), c.caller.Principal)
	chain := make([]string, 0, len(delegates)+1)
	for _, delegate := range delegates {
		// The reference has the resource name; bare names are seen to work, too.
		name := strings.TrimPrefix(delegate, "projects/-/"+serviceAccountsPath+"/")
		if name == "" || strings.Contains(name, "/") {
			return ServiceAccount{}, nil, InvalidArgument().because("a delegate is not projects/-/serviceAccounts/NAME")
		}
		chain = append(chain, name)
	}
	chain = append(chain, c.account)

	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	holder := c.caller
	var bindings []string
	for i, name := range chain {
		a := g.find(name)
		if a == nil {
			failure = accountNotFound(name).because("a delegate does not exist")
			if i == len(delegates) {
				failure.Why = "no service account is " + name // as the path says
			}
			return ServiceAccount{}, nil, failure
		}
		needed := permission
		if i < len(delegates) {
			needed = permissionImplicitDelegation
			delegation = append(delegation, a.Email)
		}
		b, resource, granted := g.granting(needed, a, holder, now)
		if !granted {
			failure = permissionDenied(needed)
			failure.Why = g.whyDenied(needed, a, holder, now)
			return ServiceAccount{}, nil, failure
		}
		bindings = append(bindings, b.String()+" on "+resource)
		if a.Disabled {
			return ServiceAccount{}, nil, &APIError{Code: http.StatusBadRequest, Status: "FAILED_PRECONDITION", Message: "emulator: service account " + a.Email + " is disabled", Why: "service account " + a.Email + " is disabled"}
		}
		sa = a.ServiceAccount
		holder = &issued{Access: Access{Kind: ServiceAccountToken, Principal: a.Email}}
	}
	c.record.Binding = strings.Join(bindings, "; ")
	return sa, delegation, nil
}
