package conformance_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const sayingsFile = "../../docs/differential.md"

// sayings are what clients say, by the name of the fault and that of the client.
type sayings map[string]map[string]string

func (s sayings) set(fault, client, text string) {
	if s[fault] == nil {
		s[fault] = make(map[string]string)
	}
	s[fault][client] = text
}

var sayingLine = regexp.MustCompile("(?m)^(?:## (.+)|- ([^:]+): `` (.*) ``)$")

func readSayings(t *testing.T) sayings {
	t.Helper()
	s := make(sayings)
	text, err := os.ReadFile(sayingsFile)
	if os.IsNotExist(err) && *update {
		return s
	}
	require.NoError(t, err)
	fault := ""
	for _, found := range sayingLine.FindAllStringSubmatch(string(text), -1) {
		if found[1] != "" {
			fault = found[1]
			continue
		}
		s.set(fault, found[2], found[3])
	}
	return s
}

func (s sayings) write(t *testing.T) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `# What clients say when something is wrong

For each fault of the emulator's catalogue, what Google's clients say of it when they are asked for
the token of a service account, next to the error of awsfed, which has a hint besides. Each line has
the class of the error and its text, without ports, times and IDs. "no answer" is that of a client
which still waits after %d seconds.

The texts within are partly the emulator's own, wherever they begin with "emulator:" or the fault is
marked as a guess: see awsfedtest.NamedFault. This file is written by the test that runs the clients
of docs/conformance.md:

    go -C examples/conformance test . -update
`, patience)
	for _, fault := range awsfedtest.Faults() {
		guess := ""
		if !fault.Verified {
			guess = " The answer is a guess."
		}
		fmt.Fprintf(&b, "\n## %s\n\nThe fault: %s.%s\n\n", fault.Name, fault.Summary, guess)
		for _, client := range []string{"awsfed", "golang.org/x/oauth2", "cloud.google.com/go/auth", "google-auth for Python", "google-auth-library for Node.js"} {
			fmt.Fprintf(&b, "- %s: `` %s ``\n", client, s[fault.Name][client])
		}
	}
	require.NoError(t, os.WriteFile(sayingsFile, []byte(b.String()), 0o644))
}
