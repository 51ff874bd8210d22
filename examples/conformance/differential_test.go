package conformance_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A client gets so many seconds where it is known to give no answer, and more where it is known to
// give one, however slow the machine is.
const (
	patience     = 15
	morePatience = 120
)

// A saying is what a client says of a fault. Without a class it got a token.
type saying struct {
	Class string `json:"class"`
	Text  string `json:"text"`
}

func (s saying) String() string {
	if s.Class == "" {
		return "a token"
	}
	if s.Class == "none" {
		return s.Text
	}
	return s.Class + ": " + strings.Join(strings.Fields(normalize(s.Text)), " ")
}

// A speaker is a client of the comparison.
type speaker struct {
	name    string
	missing func() (string, bool)
	command func(t *testing.T) (env []string, program string, args []string)
}

func speakers() []speaker {
	all := []speaker{{"google-auth for Python", lacking(sdkPython()), func(*testing.T) ([]string, string, []string) {
		return []string{"PYTHONPATH=" + sdkLibrary()}, sdkPython(), []string{"differential.py"}
	}}, {"google-auth-library for Node.js", lacking("node", "node10/node_modules/google-auth-library"), func(*testing.T) ([]string, string, []string) {
		return nil, "node", []string{"differential.mjs", "node10"}
	}}}
	for _, program := range []string{"golang.org/x/oauth2", "cloud.google.com/go/auth"} {
		all = append(all, speaker{program, func() (string, bool) { return "", true }, func(t *testing.T) ([]string, string, []string) {
			self, err := os.Executable()
			require.NoError(t, err)
			return []string{goSpeaker + "=" + program}, self, nil
		}})
	}
	return all
}

func TestClientsSayOfEachFaultWhatTheCommittedTableSays(t *testing.T) {
	t.Parallel()
	committed := readSayings(t)
	found := make(sayings)
	for _, fault := range awsfedtest.Faults() {
		found.set(fault.Name, "awsfed", sayAWSFed(t, fault).String())
	}
	var running []*speech
	for _, s := range speakers() {
		if what, inImage := s.missing(); what != "" {
			require.False(t, os.Getenv("CI") == "true" && inImage, "in CI the client must be installed: %s", what)
			t.Logf("%s is left as it is: %s", s.name, what)
			for fault := range committed {
				found.set(fault, s.name, committed[fault][s.name])
			}
			continue
		}
		running = append(running, startSpeaking(t, s, committed))
	}
	for _, r := range running {
		for fault, text := range r.sayings(t) {
			found.set(fault, r.name, text)
		}
	}
	if *update {
		found.write(t)
		return
	}
	assert.Equal(t, committed, found, "docs/differential.md has something else: if this is right, run the test with -update")
}

// A speech is a process of a speaker's, which meets every fault, each in a cloud of its own. Most of
// the time it waits, so that all the speakers can be under way at once.
type speech struct {
	name string
	done chan struct{}
	out  string
	err  error
}

func startSpeaking(t *testing.T, s speaker, committed sayings) *speech {
	t.Helper()
	w := newWorld(t) // for the proxy
	asked := make(map[string]askedOf)
	for _, fault := range awsfedtest.Faults() {
		cloud := awsfedtest.New(awsfedtest.Options{})
		server, err := cloud.Start()
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Close()) })
		fault.Inject(cloud)
		file, err := server.CredentialFile()
		require.NoError(t, err)
		a := askedOf{filepath.Join(w.Dir, fault.Name+".json"), morePatience}
		if before := committed[fault.Name][s.name]; before == noAnswer || before == "" {
			a.Seconds = patience
		}
		require.NoError(t, os.WriteFile(a.File, file, 0o600))
		asked[fault.Name] = a
	}
	list := filepath.Join(w.Dir, "files.json")
	text, err := json.Marshal(asked)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, text, 0o600))
	env, program, args := s.command(t)
	env = append(w.Env(t, awsfedtest.SourceEC2Metadata), env...)
	running := &speech{name: s.name, done: make(chan struct{})}
	go func() {
		defer close(running.done)
		running.out, running.err = run(t, env, program, append(args, list)...)
	}()
	return running
}

func (s *speech) sayings(t *testing.T) map[string]string {
	t.Helper()
	<-s.done
	require.NoError(t, s.err, s.name)
	var said map[string]saying
	require.NoError(t, json.Unmarshal([]byte(s.out), &said), s.out)
	texts := make(map[string]string)
	for fault, s := range said {
		texts[fault] = s.String()
	}
	return texts
}

// askedOf is what a speaker is asked of one fault.
type askedOf struct {
	File    string `json:"file"`
	Seconds int    `json:"seconds"`
}

const noAnswer = "no answer"

// sayAWSFed is in a bubble, where the attempts and pauses of 30 seconds take no time.
func sayAWSFed(t *testing.T, fault awsfedtest.NamedFault) (said saying) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		fault.Inject(cloud)
		cfg := cloud.Config()
		cfg.Logger = slog.New(slog.DiscardHandler)
		// The first attempt's, since how many more there are, and which is cut short, is up to chance.
		var first error
		cfg.OnRefresh = func(event awsfed.RefreshEvent) { first = cmp.Or(first, event.Err) }
		ts, err := awsfed.NewTokenSource(t.Context(), cfg)
		require.NoError(t, err)
		_, err = ts.TokenContext(t.Context())
		cloud.Wait()
		synctest.Wait()
		if err != nil {
			said = saying{fmt.Sprintf("%T", first), first.Error()}
		}
	})
	return said
}

// goSpeaker is the variable that makes the test's binary the program of a Go client.
const goSpeaker = "CONFORMANCE_GO_SPEAKER"

// goSpeak is what differential.mjs is for Node.js.
func goSpeak(program, list string) error {
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	var asked map[string]askedOf
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	said := make(map[string]saying)
	var mu sync.Mutex
	var all sync.WaitGroup
	for fault, a := range asked {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(a.Seconds)*time.Second)
			defer cancel()
			s := saying{"none", noAnswer}
			err := goToken(ctx, program, a.File)
			if err == nil {
				s = saying{}
			} else if ctx.Err() == nil {
				s = saying{fmt.Sprintf("%T", err), err.Error()}
			}
			mu.Lock()
			defer mu.Unlock()
			said[fault] = s
		})
	}
	all.Wait()
	return json.NewEncoder(os.Stdout).Encode(said)
}

func goToken(ctx context.Context, program, name string) error {
	file, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if program == "golang.org/x/oauth2" {
		ts, err := oauth2Source(ctx, file)
		if err == nil {
			_, err = ts.Token()
		}
		return err
	}
	found, err := authCredentials(file)
	if err == nil {
		_, err = found.Token(ctx)
	}
	return err
}
