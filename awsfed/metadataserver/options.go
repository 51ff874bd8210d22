package metadataserver

import (
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed"
)

// Options of a [Handler]. Nil and the zero value are good.
type Options struct {
	// Accounts are the email addresses of further service accounts that clients may ask for by
	// name: service-accounts/EMAIL/token. The identity needs roles/iam.workloadIdentityUser on
	// each. Optional; any other name is a 404. At most 100.
	Accounts []string

	// ProjectID is project/project-id. Optional; the default is the project of the service account,
	// as its email address has it, or else the number, which Google's APIs take as well.
	ProjectID string

	// NumericProjectID is project/numeric-project-id, in digits. Optional; the default is the
	// number of the project that has the workload identity pool.
	NumericProjectID string

	// Zone is the name of a zone of Google Cloud for instance/zone, such as europe-west1-b.
	// Optional; without one that key is a 404, which clients take for "not known".
	Zone string

	// Hosts are names or addresses, with their port where it is not 80, that may stand in a Host
	// header besides the address that the connection was made to and "localhost" at that port.
	// metadata.google.internal belongs here if it stands for another address than 169.254.169.254.
	// They are compared letter by letter, but for the case of ASCII letters. Optional.
	Hosts []string

	// AllowUIDs are users, besides the server's own, whose processes on this machine are served.
	// Optional, and an error on other systems than Linux, where every user is.
	AllowUIDs []uint32
	// AllowAnyUID serves every user of this machine, and whom the kernel's table does not show:
	// behind an address translation, for example.
	AllowAnyUID bool

	// MaxConnections bounds the connections of [Handler.NewServer]. Optional; the default is 256.
	// Half of them at most wait for a change. The one that has been idle or slow for the longest
	// makes room for the next.
	MaxConnections int

	// Logger gets a warning when requests are refused for the reasons in the doc of this package,
	// once a minute for each. Optional; the default is that of the awsfed.Config.
	Logger *slog.Logger
}

const (
	// Half a request with as many header lines as it may have takes 100 KiB and more: with this
	// number of them that is half of 64 MiB, and the garbage collector lets it double.
	defaultMaxConnections = 256
	maxAccounts           = 100
)

// validate reports every fault at once.
func (o *Options) validate() error {
	var faults []error
	fault := func(field, found, want string) {
		faults = append(faults, &awsfed.FieldError{Field: field, Found: found, Want: want})
	}
	for _, account := range o.Accounts {
		if user, domain, _ := strings.Cut(account, "@"); user == "" || domain == "" || !plain(account) {
			fault("Accounts", account, "email addresses of service accounts")
		}
	}
	if len(o.Accounts) > maxAccounts {
		fault("Accounts", strconv.Itoa(len(o.Accounts)), "at most 100 accounts")
	}
	if !plain(o.ProjectID) {
		fault("ProjectID", o.ProjectID, "the ID of a project")
	}
	if n, err := strconv.ParseUint(o.NumericProjectID, 10, 63); o.NumericProjectID != "" && (err != nil || strconv.FormatUint(n, 10) != o.NumericProjectID) {
		fault("NumericProjectID", o.NumericProjectID, "the number of a project, in digits")
	}
	if !plain(o.Zone) {
		fault("Zone", o.Zone, "the name of a zone, such as europe-west1-b")
	}
	for _, host := range o.Hosts {
		if host == "" || strings.Trim(host, hostLetters) != "" {
			fault("Hosts", host, "names or addresses with their port, as a Host header has them, without a scheme")
		}
	}
	if len(o.AllowUIDs) > 0 && runtime.GOOS != "linux" {
		fault("AllowUIDs", "", "nothing on "+runtime.GOOS+": which user a connection is of is known on Linux alone")
	}
	if o.MaxConnections < 0 {
		fault("MaxConnections", strconv.Itoa(o.MaxConnections), "a number of connections, or 0 for the default")
	}
	return errors.Join(faults...)
}

// plainLetters are those of keys and values that no client has to unescape.
const (
	plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@"
	hostLetters  = plainLetters + "[]"
)

func plain(s string) bool { return strings.Trim(s, plainLetters) == "" && s != "." && s != ".." }

// clone shares nothing with o that its owner may change.
func (o *Options) clone() Options {
	if o == nil {
		return Options{MaxConnections: defaultMaxConnections}
	}
	c := *o
	c.Accounts, c.Hosts, c.AllowUIDs = slices.Clone(o.Accounts), slices.Clone(o.Hosts), slices.Clone(o.AllowUIDs)
	if c.MaxConnections == 0 {
		c.MaxConnections = defaultMaxConnections
	}
	return c
}
