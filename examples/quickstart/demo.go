package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// demoProject is the project of the emulator's default world.
const demoProject = "my-project"

// demo lists the buckets of a world that lives in this process.
func demo(ctx context.Context, out io.Writer) (err error) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, err := cloud.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	buckets, err := startBuckets(cloud.Protect)
	if err != nil {
		return err
	}
	defer buckets.Close()
	restore, err := enterEmulator(server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()

	for _, intruder := range []struct{ step, token string }{
		{"no token", ""},
		{"made-up token", "ya29.made-up"},
	} {
		start := time.Now()
		status, err := buckets.knock(ctx, intruder.token)
		if err != nil {
			return err
		}
		if status != http.StatusUnauthorized {
			return fmt.Errorf("the demo's storage is open: it answered %d to a request with %s", status, intruder.step)
		}
		printStep(out, intruder.step, time.Since(start), fmt.Sprintf("refused by storage: %d %s", status, http.StatusText(status)))
	}
	return listing{
		Config:  server.Config(),
		Project: demoProject,
		Storage: buckets.URL + "/storage/v1/",
		Source:  func(stage awsfed.Stage) string { return awsSource(stage, cloud.Requests()) },
	}.print(ctx, out)
}

// awsSource finds in what the emulator was asked where the AWS SDK got what a stage
// needed.
func awsSource(stage awsfed.Stage, requests []awsfedtest.Request) string {
	for _, r := range requests {
		role, isRole := strings.CutPrefix(r.Path, "/latest/meta-data/iam/security-credentials/")
		switch {
		case r.Endpoint != awsfedtest.EC2Metadata:
		case stage == awsfed.StageCredentials && isRole && role != "":
			return "EC2 metadata, role " + role
		case stage == awsfed.StageRegion && r.Path == "/latest/dynamic/instance-identity/document":
			return "EC2 metadata"
		}
	}
	return "not the emulator"
}

// enterEmulator sets this process's environment so that the AWS SDK's default chain,
// which nothing here bypasses, finds the emulated EC2 instance and nothing of the
// developer's own: no keys, no profile, no container endpoint, and no files of
// ~/.aws, whose place is taken by empty ones. The instance knows its region, so none
// is set. The storage client's own emulator variable goes too, since with it the
// client would send no token. restore puts everything back.
func enterEmulator(server *awsfedtest.Server) (restore func() error, err error) {
	variables, err := server.Env(awsfedtest.SourceEC2Metadata, os.TempDir())
	if err != nil {
		return nil, err
	}
	var undo []func() error
	restore = func() error {
		var errs []error
		for _, f := range slices.Backward(undo) { // a name that was set twice ends as it began
			errs = append(errs, f())
		}
		return errors.Join(errs...)
	}
	for _, variable := range append(variables, "AWS_REGION=", "AWS_DEFAULT_REGION=", "STORAGE_EMULATOR_HOST=") {
		name, value, _ := strings.Cut(variable, "=")
		undo = append(undo, remember(name))
		if err := os.Setenv(name, value); err != nil {
			return nil, errors.Join(err, restore())
		}
	}
	return restore, nil
}

// remember returns what puts a variable back as it is now.
func remember(name string) func() error {
	if old, ok := os.LookupEnv(name); ok {
		return func() error { return os.Setenv(name, old) }
	}
	return func() error { return os.Unsetenv(name) }
}
