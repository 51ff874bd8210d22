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

// A sharing is what many service accounts cost that share one federated token.
type sharing struct {
	bytes      float64 // an account, beyond the text of its token
	goroutines int     // of all of them
	exchanges  int
}

// share fills many service accounts, one after the other.
func share(number int) (sharing, error) {
	server := new(google)
	goroutines := runtime.NumGoroutine()
	before := heap()
	accounts, err := openAccounts(server, number)
	if err != nil {
		return sharing{}, err
	}
	for _, account := range accounts {
		if _, err := account.Token(); err != nil {
			return sharing{}, err
		}
	}
	s := sharing{
		bytes:      (heap()-before)/float64(number) - float64(len(accountToken)),
		goroutines: runtime.NumGoroutine() - goroutines,
		exchanges:  int(server.exchanges.Load()),
	}
	runtime.KeepAlive(accounts)
	return s, nil
}

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
		{fmt.Sprintf("one of %d accounts with one federated token, bytes", e.accounts), only(s.bytes)},
		{fmt.Sprintf("%d accounts, goroutines", e.accounts), only(float64(s.goroutines))},
		{fmt.Sprintf("%d accounts, token exchanges", e.accounts), only(float64(s.exchanges))},
		{fmt.Sprintf("filling %d accounts at once, requests in flight", atOnce), only(float64(b.mostInFlight))},
	}, nil
}
