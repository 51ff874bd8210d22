package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The programs of this module, by directory. The first has the same job as the second.
const (
	programOurs      = "awsfed"
	programOAuth2SDK = "oauth2sdk"
	programOAuth2    = "oauth2"
)

// A binary is a program as it is shipped: static, stripped, without paths.
type binary struct {
	bytes int64
	inits []initialization
}

// An initialization is what a package does before main.
type initialization struct {
	path        string
	clock       time.Duration
	allocations int
}

// initLine is a line of GODEBUG=inittrace=1, as package runtime documents it:
//
//	init net/http @1.2 ms, 0.11 ms clock, 7456 bytes, 91 allocs
const initLine = `(?m)^init (\S+) @\S+ ms, (\S+) ms clock, \d+ bytes, (\d+) allocs$`

// build builds a program of this module and runs it to trace its start. The process has to be in
// the directory of the module, which is where go test and go -C start one.
func build(ctx context.Context, program string) (binary, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return binary{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, program+".exe") // Windows wants the suffix and the others do not mind
	compiler := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", file, "./programs/"+program)
	compiler.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := compiler.CombinedOutput(); err != nil {
		return binary{}, fmt.Errorf("building %s: %w: %s", program, err, said)
	}
	info, err := os.Stat(file)
	if err != nil {
		return binary{}, err
	}
	inits, err := traceStart(ctx, file)
	return binary{info.Size(), inits}, err
}

// traceStart runs a program that has nothing to do.
func traceStart(ctx context.Context, file string) ([]initialization, error) {
	var trace bytes.Buffer
	program := exec.CommandContext(ctx, file)
	program.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	program.Stderr = &trace
	if err := program.Run(); err != nil {
		return nil, fmt.Errorf("running %s: %w", filepath.Base(file), err)
	}
	var inits []initialization
	for _, found := range regexp.MustCompile(initLine).FindAllStringSubmatch(trace.String(), -1) {
		milliseconds, err := strconv.ParseFloat(found[2], 64)
		if err != nil {
			return nil, err
		}
		allocations, err := strconv.Atoi(found[3])
		if err != nil {
			return nil, err
		}
		inits = append(inits, initialization{found[1], time.Duration(milliseconds * float64(time.Millisecond)), allocations})
	}
	if len(inits) == 0 {
		return nil, fmt.Errorf("%s traced no initialization: %q", filepath.Base(file), trace.String())
	}
	return inits, nil
}

// own are the initializations of a module's packages.
func (b binary) own(module string) []initialization {
	var own []initialization
	for _, i := range b.inits {
		if i.path == module || strings.HasPrefix(i.path, module+"/") {
			own = append(own, i)
		}
	}
	return own
}

// startUp is the size of programs, and what happens in them before main.
func startUp(effort) ([]row, error) {
	modules := map[string]string{programOurs: "github.com/awsfed/awsfed-go", programOAuth2SDK: "golang.org/x/oauth2", programOAuth2: "golang.org/x/oauth2"}
	binaries := make(map[string]binary)
	for program := range modules {
		var err error
		if binaries[program], err = build(context.Background(), program); err != nil {
			return nil, err
		}
	}
	against := func(peer string, of func(program string) float64) figures {
		return figures{ours: of(programOurs), xo: of(peer)}
	}
	packages := func(program string) float64 { return float64(len(binaries[program].own(modules[program]))) }
	allocations := func(program string) float64 {
		sum := 0
		for _, i := range binaries[program].own(modules[program]) {
			sum += i.allocations
		}
		return float64(sum)
	}
	megabytes := func(program string) float64 { return float64(binaries[program].bytes) / 1e6 }
	return []row{
		{"packages with work before main", against(programOAuth2SDK, packages)},
		{"allocations of theirs before main", against(programOAuth2SDK, allocations)},
		{"static binary, x/oauth2 with the AWS SDK, MB", against(programOAuth2SDK, megabytes)},
		{"static binary, x/oauth2 alone, MB", against(programOAuth2, megabytes)},
	}, nil
}
