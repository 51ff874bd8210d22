package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
)

// openAccounts makes a source for each of many service accounts. All share one federated token and
// one HTTP client, which Google's libraries have no way to do.
func openAccounts(transport http.RoundTripper, number int) ([]*awsfed.TokenSource, error) {
	cfg := workload(transport)
	builder, err := awsfed.NewSubjectTokenBuilder(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	exchanger, err := awsfed.NewExchanger(cfg, builder)
	if err != nil {
		return nil, err
	}
	federated, err := awsfed.NewCachedTokenSource(exchanger, nil)
	if err != nil {
		return nil, err
	}
	accounts := make([]*awsfed.TokenSource, number)
	for i := range accounts {
		cfg.ServiceAccount = fmt.Sprintf("tenant-%06d@my-project.iam.gserviceaccount.com", i)
		impersonator, err := awsfed.NewImpersonator(cfg, federated)
		if err != nil {
			return nil, err
		}
		if accounts[i], err = awsfed.NewCachedTokenSource(impersonator, nil); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// A sharing is many service accounts that share one federated token, each with its own token.
type sharing struct {
	server     *google
	accounts   []*awsfed.TokenSource
	bytes      float64 // of the heap, before
	goroutines int     // before
}

// share fills many service accounts, one after the other.
func share(number int) (*sharing, error) {
	s := &sharing{server: new(google), goroutines: runtime.NumGoroutine()}
	s.bytes, _ = heap()
	var err error
	if s.accounts, err = openAccounts(s.server, number); err != nil {
		return nil, err
	}
	for _, account := range s.accounts {
		if _, err := account.Token(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// each is the number of bytes that an account takes beyond the text of its token.
func (s *sharing) each() float64 {
	bytes, _ := heap()
	number := float64(len(s.accounts))
	runtime.KeepAlive(s.accounts)
	return (bytes-s.bytes)/number - float64(len(accountToken))
}

// added is the number of goroutines that run for the accounts.
func (s *sharing) added() int { return runtime.NumGoroutine() - s.goroutines }

// exchanges are those that all the accounts took.
func (s *sharing) exchanges() int { return int(s.server.exchanges.Load()) }

// slow is a google whose answers take their time, and which counts the requests in flight.
type slow struct {
	google
	answerTime time.Duration
	inFlight   atomic.Int64
	most       atomic.Int64
}

// RoundTrip implements [http.RoundTripper].
func (s *slow) RoundTrip(req *http.Request) (*http.Response, error) {
	now := s.inFlight.Add(1)
	defer s.inFlight.Add(-1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	time.Sleep(s.answerTime)
	return s.google.RoundTrip(req)
}

// A burst is many service accounts that are asked for their first tokens at once.
type burst struct {
	exchanges, mostInFlight int
}

func fillAtOnce(number int, answerTime time.Duration) (burst, error) {
	server := &slow{answerTime: answerTime}
	accounts, err := openAccounts(server, number)
	if err != nil {
		return burst{}, err
	}
	var callers sync.WaitGroup
	errs := make([]error, number)
	for i, account := range accounts {
		callers.Go(func() { _, errs[i] = account.Token() })
	}
	callers.Wait()
	return burst{int(server.exchanges.Load()), int(server.most.Load())}, errors.Join(errs...)
}

// manyAccounts is awsfed alone.
func manyAccounts(e effort) ([]row, error) {
	const atOnce = 1000
	s, err := share(e.accounts)
	if err != nil {
		return nil, err
	}
	b, err := fillAtOnce(atOnce, 5*time.Millisecond)
	if err != nil {
		return nil, err
	}
	only := func(value float64) figures { return figures{ours: value} }
	return []row{
		{fmt.Sprintf("one of %d accounts with one federated token, bytes", e.accounts), only(s.each())},
		{fmt.Sprintf("%d accounts, goroutines", e.accounts), only(float64(s.added()))},
		{fmt.Sprintf("%d accounts, token exchanges", e.accounts), only(float64(s.exchanges()))},
		{fmt.Sprintf("filling %d accounts at once, requests in flight", atOnce), only(float64(b.mostInFlight))},
	}, nil
}
