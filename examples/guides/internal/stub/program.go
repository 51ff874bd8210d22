package stub

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/examples/guides/internal/syntax"
)

// runSudo judges the command behind sudo, which is one of the stubs.
func runSudo(words []string) (int, error) {
	if len(words) > 1 && words[0] == "-u" {
		words = words[2:]
	}
	if len(words) == 0 || !slices.Contains(Names(), words[0]) {
		return 0, fmt.Errorf("sudo: there is no stub of %q", words)
	}
	return run(words)
}

// runAwsfed runs the program, against the emulator. A server goes on in the background, and the
// call ends when it has a token.
func runAwsfed(words []string) (int, error) {
	program := os.Getenv(EnvAwsfed)
	if len(words) == 0 {
		return 0, errors.New("awsfed needs a command")
	}
	flags, err := flagsOf(exec.Command(program, words[0], "-h"))
	if err != nil {
		return 0, fmt.Errorf("awsfed %s: %w", words[0], err)
	}
	if words[0] != "version" {
		if err := takeGoFlags("awsfed "+words[0], words[1:], flags); err != nil {
			return 0, err
		}
	}
	if os.Getenv(EnvShown) != "" {
		return 0, nil
	}
	command := exec.Command(program, emulated(words)...)
	if words[0] != "serve" {
		return execute(command)
	}
	log, err := os.Create(fmt.Sprintf("%s.%d.log", os.Getenv(EnvRecord), os.Getpid()))
	if err != nil {
		return 0, err
	}
	defer log.Close()
	command.Stderr = log // bash's own would stay open
	if err := command.Start(); err != nil {
		return 0, err
	}
	if err := noteServer(command.Process.Pid); err != nil {
		return 0, err
	}
	port := "8988"
	for i, word := range words[1:] {
		if value, ok := strings.CutPrefix(word, "-port="); ok {
			port = value
		} else if word == "-port" && i+2 < len(words) {
			port = words[i+2]
		}
	}
	for range 1200 { // a minute, for a slow machine
		if exec.Command(program, "health", "-port", port).Run() == nil {
			return 0, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return 0, errors.New("awsfed serve has no token after a minute")
}

// noteServer notes a process, which the test ends.
func noteServer(pid int) error {
	file, err := os.OpenFile(os.Getenv(EnvRecord)+".servers", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(file, pid)
	return errors.Join(err, file.Close())
}

// emulated has the credential file of the emulator where the words have a provider: -audience leads
// to the real clouds.
func emulated(words []string) (changed []string) {
	if words[0] == "setup" {
		return words
	}
	for i := 0; i < len(words); i++ {
		switch name, _, inline := strings.Cut(words[i], "="); name {
		case "--":
			return append(changed, words[i:]...)
		case "-service-account":
			if !inline {
				i++
			}
		case "-audience":
			changed = append(changed, "-credentials", os.Getenv(EnvFile))
			if !inline {
				i++
			}
		default:
			changed = append(changed, words[i])
		}
	}
	return changed
}

// runGo judges a call of the go command. A program of the repository is built, and its flags are
// held against its own usage; it does not run, but for awsfed.
func runGo(words []string) (int, error) {
	directory := os.Getenv(EnvRoot)
	if len(words) > 2 && words[0] == "-C" {
		directory, words = filepath.Join(directory, words[1]), words[2:]
	}
	if len(words) > 2 && words[1] == "-C" {
		directory, words = filepath.Join(directory, words[2]), append(words[:1:1], words[3:]...)
	}
	if len(words) == 1 && os.Getenv(EnvShown) == ShownInProse {
		return 0, nil // go run, and what it is given is elsewhere
	}
	if len(words) < 2 {
		return 0, fmt.Errorf("go %q: want a command and a package", words)
	}
	switch words[0] {
	case "get", "install":
		return 0, judgeModules(words[1:])
	case "build", "test", "vet", "run":
	default:
		return 0, fmt.Errorf("go %s: no page needs it", words[0])
	}
	arguments := words[1:]
	if len(arguments) > 2 && arguments[0] == "-o" && words[0] == "build" {
		arguments = arguments[2:]
	}
	for len(arguments) > 1 && strings.HasPrefix(arguments[0], "-") && words[0] == "test" {
		n := 1
		if slices.Contains([]string{"-run", "-bench", "-count"}, arguments[0]) {
			n = 2
		}
		arguments = arguments[min(n, len(arguments)):]
	}
	if len(arguments) == 0 {
		return 0, fmt.Errorf("go %s: want a package", words[0])
	}
	list := goCommand(directory, "list", arguments[0])
	if said, err := list.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go list %s: %s", arguments[0], said)
	}
	if words[0] != "run" {
		return 0, nil
	}
	if strings.TrimSuffix(arguments[0], "/") == "./cmd/awsfed" {
		return runAwsfed(arguments[1:])
	}
	if len(arguments) == 1 {
		return 0, nil
	}
	flags, err := flagsOf(goCommand(directory, "run", arguments[0], "-h"))
	if err != nil {
		return 0, err
	}
	return 0, takeGoFlags("go run "+arguments[0], arguments[1:], flags)
}

// goCommand is the real go command, with the caches of the test, and its home: there it leaves a
// process behind that writes.
func goCommand(directory string, words ...string) *exec.Cmd {
	command := exec.Command(os.Getenv(EnvGo), words...)
	command.Dir = directory
	command.Env = append(os.Environ(), "GOWORK=off", "HOME="+os.Getenv(EnvHome), "PATH="+filepath.Dir(os.Getenv(EnvGo))+string(os.PathListSeparator)+os.Getenv("PATH"))
	return command
}

// judgeModules holds module paths against those of the repository, or any with a version.
func judgeModules(paths []string) error {
	for _, path := range paths {
		rest, ok := strings.CutPrefix(path, "github.com/awsfed/awsfed-go")
		rest, _, _ = strings.Cut(rest, "@")
		if ok {
			if _, err := os.Stat(filepath.Join(os.Getenv(EnvRoot), rest)); err != nil {
				return fmt.Errorf("%s is no package: %w", path, err)
			}
		} else if !strings.Contains(path, ".") {
			return fmt.Errorf("%s is no module", path)
		}
	}
	return nil
}

// flagsOf reads what a program of package flag says of its flags: whether each takes a value.
func flagsOf(usage *exec.Cmd) (map[string]bool, error) {
	said, _ := usage.CombinedOutput() // the status of -h is 0 or 2
	flags := map[string]bool{"h": false}
	for _, match := range regexp.MustCompile(`(?m)^  -([a-z][a-z0-9-]*)( \S+)?`).FindAllStringSubmatch(string(said), -1) {
		flags[match[1]] = match[2] != ""
	}
	if len(flags) == 1 && !strings.Contains(strings.ToLower(string(said)), "usage") {
		return nil, fmt.Errorf("it has no usage: %s", said)
	}
	return flags, nil
}

func takeGoFlags(program string, words []string, flags map[string]bool) error {
	values := make(map[string]string)
	for len(words) > 0 && strings.HasPrefix(words[0], "-") && words[0] != "--" {
		name, value, inline := strings.Cut(strings.TrimLeft(words[0], "-"), "=")
		takes, ok := flags[name]
		if !ok {
			return fmt.Errorf("%s has no flag -%s", program, name)
		}
		words = words[1:]
		if takes && !inline {
			if len(words) == 0 {
				return fmt.Errorf("%s wants a value behind -%s", program, name)
			}
			value, words = words[0], words[1:]
		}
		values[name] = value
	}
	if len(words) > 0 && words[0] != "--" {
		return fmt.Errorf("%s takes no %q", program, words[0])
	}
	if os.Getenv(EnvShown) != "" {
		return nil // a value may be cut short
	}
	var faults []error
	if v := values["audience"]; v != "" {
		faults = append(faults, syntax.Audience(v))
	}
	if v := values["service-account"]; v != "" {
		faults = append(faults, syntax.Account(v))
	}
	return errors.Join(faults...)
}
