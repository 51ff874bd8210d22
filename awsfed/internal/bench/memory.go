package main

import (
	"math"
	"runtime"
)

// allocated gives the bytes and the allocations of one operation, on average. Parts of an
// allocation are those of the runtime, and left out.
func allocated(times int, op operation) (bytes, allocations float64, err error) {
	if err := op.run(1); err != nil { // what is made once is no part of it
		return 0, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = op.run(times)
	runtime.ReadMemStats(&after)
	n := float64(times)
	return float64(after.TotalAlloc-before.TotalAlloc) / n, math.Floor(float64(after.Mallocs-before.Mallocs) / n), err
}

// heap is what is in use of it, in bytes and in objects, which are what a collection takes its time
// for.
func heap() (bytes, objects float64) {
	runtime.GC()
	runtime.GC() // what a sync.Pool holds survives the first
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc), float64(stats.HeapObjects)
}
