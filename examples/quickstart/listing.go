package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A listing of buckets is the job that the token is for. It is the same in the demo
// and on AWS.
type listing struct {
	Config  awsfed.Config
	Project string
	// Storage is the storage service, "" for Google's.
	Storage string
	// Source says where what a stage needed of AWS came from, once it is there. Nil
	// if nobody knows: the AWS SDK's chain does not tell.
	Source func(awsfed.Stage) string
}

// print gets a token, lists the buckets, and prints every step with its duration.
func (l listing) print(ctx context.Context, out io.Writer) error {
	steps := recorder{last: awsfed.FederatedToken, told: make(chan struct{})}
	cfg := l.Config
	if cfg.ServiceAccount != "" {
		steps.last = awsfed.ServiceAccountToken
	}
	cfg.OnRefresh = steps.record
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	if err != nil {
		return err
	}
	// The storage client would do this with its first request; done here, the
	// duration of that request is its own.
	token, err := ts.TokenContext(ctx)
	for _, step := range steps.taken(ctx) {
		printStep(out, string(step.Stage), step.Duration, l.explain(step))
	}
	if err != nil {
		return err
	}

	options := []option.ClientOption{option.WithTokenSource(ts)}
	if l.Storage != "" {
		options = append(options, option.WithEndpoint(l.Storage))
	}
	client, err := storage.NewClient(ctx, options...)
	if err != nil {
		return err
	}
	defer client.Close()
	start := time.Now()
	names, err := bucketNames(ctx, client, l.Project)
	if err != nil {
		return fmt.Errorf("listing the buckets of %s: %w", l.Project, err)
	}
	printStep(out, "storage", time.Since(start), fmt.Sprintf("%d buckets of %s", len(names), l.Project))
	fmt.Fprintf(out, "\nThe token is good for another %s; awsfed replaces it long before.\n\n", time.Until(token.Expiry).Round(time.Second))
	for _, name := range names {
		fmt.Fprintln(out, "gs://"+name)
	}
	return nil
}

// explain says in a few words what a step was.
func (l listing) explain(step awsfed.Step) string {
	if step.Err != nil {
		return "failed"
	}
	switch step.Stage {
	case awsfed.StageCredentials, awsfed.StageRegion:
		if l.Source != nil {
			return l.Source(step.Stage)
		}
		return "from the AWS SDK's chain"
	case awsfed.StageSubjectToken:
		return "GetCallerIdentity, signed and not sent"
	case awsfed.StageExchange:
		if u, err := url.Parse(l.Config.TokenURL); err == nil && u.Host != "" {
			return "federated token, from Google STS at " + u.Host
		}
		return "federated token, from Google STS"
	case awsfed.StageImpersonation:
		return l.Config.ServiceAccount
	}
	return ""
}

func bucketNames(ctx context.Context, client *storage.Client, project string) ([]string, error) {
	var names []string
	buckets := client.Buckets(ctx, project)
	for {
		bucket, err := buckets.Next()
		if errors.Is(err, iterator.Done) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		names = append(names, bucket.Name)
	}
}

// printStep prints one line of the report.
func printStep(out io.Writer, step string, d time.Duration, detail string) {
	fmt.Fprintf(out, "%-18s %8.2f ms   %s\n", step, float64(d)/float64(time.Millisecond), detail)
}

// A recorder keeps the steps of all attempts. A source tells of them in its own time, off
// the way of those who wait for the token.
type recorder struct {
	last awsfed.TokenKind // whose event comes last
	once sync.Once
	told chan struct{} // closed by that event

	mu    sync.Mutex
	steps []awsfed.Step
}

func (r *recorder) record(event awsfed.RefreshEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, event.Steps...)
	if event.Kind == r.last {
		r.once.Do(func() { close(r.told) })
	}
}

// taken are the steps, after the last event or the end of ctx.
func (r *recorder) taken(ctx context.Context) []awsfed.Step {
	select {
	case <-r.told:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.steps
}
