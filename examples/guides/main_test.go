package guides_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/awsfed/awsfed-go/examples/guides/internal/stub"
)

// TestMain makes the program of the tests a stub where it is called by the name of a tool.
func TestMain(m *testing.M) {
	tool := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if os.Getenv(stub.EnvRecord) != "" && slices.Contains(stub.Names(), tool) {
		os.Exit(stub.Run(append([]string{tool}, os.Args[1:]...)))
	}
	os.Exit(m.Run())
}
