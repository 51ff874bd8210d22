package child_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/child"
)

// programVariable makes the test binary one of the programs that the tests run.
const programVariable = "AWSFED_TEST_PROGRAM"

func TestMain(m *testing.M) {
	program := os.Getenv(programVariable)
	if program == "" {
		os.Exit(m.Run())
	}
	os.Exit(run(program, os.Args[1:]))
}

// run is a program that the tests run; it returns its exit code.
func run(program string, args []string) int {
	switch program {
	case "exit":
		code, err := strconv.Atoi(args[0])
		if err != nil {
			panic(err)
		}
		return code
	case "copy":
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			panic(err)
		}
		return 0
	case "wrap": // runs another of the programs, as "awsfed exec" does
		if err := os.Setenv(programVariable, args[0]); err != nil {
			panic(err)
		}
		code, err := child.Run(context.Background(), os.Args[0], args[1:], child.RunOptions{})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return code
	}
	return runSignalProgram(program, args)
}

// environmentFor is the environment in which the test binary is a program. The race detector would
// let each program sleep for a second at its end.
func environmentFor(program string) []string {
	return append(os.Environ(), programVariable+"="+program, "GORACE=atexit_sleep_ms=0")
}
