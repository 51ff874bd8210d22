// Doctor follows the token flow from AWS credentials to a Google token, and says what is wrong and
// what to do about it.
//
//	go -C examples run ./doctor -credentials FILE     # the real clouds; or GOOGLE_APPLICATION_CREDENTIALS
//	go -C examples run ./doctor -demo missing-binding # the emulator, with a fault
//	go -C examples run ./doctor -demo list            # the faults that there are
//
// It exits with 0 if all is well, 1 after a warning, 2 after a failure, and 3 if it could not run.
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

const couldNotRun = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "doctor:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int, err error) {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("credentials", "", "external_account `file`; default GOOGLE_APPLICATION_CREDENTIALS")
	hosts := flags.String("allow-hosts", "", "comma-separated `hosts`, such as 127.0.0.1:8085, that the file may name besides Google's and AWS's: for tokens, for the verification of the signed request, and for EC2 metadata")
	asJSON := flags.Bool("json", false, "print JSON")
	demo := flags.String("demo", "", "run against the emulator with the fault of this `name`; \"none\" for no fault, \"list\" for their names")
	timeout := flags.Duration("timeout", 30*time.Second, "of each step")
	if err := flags.Parse(args); err != nil {
		return couldNotRun, err
	}
	if *demo == "list" {
		return 0, list(stdout)
	}
	cfg, err := configuration(*file, *demo, *hosts)
	if err != nil {
		return couldNotRun, err
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = *timeout
	}
	cfg.Logger = slog.New(slog.DiscardHandler) // the report says it all
	report, err := awsfed.Diagnose(ctx, cfg, nil)
	if err != nil {
		return couldNotRun, err
	}
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = report.WriteText(stdout)
	}
	if err != nil {
		return couldNotRun, err
	}
	switch report.Worst() {
	case awsfed.VerdictFailed:
		return 2, nil
	case awsfed.VerdictWarned:
		return 1, nil
	}
	return 0, nil
}

func configuration(file, demo, hosts string) (awsfed.Config, error) {
	names := strings.Split(hosts, ",")
	// An emulator is all of these at once.
	allow := &awsfed.FileOptions{TokenHosts: names, VerificationHosts: names, MetadataHosts: names}
	switch {
	case demo == "" && file == "":
		return awsfed.ConfigFromEnv(allow)
	case demo == "":
		return awsfed.ConfigFromFile(file, allow)
	case file != "":
		return awsfed.Config{}, errors.New("-demo has a configuration of its own: leave -credentials out")
	}
	cloud := awsfedtest.New(awsfedtest.Options{})
	if demo != "none" {
		fault, ok := awsfedtest.FaultByName(demo)
		if !ok {
			return awsfed.Config{}, fmt.Errorf("there is no fault %q: -demo list names them", demo)
		}
		fault.Inject(cloud)
	}
	cfg := cloud.Config()
	// What the emulator does not answer, it never answers; but the AWS SDK asks EC2 metadata for a
	// while.
	cfg.Timeout = 2 * time.Second
	if strings.HasPrefix(demo, "metadata-") {
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
