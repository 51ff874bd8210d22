package child

import (
	"net/netip"
	"runtime"
	"slices"
	"strings"
)

// EnvironmentOptions say what the child's environment points to.
type EnvironmentOptions struct {
	// Server is the address of the metadata server, 127.0.0.1 and its port. It is required.
	Server netip.AddrPort

	// Project is the ID of the Google project, "" if it is not known. It becomes
	// GOOGLE_CLOUD_PROJECT unless the parent's environment names a project in that variable or in
	// GCLOUD_PROJECT: what the user set stays.
	Project string

	// Accounts are the e-mail addresses of the accounts that the server serves, the default one
	// first. The first becomes CLOUDSDK_CORE_ACCOUNT unless the parent has one of the others there:
	// gcloud then asks the metadata server although its configuration names another account. If
	// they are not known, CLOUDSDK_CORE_ACCOUNT is taken away.
	Accounts []string

	// Config is the directory that [Isolate] made; it becomes CLOUDSDK_CONFIG. Without it, "", the
	// child has the parent's.
	Config string

	// OS is the operating system whose rules hold, as runtime.GOOS names it, which is the default.
	// On "windows" the names of variables are compared without case.
	OS string
}

// Environment makes the environment of the command that "awsfed exec" runs, from the parent's
// entries as os.Environ returns them; parent is not changed. It sets what points Google's clients
// to the metadata server, and takes away what they prefer to it. AWS credentials are left to the
// child.
//
// The notes are lines for the user: one for each variable that was set and is taken away or
// replaced, never with its value, and one for each file of gcloud or gsutil that clients prefer to
// the metadata server, with what to do about it. A file that cannot be read has no note.
func Environment(parent []string, o EnvironmentOptions) (env, notes []string) {
	system := o.OS
	if system == "" {
		system = runtime.GOOS
	}
	v := &variables{slices.Clone(parent), system == "windows"}
	for _, p := range preferredVariables() {
		if value, set := v.get(p.name); set && p.stays != nil && p.stays(value) {
			continue
		}
		if v.remove(p.name) {
			notes = append(notes, p.name+" is not passed on: "+p.client+" "+p.does)
		}
	}
	notes = append(notes, setAccount(v, o.Accounts)...)
	notes = append(notes, fileNotes(v, system, o)...)

	// Every client puts "http://" before these and a path behind them. Node, and apitools of gsutil
	// and bq, read GCE_METADATA_IP for requests, not only for a ping, so it has the port too.
	// gcloud heeds GCE_METADATA_ROOT alone.
	server := o.Server.String()
	v.set("GCE_METADATA_HOST", server)
	v.set("GCE_METADATA_IP", server)
	v.set("GCE_METADATA_ROOT", server)
	v.set("METADATA_SERVER_DETECTION", "assume-present") // Node
	v.set("GCE_METADATA_MTLS_MODE", "none")              // Python: a host of one's own has no mTLS
	setProject(v, o.Project)
	setNoProxy(v, o.Server.Addr().String())
	if o.Config != "" {
		v.set("CLOUDSDK_CONFIG", o.Config)
	}
	return v.entries, notes
}

// setProject leaves a project that the user chose by any name that a client knows; Python reads
// GOOGLE_CLOUD_PROJECT first and Node GCLOUD_PROJECT, each in two spellings.
func setProject(v *variables, project string) {
	for _, name := range []string{"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "google_cloud_project", "gcloud_project"} {
		if value, _ := v.get(name); value != "" {
			return
		}
	}
	if project != "" {
		v.set("GOOGLE_CLOUD_PROJECT", project)
	}
}

// setAccount makes gcloud use an account of the metadata server. With an account in its
// configuration gcloud uses the credentials that it has stored for it, and fails if it has none. An
// empty value would be no account at all, so an unknown account is taken away.
func setAccount(v *variables, accounts []string) (notes []string) {
	const name = "CLOUDSDK_CORE_ACCOUNT"
	value, set := v.get(name)
	if slices.Contains(accounts, value) {
		return nil
	}
	if len(accounts) > 0 {
		v.set(name, accounts[0])
		if set {
			return []string{name + " is replaced: the metadata server does not serve that account"}
		}
		return nil
	}
	if v.remove(name) {
		return []string{name + " is not passed on: gcloud prefers the account to that of the metadata server"}
	}
	return nil
}

// setNoProxy adds a host to NO_PROXY and no_proxy. Some clients read the one first (Go, Node), some
// the other (Python, curl, .NET), so a spelling that is not set begins as a copy of the other; it
// would hide the user's list otherwise.
func setNoProxy(v *variables, host string) {
	upper, upperSet := v.get("NO_PROXY")
	lower, lowerSet := v.get("no_proxy")
	if !upperSet {
		upper = lower
	}
	if !lowerSet {
		lower = upper
	}
	// "*" means every host, to Python and curl only where it stands alone. Node does not know it
	// and needs the host.
	if strings.TrimSpace(lower) != "*" {
		lower = withHost(lower, host)
	}
	if strings.TrimSpace(upper) != "*" || !v.fold {
		upper = withHost(upper, host)
	}
	v.set("NO_PROXY", upper)
	if !v.fold {
		v.set("no_proxy", lower)
	}
}

// withHost adds a host to a list that clients separate at commas, some at spaces too.
func withHost(list, host string) string {
	entries := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(entries, host) {
		return list
	}
	list = strings.TrimRight(list, ", ")
	if list == "" {
		return host
	}
	return list + "," + host
}
