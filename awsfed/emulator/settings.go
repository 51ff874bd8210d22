package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// settings is the command line.
type settings struct {
	server         awsfedtest.ServerOptions // but its TLS
	expose         bool
	tls            bool
	caFile         string
	credentialFile string
	envFile        string
	source         awsfedtest.CredentialSource
	faults         []awsfedtest.NamedFault
	listFaults     bool
	config         string
	options        awsfedtest.Options
	admin          adminSettings
}

// parse reads the command line and reports its first mistake.
func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{
		source: awsfedtest.SourceEnvironment,
		server: awsfedtest.ServerOptions{MaxConnections: maxConnections},
	}
	f := flag.NewFlagSet("emulator", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.server.Addr, "addr", "127.0.0.1:8085", "serve on this `host:port`; port 0 takes a free one")
	f.BoolVar(&s.expose, "expose", false, "allow an -addr that other machines can reach; the emulator asks nobody who they are")
	f.StringVar(&s.server.PublicURL, "public-url", "", "name this `URL` in the files, where clients reach the emulator by a proxy or the port mapping of a container")
	f.BoolVar(&s.tls, "tls", false, "serve https alone, with certificates of an authority that is made at the start and good for 7 days; the exports make clients trust it")
	f.StringVar(&s.caFile, "ca-file", "", "write the certificate of the -tls authority to this `file`")
	f.StringVar(&s.credentialFile, "credential-file", "", "write the external_account `file` here")
	f.StringVar(&s.envFile, "env", "", "write shell exports to this `file`, and the token files that they name beside it")
	f.Func("source", "where the exports let the AWS SDKs find credentials: "+sources()+" (default "+string(s.source)+")", func(v string) error {
		s.source = awsfedtest.CredentialSource(v)
		if !slices.Contains(awsfedtest.CredentialSources(), s.source) {
			return errors.New("want one of " + sources())
		}
		return nil
	})
	f.Func("fault", "inject the fault of this `name`; can be repeated", func(name string) error {
		fault, ok := awsfedtest.FaultByName(name)
		if !ok {
			return errors.New("no such fault; -list-faults lists them")
		}
		s.faults = append(s.faults, fault)
		return nil
	})
	f.BoolVar(&s.listFaults, "list-faults", false, "list the names of the faults and exit")
	f.StringVar(&s.config, "config", "", "`file` in YAML or JSON that describes the clouds, in place of -region, -account and the other options that do")
	f.StringVar(&s.options.Partition, "partition", "", "AWS `partition` (default: that of -region, or aws)")
	f.StringVar(&s.options.Region, "region", "", "AWS `region` (default: the first of the partition)")
	f.StringVar(&s.options.Account, "account", "", "AWS account `ID` (default 123456789012)")
	f.StringVar(&s.options.Role, "role", "", "`name` of the workload's AWS role (default app)")
	f.StringVar(&s.options.ProjectNumber, "project-number", "", "`number` of the Google project (default 912480652101)")
	f.StringVar(&s.options.ProjectID, "project-id", "", "`ID` of the Google project (default my-project)")
	f.StringVar(&s.options.Pool, "pool", "", "`ID` of the workload identity pool (default my-aws-pool)")
	f.StringVar(&s.options.Provider, "provider", "", "`ID` of the pool's AWS provider (default my-aws-provider)")
	f.StringVar(&s.options.ServiceAccount, "service-account", "", "`email` of the service account (default aws-app@PROJECT_ID.iam.gserviceaccount.com)")
	s.admin.register(f)
	if err := f.Parse(args); err != nil {
		return settings{}, err
	}
	if f.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if !s.tls && s.caFile != "" {
		return settings{}, errors.New("-ca-file: there is an authority with -tls alone")
	}
	if s.tls && strings.HasPrefix(strings.ToLower(s.server.PublicURL), "http:") {
		return settings{}, fmt.Errorf("-public-url %s: -tls serves https alone", s.server.PublicURL)
	}
	if err := s.checkConfig(f); err != nil {
		return settings{}, err
	}
	if !s.expose {
		if err := onLoopback(s.server.Addr); err != nil {
			return settings{}, err
		}
	}
	return s, s.admin.check(s.expose)
}

// hosts are those by which clients reach the server, as far as the command line has them.
func (s settings) hosts() []string {
	var hosts []string
	if host, _, err := net.SplitHostPort(s.server.Addr); err == nil && host != "" {
		if ip, err := netip.ParseAddr(host); err != nil || !ip.IsUnspecified() {
			hosts = append(hosts, host)
		}
	}
	if u, err := url.Parse(s.server.PublicURL); err == nil && u.Hostname() != "" {
		hosts = append(hosts, u.Hostname())
	}
	return hosts
}

// onLoopback refuses an address that other machines could reach.
func onLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("-addr %s can be reached from other machines, where the emulator gives its credentials to everyone; add -expose if that is meant", addr)
}

// sources lists the credential sources that exports can be written for.
func sources() string {
	var names []string
	for _, source := range awsfedtest.CredentialSources() {
		names = append(names, string(source))
	}
	return strings.Join(names, ", ")
}
