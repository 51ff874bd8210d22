// Doctor follows the token flow from AWS credentials to a Google token, and says what is wrong and
// what to do about it.
//
//	go -C examples run ./doctor -credentials FILE     # or GOOGLE_APPLICATION_CREDENTIALS
//	go -C examples run ./doctor -audience AUDIENCE -service-account EMAIL # of a Config in code
//	go -C examples run ./doctor -demo missing-binding # the emulator, with a fault
//	go -C examples run ./doctor -demo list            # the faults that there are
//
// It exits with 0 if all is well, 1 after a warning, 2 after a failure, and 3 if it could not run.
// "go run" exits with 1 for all but 0, and prints "exit status 2"; a program of its own keeps the
// codes:
//
//	go -C examples build -o "$PWD/doctor" ./doctor
//
// docs/doctor.md has what -json prints.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// The exit codes.
const (
	passed = iota
	warned
	failed
	couldNotRun
)

const exitCodes = `
Exit codes:
  0  all is well
  1  it works, and something is not as it should be
  2  it does not work; a configuration that cannot be read is part of that
  3  doctor could not run, or was interrupted
"go run" turns all but 0 into 1: build the program to have them.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "doctor:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int, err error) {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "Usage: doctor [flags]\n\nFlags:\n")
		flags.PrintDefaults()
		fmt.Fprint(stderr, exitCodes)
	}
	var from origin
	flags.StringVar(&from.file, "credentials", "", "external_account `file`; default GOOGLE_APPLICATION_CREDENTIALS")
	flags.StringVar(&from.audience, "audience", "", "`audience` of a Config in code, instead of a file: //iam.googleapis.com/projects/NUMBER/…/providers/ID")
	flags.StringVar(&from.account, "service-account", "", "`email` of the service account of a Config in code; none for direct resource access")
	flags.StringVar(&from.hosts, "allow-hosts", "", "comma-separated `hosts`, such as 127.0.0.1:8085, that the file may name besides Google's and AWS's: for tokens, for the verification of the signed request, and for EC2 metadata")
	flags.StringVar(&from.subjectFile, "allow-subject-file", "", "`path` that the credential file may name for its subject token")
	flags.StringVar(&from.subjectHosts, "allow-subject-hosts", "", "comma-separated `hosts` that the credential file may name for its subject token")
	flags.StringVar(&from.demo, "demo", "", "run against the emulator with the fault of this `name`; \"none\" for no fault, \"list\" for their names")
	var options awsfed.DiagnoseOptions
	flags.StringVar(&options.IDTokenAudience, "id-token", "", "get an ID token for this `audience` too")
	flags.BoolVar(&options.Signing, "sign", false, "sign as the service account too")
	flags.StringVar(&options.DelegatedSubject, "delegate", "", "get a token of this Workspace `user` too, with the -scopes")
	scopes := flags.String("scopes", "", "comma-separated `scopes` of the token; default cloud-platform")
	asJSON := flags.Bool("json", false, "print JSON, by the schema of docs/doctor.md")
	timeout := flags.Duration("timeout", 30*time.Second, "of each step")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return passed, nil
	case err != nil:
		return couldNotRun, err
	}
	if from.demo == "list" {
		return passed, list(stdout)
	}
	if err := from.check(flags.Args()); err != nil {
		return couldNotRun, err
	}
	cfg, configError := from.configuration()
	options.ConfigError = configError
	if *scopes != "" {
		cfg.Scopes = strings.Split(*scopes, ",")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = *timeout
	}
	cfg.Logger = slog.New(slog.DiscardHandler) // the report says it all
	report, err := awsfed.Diagnose(ctx, cfg, &options)
	if err != nil {
		return couldNotRun, err
	}
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(report)
	} else {
		err = report.WriteText(stdout)
	}
	if err != nil {
		return couldNotRun, err
	}
	switch report.Worst() {
	case awsfed.VerdictFailed:
		return failed, nil
	case awsfed.VerdictWarned:
		return warned, nil
	}
	return passed, nil
}

// An origin is where the configuration comes from.
type origin struct{ file, audience, account, hosts, subjectFile, subjectHosts, demo string }

// check looks for flags that do not go together.
func (o origin) check(rest []string) error {
	var given []string
	for _, f := range []struct{ name, value string }{{"-credentials", o.file}, {"-audience", o.audience}, {"-demo", o.demo}} {
		if f.value != "" {
			given = append(given, f.name)
		}
	}
	_, known := awsfedtest.FaultByName(o.demo)
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no flag", rest[0])
	case len(given) > 1:
		return fmt.Errorf("%s: each has a configuration of its own, so give one of them", strings.Join(given, ", "))
	case o.account != "" && o.audience == "":
		return errors.New("-service-account goes with -audience; a credential file names its own")
	case o.demo != "" && o.demo != "none" && !known:
		return fmt.Errorf("there is no fault %q: -demo list names them", o.demo)
	case len(given) == 0 && os.Getenv("GOOGLE_APPLICATION_CREDENTIALS") == "" && os.Getenv("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE") == "":
		return errors.New("there is no configuration: give -credentials, -audience or -demo, or set GOOGLE_APPLICATION_CREDENTIALS")
	}
	return nil
}

// configuration reads it. An error is for the report.
func (o origin) configuration() (awsfed.Config, error) {
	names := strings.Split(o.hosts, ",")
	// An emulator is all of these at once.
	allow := &awsfed.FileOptions{TokenHosts: names, VerificationHosts: names, MetadataHosts: names,
		SubjectHosts: strings.Split(o.subjectHosts, ","), SubjectFiles: []string{o.subjectFile}}
	switch {
	case o.audience != "":
		return awsfed.Config{Audience: o.audience, ServiceAccount: o.account}, nil
	case o.file != "":
		return awsfed.ConfigFromFile(o.file, allow)
	case o.demo == "":
		return awsfed.ConfigFromEnv(allow)
	}
	cloud := awsfedtest.New(awsfedtest.Options{})
	if fault, ok := awsfedtest.FaultByName(o.demo); ok {
		fault.Inject(cloud)
	}
	cfg := cloud.Config()
	// What the emulator does not answer, it never answers; but the AWS SDK asks EC2 metadata for a
	// while.
	cfg.Timeout = 2 * time.Second
	if strings.HasPrefix(o.demo, "metadata-") {
		cfg.Timeout = 30 * time.Second
	}
	return cfg, nil
}

func list(w io.Writer) error {
	for _, fault := range awsfedtest.Faults() {
		if _, err := fmt.Fprintf(w, "%-28s %s\n", fault.Name, fault.Summary); err != nil {
			return err
		}
	}
	return nil
}
