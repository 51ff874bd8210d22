package main

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// A floorSource hands out a token as cheaply as can be: it reads both clocks, since either may
// stand still, and copies the token, since the caller may write into it. It has no lock and no next
// token.
type floorSource struct {
	token oauth2.Token
	start time.Time // with its monotonic reading
	life  time.Duration
	end   int64 // in Unix nanoseconds, by the wall clock
}

func newFloorSource() *floorSource {
	now := time.Now()
	end := now.Add(time.Hour)
	return &floorSource{
		token: oauth2.Token{AccessToken: accountToken, TokenType: "Bearer", Expiry: end},
		start: now, life: time.Hour, end: end.UnixNano(),
	}
}

// Token implements [oauth2.TokenSource].
func (s *floorSource) Token() (*oauth2.Token, error) {
	now := time.Now()
	if now.UnixNano() >= s.end || now.Sub(s.start) >= s.life {
		return nil, errors.New("the token of the floor has ended")
	}
	token := s.token
	return &token, nil
}

// ready gives a source of each contender with its first token.
func ready() (map[string]oauth2.TokenSource, error) {
	sources := make(map[string]oauth2.TokenSource)
	for _, c := range contenders() {
		source, err := c.prepare(workload(new(google)))()
		if err != nil {
			return nil, err
		}
		if _, err := source.Token(); err != nil {
			return nil, err
		}
		sources[c.name] = source
	}
	return sources, nil
}

// cachedTokens is a call while the token is valid: by one goroutine, and by many of one source.
func cachedTokens(e effort) ([]row, error) {
	const goroutines = 64
	sources, err := ready()
	if err != nil {
		return nil, err
	}
	sources[floor] = newFloorSource()
	var alone, together []operation
	for name, source := range sources {
		one := func(times int) error {
			for range times {
				if _, err := source.Token(); err != nil {
					return err
				}
			}
			return nil
		}
		alone = append(alone, operation{name, one})
		together = append(together, operation{name, func(times int) error {
			var (
				callers sync.WaitGroup
				errs    [goroutines]error
			)
			for i := range goroutines {
				callers.Go(func() { errs[i] = one((times + goroutines - 1) / goroutines) })
			}
			callers.Wait()
			return errors.Join(errs[:]...)
		}})
	}
	one, err := compare(e, wallTime(), alone)
	if err != nil {
		return nil, err
	}
	many, err := compare(e, wallTime(), together)
	if err != nil {
		return nil, err
	}
	return []row{{"cached token, one goroutine, ns", one}, {"cached token, 64 goroutines, ns", many}}, nil
}
