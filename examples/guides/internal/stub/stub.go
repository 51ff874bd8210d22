// Package stub stands for the command-line tools in the blocks of a page: it takes what the real
// ones take, and refuses the rest.
package stub

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/awsfed/awsfed-go/examples/guides/internal/commandline"
)

// The environment of a stub.
const (
	EnvLists  = "GUIDES_LISTS"  // folder of the lists
	EnvRecord = "GUIDES_RECORD" // file that takes a line of JSON, a Record, for each call
	EnvLine   = "GUIDES_LINE"   // of the page, that bash is at
	EnvShown  = "GUIDES_SHOWN"  // set where no command runs; ShownInProse in a span of code
	EnvRoot   = "GUIDES_ROOT"   // of the repository
	EnvAwsfed = "GUIDES_AWSFED" // the program
	EnvGo     = "GUIDES_GO"     // the real go command; where its caches are, the environment says
	EnvHome   = "GUIDES_HOME"   // of the go command
	EnvCurl   = "GUIDES_CURL"   // the real one, for addresses of loopback; empty for none
	EnvFile   = "GUIDES_FILE"   // credential file of the emulator
)

// ShownInProse is the value of EnvShown where values are placeholders, and a group of commands
// stands for all that is in it.
const ShownInProse = "prose"

// A Record is one call of a stub.
type Record struct {
	Line  int      `json:"line"`
	Words []string `json:"words"`
	Fault string   `json:"fault,omitempty"` // why it was refused
}

// refused is the exit status of a call that the real tool would not take.
const refused = 64

// Names are the tools that a stub stands for.
func Names() []string {
	return []string{"aws", "awsfed", "curl", "docker", "gcloud", "git", "go", "helm", "ip", "iptables", "kubectl", "sleep", "sudo", "systemctl", "terraform"}
}

// Run is one call of a tool by its words, that of the tool first. It gives the exit status.
func Run(words []string) int {
	status, err := run(words)
	line, _ := strconv.Atoi(os.Getenv(EnvLine))
	record := Record{Line: line, Words: words}
	if err != nil {
		record.Fault = err.Error()
		fmt.Fprintf(os.Stderr, "refused: %s\n", err)
		status = refused
	}
	if err := note(record); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return refused
	}
	return status
}

func note(record Record) error {
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(os.Getenv(EnvRecord), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(text, '\n'))
	return errors.Join(err, file.Close())
}

func run(words []string) (int, error) {
	tool := words[0]
	switch tool {
	case "awsfed":
		return runAwsfed(words[1:])
	case "go":
		return runGo(words[1:])
	case "sleep":
		return 0, nil // what a page waits for is there at once
	case "sudo":
		return runSudo(words[1:])
	}
	list, err := commandline.Load(os.Getenv(EnvLists), tool)
	if err != nil {
		return 0, err
	}
	prose := os.Getenv(EnvShown) == ShownInProse
	if prose && list.HasGroup(words[1:]) {
		return 0, nil
	}
	call, err := list.Parse(words[1:])
	if err != nil || prose {
		return 0, err
	}
	if err := mean(tool, call); err != nil {
		return 0, fmt.Errorf("%s: %w", call.Command, err)
	}
	if os.Getenv(EnvShown) != "" {
		return 0, nil
	}
	if tool == "curl" {
		return runCurl(words[1:], call)
	}
	text, err := answer(tool, call)
	fmt.Print(text)
	return 0, err
}

// mean judges what the words of a call name.
func mean(tool string, call *commandline.Call) error {
	switch tool {
	case "gcloud":
		return meanGcloud(call)
	case "aws":
		return meanAWS(call)
	case "kubectl":
		return meanKubectl(call)
	}
	return nil
}

// runCurl is the real curl for addresses of loopback. Others answer with an empty object.
func runCurl(words []string, call *commandline.Call) (int, error) {
	local := len(call.Operands) > 0
	for _, address := range call.Operands {
		_, rest, ok := strings.Cut(address, "://")
		if !ok {
			rest = address
		}
		host, _, _ := strings.Cut(rest, "/")
		host, _, _ = strings.Cut(host, ":")
		local = local && (host == "127.0.0.1" || host == "localhost")
	}
	real := os.Getenv(EnvCurl)
	if !local || real == "" {
		fmt.Println("{}")
		return 0, nil
	}
	return execute(exec.Command(real, words...))
}

// execute runs a command in place of the stub.
func execute(command *exec.Cmd) (int, error) {
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := command.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}
