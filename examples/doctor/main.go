// Doctor shows what awsfed.Diagnose finds: it follows the token flow from AWS credentials to a
// Google token, and says what is wrong and what to do about it.
//
//	go -C examples run ./doctor                       # the file of GOOGLE_APPLICATION_CREDENTIALS
//	go -C examples run ./doctor -demo missing-binding # the emulator, with a fault
//	go -C examples run ./doctor -demo list            # the faults that there are
//
// The program for everyday use, with JSON and exit codes, is "awsfed doctor": docs/doctor.md.
package main

import (
	"context"
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	demo := flag.String("demo", "", "run against the emulator with the fault of this `name`; \"none\" for no fault, \"list\" for their names")
	flag.Parse()
	worst, err := run(ctx, *demo, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "doctor:", err)
	}
	if err != nil || worst == awsfed.VerdictFailed {
		os.Exit(1)
	}
}

func run(ctx context.Context, demo string, w io.Writer) (worst awsfed.Verdict, err error) {
	var cfg awsfed.Config
	var options awsfed.DiagnoseOptions
	switch demo {
	case "list":
		return worst, list(w)
	case "":
		cfg, options.ConfigError = awsfed.ConfigFromEnv(nil)
	default:
		if cfg, err = emulated(demo); err != nil {
			return worst, err
		}
	}
	cfg.Logger = slog.New(slog.DiscardHandler) // the report says it all
	report, err := awsfed.Diagnose(ctx, cfg, &options)
	if err != nil {
		return worst, err
	}
	return report.Worst(), report.WriteText(w)
}

// emulated is the configuration of a workload in clouds of this process, which have that fault.
func emulated(demo string) (awsfed.Config, error) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	if fault, found := awsfedtest.FaultByName(demo); found {
		fault.Inject(cloud)
	} else if demo != "none" {
		return awsfed.Config{}, errors.New("there is no fault of that name: -demo list has all of them")
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
