// Package script runs the blocks of shell of a page.
package script

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/examples/guides/internal/page"
	"github.com/awsfed/awsfed-go/examples/guides/internal/stub"
)

// A Shell is what blocks of shell run in.
type Shell struct {
	Page   string   // its name
	Blocks []Block  // which run in one bash
	Shown  bool     // commands are judged, and none runs
	Prose  bool     // the block is a span of code in the prose; Shown too
	Stubs  string   // the program that is a stub by the name that it is called by
	Env    []string // besides that of the stubs; the first of a name counts
}

// A Block is one block of shell.
type Block struct {
	Line int // of its text in the page
	Text string
}

// prelude makes bash stop at the first failure, in functions and substitutions too, and tells the
// stubs the line.
const prelude = `set -euo pipefail
shopt -s inherit_errexit
set -ET
export ` + stub.EnvLine + `
trap '` + stub.EnvLine + `=$LINENO' DEBUG
trap 'printf "%s:%s: exit status %s\n" "$0" "$LINENO" "$?" >&2' ERR
`

// shownPrelude goes on whatever happens: no command but a stub is there.
const shownPrelude = `set -T
export ` + stub.EnvLine + `
trap '` + stub.EnvLine + `=$LINENO' DEBUG
command_not_found_handle() { :; }
`

// Run runs the blocks in bash, in a directory that has a copy of the credential file alone. It
// gives the calls of stubs that were taken, and every fault with its line.
func (s *Shell) Run(ctx context.Context) (calls []stub.Record, err error) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "guide")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	record := filepath.Join(home, "record")
	work := filepath.Join(home, "work")
	bin := filepath.Join(home, "bin")
	if err := errors.Join(os.Mkdir(work, 0o700), os.Mkdir(bin, 0o700), s.link(bin), s.copyFile(work)); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, endServers(record+".servers")) }()
	// Each line has the number that it has in the page.
	var text strings.Builder
	for _, block := range s.Blocks {
		text.WriteString(strings.Repeat("\n", max(0, block.Line-1-strings.Count(text.String(), "\n"))) + block.Text)
	}
	lead, name := prelude, filepath.Join(home, filepath.Base(s.Page))
	if s.Shown {
		lead = shownPrelude
	}
	if err := errors.Join(os.WriteFile(name, []byte(text.String()), 0o600), os.WriteFile(filepath.Join(home, "prelude"), []byte(lead), 0o600)); err != nil {
		return nil, err
	}
	env := append([]string{"PATH=" + bin, "HOME=" + home, "PWD=" + work, "LANG=C", "TMPDIR=" + home, stub.EnvRecord + "=" + record, "BASH_ENV=" + filepath.Join(home, "prelude")}, s.Env...)
	switch {
	case s.Prose:
		env = append(env, stub.EnvShown+"="+stub.ShownInProse)
	case s.Shown:
		env = append(env, stub.EnvShown+"=block")
	}
	place := strings.NewReplacer(name+": line ", s.Page+":", name, s.Page)
	parse := exec.CommandContext(ctx, bash, "-n", name)
	parse.Env = []string{"PATH=" + bin}
	if said, err := parse.CombinedOutput(); err != nil {
		return nil, errors.New(strings.TrimSpace(place.Replace(string(said))))
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, bash, name)
	command.Dir, command.Env, command.WaitDelay = work, env, 5*time.Second
	said, failed := command.CombinedOutput()
	calls, faults, err := s.records(record)
	if err != nil {
		return nil, err
	}
	if len(faults) == 0 && failed != nil && !s.Shown {
		faults = append(faults, fmt.Errorf("%s (%w)", strings.TrimSpace(place.Replace(string(said))), failed))
	}
	return calls, errors.Join(faults...)
}

// copyFile puts the credential file of the emulator where pages have it.
func (s *Shell) copyFile(work string) error {
	for _, variable := range s.Env {
		if name, ok := strings.CutPrefix(variable, stub.EnvFile+"="); ok {
			text, err := os.ReadFile(name)
			return errors.Join(err, os.WriteFile(filepath.Join(work, "credentials.json"), text, 0o600))
		}
	}
	return nil
}

// records reads what the stubs noted.
func (s *Shell) records(name string) (taken []stub.Record, faults []error, err error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r stub.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, nil, err
		}
		if r.Fault == "" {
			taken = append(taken, r)
			continue
		}
		faults = append(faults, fmt.Errorf("%s:%d: %s", s.Page, r.Line, r.Fault))
	}
	return taken, faults, lines.Err()
}

// link makes the only folder of the PATH: the stubs, and tools that do no harm.
func (s *Shell) link(bin string) error {
	var faults []error
	for _, name := range stub.Names() {
		faults = append(faults, os.Symlink(s.Stubs, filepath.Join(bin, name)))
	}
	if s.Shown {
		return errors.Join(faults...)
	}
	for name := range strings.FieldsSeq("awk base64 basename bash cat chmod cp cut date diff dirname env false grep head id jq ls mkdir mktemp mv printf rm sed sh sort tail tee touch tr true uniq wc xargs") {
		if real, err := exec.LookPath(name); err == nil {
			faults = append(faults, os.Symlink(real, filepath.Join(bin, name)))
		}
	}
	return errors.Join(faults...)
}

// endServers ends the programs that stubs left running.
func endServers(name string) error {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	faults := []error{err}
	for word := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(word)
		faults = append(faults, err)
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill() // it may have ended
		}
	}
	return errors.Join(faults...)
}

// Blocks parts the blocks of shell of a page: those that run, by the bash that they run in, and
// those that are shown, each by itself. Placeholders have their values.
func Blocks(p *page.Page) (shells []Shell, err error) {
	var faults []error
	running := -1
	for _, b := range p.Blocks {
		if b.Language != "sh" {
			continue
		}
		text, err := b.Directive.Fill(b.Text)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", p.Name, b.Line, err))
		}
		block := Block{b.Line, text}
		switch d := b.Directive; {
		case d.Verb == "check" && d.Kind == "shown":
			shells = append(shells, Shell{Page: p.Name, Blocks: []Block{block}, Shown: true})
		case d.Verb == "" || d.Verb == "check" && (d.Kind == "new-shell" || d.Kind == ""):
			if running < 0 || d.Kind == "new-shell" {
				shells = append(shells, Shell{Page: p.Name})
				running = len(shells) - 1
			}
			shells[running].Blocks = append(shells[running].Blocks, block)
		default:
			faults = append(faults, fmt.Errorf("%s:%d: a block of sh has no directive %s: %s", p.Name, b.Line, d.Verb, d.Kind))
		}
	}
	return shells, errors.Join(faults...)
}
