// Package doctor is the command "awsfed doctor".
package doctor

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/signal"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

// The exit codes.
const (
	passed = iota
	warned
	failed
	couldNotRun
)

const help = `
Follows the token flow from AWS credentials to a Google token, step by step, and
says what is wrong and what to do about it. It gets tokens and prints none.

  awsfed doctor                                  # the file of GOOGLE_APPLICATION_CREDENTIALS
  awsfed doctor -credentials FILE
  awsfed doctor -audience PROVIDER -service-account EMAIL
  awsfed doctor -id-token https://service.example -sign   # ID tokens and signatures too

-timeout bounds each step here.

Exit codes:
  0  all is well; steps that were skipped do not count
  1  it works, and something is not as it should be
  2  it does not work; a configuration that cannot be read is part of that
  3  doctor could not run (its flags, no configuration at all), or was interrupted
`

// Command is awsfed doctor.
func Command() command.Command {
	return command.Command{
		Name:     "doctor",
		Summary:  "find out what is wrong, and what to do about it",
		Help:     help,
		Misuse:   couldNotRun,
		Register: register,
	}
}

type doctor struct {
	settings settings.Settings
	options  awsfed.DiagnoseOptions
	json     bool
}

func register(flags *flag.FlagSet) command.Runner {
	d := new(doctor)
	d.settings.Register(flags)
	flags.StringVar(&d.options.IDTokenAudience, "id-token", "", "get an ID token for this `audience` too")
	flags.BoolVar(&d.options.Signing, "sign", false, "sign as the service account too")
	flags.StringVar(&d.options.DelegatedSubject, "delegate", "", "get a token of this Workspace `user` too, with the -scopes")
	flags.BoolVar(&d.json, "json", false, "print JSON, by the schema of docs/doctor.md")
	return d.run
}

func (d *doctor) run(ctx context.Context, in *command.Invocation) (code int, err error) {
	if err := d.settings.Resolve(in.LookupEnv); err != nil {
		return couldNotRun, err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	cfg, err := d.settings.Config()
	d.options.ConfigError = err
	cfg.Logger = slog.New(slog.DiscardHandler) // the report says it all
	report, err := awsfed.Diagnose(ctx, cfg, &d.options)
	if err != nil {
		return couldNotRun, err
	}
	if err := d.print(in.Stdout, report); err != nil {
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

func (d *doctor) print(w io.Writer, report *awsfed.Report) error {
	if !d.json {
		return report.WriteText(w)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(report)
}
