// Command bench measures awsfed next to Google's two Go libraries and prints one table, which is
// valid Markdown too:
//
//	go -C awsfed/internal/bench run .
//	go -C awsfed/internal/bench run . -short -measure cached
//
// The column x/oauth2 is golang.org/x/oauth2/google/externalaccount, and auth is
// cloud.google.com/go/auth/credentials/externalaccount as an oauth2.TokenSource. Both get the AWS
// credentials of the AWS SDK from a supplier, as awsfed does. The floor, where a measure has one,
// is what the work costs without a library. Times are medians over several rounds, in each of which
// every contender has its turn. The tests of this module assert counts and never times.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// A measure is a part of the table.
type measure struct {
	name string
	run  func(effort) ([]row, error)
}

func measures() []measure {
	return []measure{
		{"cached", cachedTokens},
		{"roundtrips", roundTrips},
		{"first", firstTokens},
		{"subject", subjectTokens},
		{"header", headers},
		{"sources", manySources},
		{"accounts", manyAccounts},
		{"startup", startUp},
	}
}

// An effort says how much is done for each figure.
type effort struct {
	rounds   int           // of each comparison
	batch    time.Duration // of one contender in one round
	sources  int           // in memory at once, more than 1,000
	accounts int           // that share one federated token
}

func main() {
	short := flag.Bool("short", false, "few rounds and few sources: a look, and not a figure to publish")
	name := flag.String("measure", "", "the one measure to run: "+strings.Join(names(), ", "))
	flag.Parse()
	e := effort{rounds: 15, batch: 20 * time.Millisecond, sources: 50_000, accounts: 100_000}
	if *short {
		e = effort{rounds: 3, batch: 5 * time.Millisecond, sources: 10_000, accounts: 10_000}
	}
	if err := run(os.Stdout, *name, e); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run prints the table of one measure, or of all for "".
func run(w io.Writer, name string, e effort) error {
	var rows []row
	known := false
	for _, m := range measures() {
		if name != "" && name != m.name {
			continue
		}
		known = true
		more, err := m.run(e)
		if err != nil {
			return fmt.Errorf("the measure %s: %w", m.name, err)
		}
		rows = append(rows, more...)
	}
	if !known {
		return fmt.Errorf("no measure %q; there are %s", name, strings.Join(names(), ", "))
	}
	_, err := fmt.Fprintf(w, "%s\n\n%s", machine(), table(rows))
	return err
}

func names() []string {
	var names []string
	for _, m := range measures() {
		names = append(names, m.name)
	}
	return names
}

// machine says what the figures depend on.
func machine() string {
	versions := make(map[string]string)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			versions[dep.Path] = dep.Version
		}
	}
	version := func(path string) string { return path + " " + cmp.Or(versions[path], "of an unknown version") }
	return fmt.Sprintf("%d cores, %s %s/%s; %s is %s, %s is %s", runtime.GOMAXPROCS(0), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, xo, version("golang.org/x/oauth2"), ca, version("cloud.google.com/go/auth"))
}
