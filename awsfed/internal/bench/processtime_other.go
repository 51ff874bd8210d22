//go:build !unix

package main

import "time"

// processTime is the time that passes, where nothing tells what the process computes.
func processTime() func() time.Duration { return wallTime() }
