package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// settings is the command line.
type settings struct {
	addr           string
	expose         bool
	credentialFile string
	envFile        string
	source         awsfedtest.CredentialSource
	faults         []awsfedtest.NamedFault
	listFaults     bool
	options        awsfedtest.Options
	admin          adminSettings
}

// parse reads the command line and reports its first mistake.
func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{source: awsfedtest.SourceEnvironment}
	f := flag.NewFlagSet("emulator", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.addr, "addr", "127.0.0.1:8085", "serve on this `host:port`; port 0 takes a free one")
	f.BoolVar(&s.expose, "expose", false, "allow an -addr that other machines can reach; the emulator asks nobody who they are")
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
	if !s.expose {
		if err := onLoopback(s.addr); err != nil {
			return settings{}, err
		}
	}
	return s, s.admin.check(s.expose)
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
