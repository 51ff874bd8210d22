// The emulator program serves AWS and Google Cloud, as far as workload identity
// federation goes, on one port, and tells unmodified clients in any language how
// to find it:
//
//	go run ./emulator -addr 127.0.0.1:8085 -credential-file cred.json -env emulator.env
//	. ./emulator.env
//
// It writes the external_account file that Google's clients read and a file of
// shell exports, prints one line when it is ready, logs one line a request to
// standard error, and stops on SIGINT or SIGTERM. (go run passes no SIGTERM on: build
// the program, or signal the process group.) Package awsfedtest says what it serves;
// a Go test needs no program and uses that package directly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, which is not an error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if s.listFaults {
		for _, fault := range awsfedtest.Faults() {
			fmt.Fprintf(stdout, "%-28s %s\n", fault.Name, fault.Summary)
		}
		return nil
	}
	s.options.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	cloud := awsfedtest.New(s.options)
	for _, fault := range s.faults {
		fault.Inject(cloud)
	}
	server, err := cloud.StartAt(s.addr)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := s.write(server); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "emulator ready at %s\n", server.URL)
	<-ctx.Done()
	return nil
}

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
	return s, nil
}

// write writes the files that clients need.
func (s settings) write(server *awsfedtest.Server) error {
	if s.credentialFile != "" {
		file, err := server.CredentialFile()
		if err != nil {
			return err
		}
		if err := replaceFile(s.credentialFile, file); err != nil {
			return err
		}
	}
	if s.envFile == "" {
		return nil
	}
	dir, err := filepath.Abs(filepath.Dir(s.envFile))
	if err != nil {
		return err
	}
	env, err := server.Env(s.source, dir)
	if err != nil {
		return err
	}
	if s.credentialFile != "" {
		name, err := filepath.Abs(s.credentialFile)
		if err != nil {
			return err
		}
		env = append(env, "GOOGLE_APPLICATION_CREDENTIALS="+name, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="+name)
	}
	return replaceFile(s.envFile, []byte(exports(env)))
}

// exports renders an environment for a POSIX shell. An empty variable is unset,
// since not every client takes the one for the other.
func exports(env []string) string {
	var b strings.Builder
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" {
			fmt.Fprintf(&b, "unset %s\n", name)
			continue
		}
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return b.String()
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

// replaceFile puts a file that its owner alone can read in the place of name, at
// once, so that a client never reads half of it.
func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".emulator-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// sources lists the credential sources that exports can be written for.
func sources() string {
	var names []string
	for _, source := range awsfedtest.CredentialSources() {
		names = append(names, string(source))
	}
	return strings.Join(names, ", ")
}
