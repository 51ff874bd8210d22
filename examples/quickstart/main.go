// The quickstart lists Cloud Storage buckets as a service on AWS does with package
// awsfed, and prints how long each step of the way to a token took.
//
//	go run ./quickstart                                         # a world of its own, in this process
//	go run ./quickstart -credentials FILE -project PROJECT_ID   # on AWS, with the real clouds
//
// Without arguments it needs no account and no network: AWS and Google Cloud are
// package awsfedtest, Cloud Storage is fake-gcs-server behind a check that lets in
// only tokens that this Google issued. Everything else is what a service uses: the
// credential chain of the AWS SDK, package awsfed, Google's storage client.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// patience bounds the whole run. The storage client itself repeats a failed
// listing until its ctx ends.
const patience = time.Minute

// run is main without the process around it. getenv is asked for the names of the
// credential file and of the project.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	s, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.credentials == "" {
		return demo(ctx, stdout)
	}
	cfg, err := awsfed.ConfigFromFile(s.credentials, nil)
	if err != nil {
		return err
	}
	return listing{Config: cfg, Project: s.project}.print(ctx, stdout)
}

// settings is the command line and what the environment adds to it.
type settings struct {
	credentials string // "": the demo
	project     string
}

func parse(args []string, getenv func(string) string, stderr io.Writer) (settings, error) {
	var s settings
	f := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.credentials, "credentials", "",
		"external_account `file` for the real clouds (default $GOOGLE_APPLICATION_CREDENTIALS; with neither, the demo runs)")
	f.StringVar(&s.project, "project", "", "`ID` of the project whose buckets to list (default $GOOGLE_CLOUD_PROJECT)")
	isDemo := f.Bool("demo", false, "run the demo whatever the environment says")
	if err := f.Parse(args); err != nil {
		return settings{}, err
	}
	switch {
	case f.NArg() > 0:
		return settings{}, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case *isDemo && (s.credentials != "" || s.project != ""):
		return settings{}, errors.New("-demo goes without -credentials and -project")
	case *isDemo:
		return settings{}, nil
	}
	s.credentials = cmp.Or(s.credentials, getenv("GOOGLE_APPLICATION_CREDENTIALS"))
	switch {
	case s.credentials == "" && s.project != "":
		return settings{}, errors.New("-project needs -credentials or GOOGLE_APPLICATION_CREDENTIALS: the demo has a project of its own")
	case s.credentials == "":
		return settings{}, nil
	}
	if s.project = cmp.Or(s.project, getenv("GOOGLE_CLOUD_PROJECT")); s.project == "" {
		return settings{}, fmt.Errorf("-project is missing: which project's buckets should be listed with %s?", s.credentials)
	}
	return s, nil
}
