package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// An operation is what a contender does again and again.
type operation struct {
	contender string
	run       func(times int) error
}

// repeat is the run of an operation that once does one time.
func repeat(once func() error) func(times int) error {
	return func(times int) error {
		for range times {
			if err := once(); err != nil {
				return err
			}
		}
		return nil
	}
}

// compare gives the median time of each operation in nanoseconds, by a clock that starts anywhere.
// In every round each operation has its turn, so that what else the machine does strikes all.
func compare(e effort, clock func() time.Duration, operations []operation) (figures, error) {
	// With a heap of next to nothing the collector would run all the time, as it does in no service.
	heap := make([]byte, 64<<20)
	defer runtime.KeepAlive(heap)
	times := make([]int, len(operations))
	for i, op := range operations {
		var err error
		if times[i], err = calibrate(e.batch, clock, op); err != nil {
			return nil, fmt.Errorf("%s: %w", op.contender, err)
		}
	}
	all := make(map[string][]float64)
	for round := range e.rounds {
		for turn := range operations {
			i := (round + turn) % len(operations) // nobody is always first
			op := operations[i]
			runtime.GC() // nobody pays for the garbage of another
			start := clock()
			if err := op.run(times[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", op.contender, err)
			}
			all[op.contender] = append(all[op.contender], float64(clock()-start)/float64(times[i]))
		}
	}
	medians := make(figures)
	for contender, each := range all {
		medians[contender] = median(each)
	}
	return medians, nil
}

// calibrate finds how often an operation has to run for a batch.
func calibrate(batch time.Duration, clock func() time.Duration, op operation) (int, error) {
	for times := 1; ; times *= 2 {
		start := clock()
		if err := op.run(times); err != nil {
			return 0, err
		}
		if took := clock() - start; took >= batch/2 {
			return max(1, int(float64(times)*float64(batch)/float64(took))), nil
		}
	}
}

// wallTime is a clock of compare.
func wallTime() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
