// Package fakegoogle is the emulated Google side of package awsfedtest, and of the emulator: the
// Security Token Service, the Service Account Credentials API, the OAuth 2.0 token endpoint and
// what clients ask of the Cloud Resource Manager API, with the workload identity pools, service
// accounts and IAM policies behind them.
//
// Texts that begin with "emulator:" and everything in [Unsettled] are this package's own, as nobody
// knows Google's. They may change in any release.
package fakegoogle

import (
	"cmp"
	"crypto/sha256"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Cloud is Google Cloud as far as workload identity federation goes: workload identity pools and
// their providers, service accounts and who may use them, the Security Token Service, the Service
// Account Credentials API, and the OAuth 2.0 token endpoint. It starts with what [Options] says,
// and can be changed at any time. It is safe for concurrent use.
type Cloud struct {
	now       func() time.Time
	replay    func(*http.Request) *http.Response
	ownHost   func(host string) bool
	stsRegion func(host string) (partition, region string, ok bool)

	// What Options names.
	home          principal.Provider
	projectID     string // of home's project
	universe      string // besides googleapis.com
	account       string // the service account's email
	role, roleARN string // by which a mapping may know the role: its name, and its ARN without a session
	homeMember    principal.Member

	mu            sync.Mutex // never held over a call of replay or of a user's func
	unsettled     Unsettled
	pools         map[poolName]State
	providers     map[principal.Provider]Provider
	oidcProviders map[principal.Provider]OIDCProvider // no name is in both
	accounts      map[string]*account                 // by unique ID
	projectPolicy policy
	propagation   time.Duration // of changes of IAM policies
	policy        OrganizationPolicy
	workspace     workspace
	tokens        map[[sha256.Size]byte]*issued
	lifetime      time.Duration // of federated tokens
	locations     AllowedLocations
	client        client // whom STS serves alone; the zero one for all

	// Where each misconfiguration is in force, and how many times over.
	apiDisabled map[API]int
	outOfQuota  map[API]int
	perimeter   map[API]int // of VPC Service Controls

	key func() *signingKey // Google's own
}

// defaultLifetime is the lifetime of a federated token in the reference of STS v1.
const defaultLifetime = 3599 * time.Second

// Options describes the cloud that [New] makes. A value is taken as it stands, also one that Google
// would refuse.
type Options struct {
	Provider       principal.Provider  // an AWS provider
	ProjectID      string              // the ID of the project whose number Provider has
	Universe       string              // a domain besides googleapis.com; default: none
	ServiceAccount string              // the email of the service account that RoleARN may impersonate
	Account        string              // the AWS account that Provider trusts
	RoleARN        string              // arn:aws:sts::ACCOUNT:assumed-role/ROLE, without a session
	Mapping        principal.Mapping   // of Provider; default: principal.DefaultMapping
	Condition      principal.Condition // of Provider; default: none

	// Now is the clock. Required.
	Now func() time.Time
	// Replay sends a signed request to AWS; nil if no answer comes. Required.
	Replay func(*http.Request) *http.Response
	// OwnHost reports whether host, which may hold a port, stands for AWS STS in every region, as
	// the emulator's own address does. Required.
	OwnHost func(host string) bool
	// STSRegion returns the partition and the region that a host of AWS STS stands for. The last
	// result is false for every other host. Required.
	STSRegion func(host string) (partition, region string, ok bool)
}

// New returns the cloud that opts describe.
func New(opts Options) *Cloud {
	g := &Cloud{
		now:       opts.Now,
		replay:    opts.Replay,
		ownHost:   opts.OwnHost,
		stsRegion: opts.STSRegion,
		home:      opts.Provider,
		projectID: opts.ProjectID,
		universe:  cmp.Or(opts.Universe, "googleapis.com"),
		account:   opts.ServiceAccount,
		role:      path.Base(opts.RoleARN),
		roleARN:   opts.RoleARN,

		unsettled:     DefaultUnsettled(),
		pools:         make(map[poolName]State),
		providers:     make(map[principal.Provider]Provider),
		oidcProviders: make(map[principal.Provider]OIDCProvider),
		accounts:      make(map[string]*account),
		tokens:        make(map[[sha256.Size]byte]*issued),
		lifetime:      defaultLifetime,
		workspace:     newWorkspace(),
		locations:     AllowedLocations{EncodedLocations: "0x0"},
		apiDisabled:   make(map[API]int),
		outOfQuota:    make(map[API]int),
		perimeter:     make(map[API]int),
	}
	g.key = g.newKey()
	g.putProvider(Provider{Provider: g.home, Account: opts.Account, Mapping: opts.Mapping, Condition: opts.Condition})
	app := g.putAccount(ServiceAccount{Email: opts.ServiceAccount})
	g.homeMember = g.memberOf(opts)
	app.policy = policyOf(binding{RoleWorkloadIdentityUser, g.homeMember})
	return g
}

// memberOf is the member of the IAM policy that lets the role of opts in, whatever its session: the
// role by its attribute aws_role, or everyone of the pool where a mapping of the user's own yields
// no such attribute.
func (g *Cloud) memberOf(opts Options) principal.Member {
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
func (g *Cloud) Provider() principal.Provider { return g.home }

// ServiceAccount is the email of the service account of [Options].
func (g *Cloud) ServiceAccount() string { return g.account }

// SetFederatedLifetime sets how long the federated tokens last that STS gives out from now on;
// default 3599 s. STS answers in whole seconds, so a fraction is cut off.
func (g *Cloud) SetFederatedLifetime(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lifetime = d.Truncate(time.Second)
}

// AllowedLocations is the Regional Access Boundary of the pools and service accounts: where their
// tokens may be used. The emulator answers with it and enforces nothing.
type AllowedLocations struct {
	Locations        []string `json:"locations,omitempty"` // regions, us-central1 for one
	EncodedLocations string   `json:"encodedLocations"`    // a hexadecimal bitmap; default "0x0", no boundary
}

// SetAllowedLocations sets what allowedLocations answers from now on.
func (g *Cloud) SetAllowedLocations(locations AllowedLocations) {
	locations.Locations = slices.Clone(locations.Locations)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.locations = locations
}

// API is one of Google's services that this package plays and that can be denied to a caller.
type API string

// The services.
const (
	STS            API = "sts"            // the Security Token Service
	IAMCredentials API = "iamcredentials" // the Service Account Credentials API
)

// switches are those settings that an api looks at before a request.
type switches struct {
	unsettled                            Unsettled
	apiDisabled, outOfQuota, inPerimeter bool
	lifetime                             time.Duration
	client                               client
}

func (g *Cloud) switches(api API) switches {
	g.mu.Lock()
	defer g.mu.Unlock()
	return switches{g.unsettled, g.apiDisabled[api] > 0, g.outOfQuota[api] > 0, g.perimeter[api] > 0, g.lifetime, g.client}
}
