package awsfedtest

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Google is the Google side of a [Cloud]: workload identity pools and their providers, service accounts and who may
// use them, the Security Token Service, and the Service Account Credentials API. It starts with what [Options] says,
// and can be changed at any time. It is safe for concurrent use.
type Google struct {
	now     func() time.Time
	replay  func(*http.Request) *http.Response
	ownHost func(host string) bool

	// What Options names.
	home          principal.Provider
	account       string // the service account's email
	role, roleARN string // by which a mapping may know the role: its name, and its ARN without a session
	homeMember    principal.Member

	mu        sync.Mutex // never held over a call of replay or of a user's func
	unsettled Unsettled
	pools     map[poolName]State
	providers map[principal.Provider]Provider
	accounts  map[string]*account // by unique ID
	policy    OrganizationPolicy
	tokens    map[[sha256.Size]byte]*issued
	lifetime  time.Duration // of federated tokens
	locations AllowedLocations

	// Where each misconfiguration is in force, and how many times over.
	apiDisabled map[Endpoint]int
	outOfQuota  map[Endpoint]int
	perimeter   map[Endpoint]int // of VPC Service Controls

	key func() *signingKey
}

// defaultLifetime is the lifetime of a federated token in the reference of STS v1.
const defaultLifetime = 3599 * time.Second

// newGoogle builds the Google side of the world that opts describes. replay sends a signed request to the AWS side.
func newGoogle(opts Options, now func() time.Time, replay func(*http.Request) *http.Response) *Google {
	opts = opts.withDefaults()
	g := &Google{
		now:     now,
		replay:  replay,
		ownHost: opts.ownHost,
		home:    principal.Provider{ProjectNumber: opts.ProjectNumber, Pool: opts.Pool, ID: opts.Provider},
		account: opts.ServiceAccount,
		role:    opts.Role,
		roleARN: "arn:" + opts.Partition + ":sts::" + opts.Account + ":assumed-role/" + opts.Role,

		unsettled:   DefaultUnsettled(),
		pools:       make(map[poolName]State),
		providers:   make(map[principal.Provider]Provider),
		accounts:    make(map[string]*account),
		tokens:      make(map[[sha256.Size]byte]*issued),
		lifetime:    defaultLifetime,
		locations:   AllowedLocations{EncodedLocations: "0x0"},
		apiDisabled: make(map[Endpoint]int),
		outOfQuota:  make(map[Endpoint]int),
		perimeter:   make(map[Endpoint]int),
		key:         sync.OnceValue(func() *signingKey { return newSigningKey(now()) }),
	}
	g.putProvider(Provider{Provider: g.home, Account: opts.Account, Mapping: opts.Mapping, Condition: opts.Condition})
	app := g.putAccount(ServiceAccount{Email: opts.ServiceAccount})
	g.homeMember = g.memberOf(opts)
	app.bindings = []binding{{RoleWorkloadIdentityUser, g.homeMember}}
	return g
}

// memberOf is the member of the IAM policy that lets the role of opts in, whatever its session: the role by its
// attribute aws_role, or everyone of the pool where a mapping of the user's own yields no such attribute.
func (g *Google) memberOf(opts Options) principal.Member {
	m := principal.Member{Kind: principal.KindAttribute, ProjectNumber: g.home.ProjectNumber, Pool: g.home.Pool, Name: "aws_role", Value: g.roleARN}
	if opts.Mapping == nil {
		return m
	}
	attributes, err := opts.Mapping(principal.Identity{Account: opts.Account, ARN: g.roleARN + "/session", UserID: "AROAEXAMPLEEXAMPLEEXA:session"})
	if m.Value = attributes.Custom["aws_role"]; err != nil || m.Value == "" {
		m.Kind, m.Name, m.Value = principal.KindEveryone, "", ""
	}
	return m
}

// Provider names the provider of [Options].
func (g *Google) Provider() principal.Provider { return g.home }

// ServiceAccount is the email of the service account of [Options].
func (g *Google) ServiceAccount() string { return g.account }

// SetFederatedLifetime sets how long the federated tokens last that STS gives out from now on; default 3599 s. STS
// answers in whole seconds, so a fraction is cut off.
func (g *Google) SetFederatedLifetime(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lifetime = d.Truncate(time.Second)
}

// AllowedLocations is the Regional Access Boundary of the pools and service accounts: where their tokens may be used.
// The emulator answers with it and enforces nothing.
type AllowedLocations struct {
	Locations        []string `json:"locations,omitempty"` // regions, us-central1 for one
	EncodedLocations string   `json:"encodedLocations"`    // a hexadecimal bitmap; default "0x0", no boundary
}

// SetAllowedLocations sets what allowedLocations answers from now on.
func (g *Google) SetAllowedLocations(locations AllowedLocations) {
	locations.Locations = slices.Clone(locations.Locations)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.locations = locations
}

// switches are those settings that an endpoint looks at before a request.
type switches struct {
	unsettled                            Unsettled
	apiDisabled, outOfQuota, inPerimeter bool
	lifetime                             time.Duration
}

func (g *Google) switches(endpoint Endpoint) switches {
	g.mu.Lock()
	defer g.mu.Unlock()
	return switches{g.unsettled, g.apiDisabled[endpoint] > 0, g.outOfQuota[endpoint] > 0, g.perimeter[endpoint] > 0, g.lifetime}
}
