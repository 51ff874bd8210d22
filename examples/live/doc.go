// Package live asks the real Google Cloud and AWS what the emulator can only assume. Its tests are
// of two kinds: the main flow on each kind of AWS credentials at hand, and a probe for each question
// that public sources leave open, whose answer is appended to answers.md.
//
//	go -C examples/live test .               # against the emulator, in either position of its switches
//	go -C examples/live test -tags live .    # against the clouds; see README.md first
//
// No live run has been made: what is known to work is that the same code, through the interface
// target, runs against the emulator.
package live
