package conformance_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a cell of the table can say.
const (
	passed     = "passed"
	notOffered = "not offered"
	failed     = "failed"
)

// A cell is what became of a client in a column. The zero cell is that of a client that no run has
// met.
type cell struct {
	Mark   string
	Reason string // unless it passed
}

const matrixFile = "../../docs/conformance.md"

// A matrix is the table, by the names of the clients.
type matrix struct {
	mu       sync.Mutex
	cells    map[string]map[column]cell
	versions map[string]string
}

func newMatrix() *matrix {
	return &matrix{cells: make(map[string]map[column]cell), versions: make(map[string]string)}
}

func (m *matrix) set(client string, c column, found cell) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cells[client] == nil {
		m.cells[client] = make(map[column]cell)
	}
	m.cells[client][c] = found
}

func (m *matrix) setVersion(client, version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.versions[client] = version
}

func (m *matrix) cell(client string, c column) cell {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cells[client][c]
}

// keep takes over what another matrix has of a client, for this machine may lack it.
func (m *matrix) keep(other *matrix, client string) {
	for c, found := range other.cells[client] {
		m.set(client, c, found)
	}
	m.setVersion(client, other.versions[client])
}

// tableRow is a row of a Markdown table.
var tableRow = regexp.MustCompile(`(?m)^\| (.+) \|$`)

// readMatrix reads the committed table.
func readMatrix(t *testing.T) *matrix {
	t.Helper()
	m := newMatrix()
	text, err := os.ReadFile(matrixFile)
	if os.IsNotExist(err) && *update {
		return m
	}
	require.NoError(t, err)
	reasons := make(map[string]map[column]string)
	for _, found := range tableRow.FindAllStringSubmatch(string(text), -1) {
		fields := strings.Split(found[1], " | ")
		switch {
		case fields[0] == "client" || fields[0] == "---":
		case len(fields) == len(columns)+2:
			m.versions[fields[0]] = fields[1]
			for i, c := range columns {
				m.set(fields[0], c, cell{Mark: fields[i+2]})
			}
		case len(fields) == 3:
			for c := range strings.SplitSeq(fields[1], ", ") {
				if reasons[fields[0]] == nil {
					reasons[fields[0]] = make(map[column]string)
				}
				reasons[fields[0]][column(c)] = fields[2]
			}
		}
	}
	for client, cells := range m.cells {
		for c, found := range cells {
			found.Reason = reasons[client][c]
			cells[c] = found
		}
	}
	return m
}

// write writes the document.
func (m *matrix) write(t *testing.T) {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# Which clients the emulator was tried with

Each row is a real client, run against the emulator of awsfed/awsfedtest, and each cell what became
of it: passed, not offered by the client, or failed. It says nothing of the real clouds. The columns
are what a workload needs:

- service account: an access token of the service account, with AWS keys from the environment;
- direct access: the federated token itself;
- ID token, signing: an ID token of the service account, and a signature in its name;
- downscoping: a token that is good for one bucket alone;
- EC2 metadata, ECS, EKS: the AWS keys come from there; EKS is both Pod Identity and IAM roles for
  service accounts. For a client of AWS alone it is that AWS STS tells it who it is.

This file is written by the test that runs them, see examples/conformance:

    go -C examples/conformance test . -update

`)
	head := []string{"client", "version"}
	rule := []string{"---", "---"}
	for _, c := range columns {
		head, rule = append(head, string(c)), append(rule, "---")
	}
	line := func(fields ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(fields, " | ")) }
	line(head...)
	line(rule...)
	var reasons [][]string
	for _, client := range clients() {
		cells, ok := m.cells[client.name]
		if !ok || client.local {
			continue
		}
		fields := []string{client.name, m.versions[client.name]}
		for _, c := range columns {
			fields = append(fields, cells[c].Mark)
			if cells[c].Reason == "" {
				continue
			}
			i := slices.IndexFunc(reasons, func(r []string) bool { return r[0] == client.name && r[2] == cells[c].Reason })
			if i < 0 {
				reasons = append(reasons, []string{client.name, string(c), cells[c].Reason})
			} else {
				reasons[i][1] += ", " + string(c)
			}
		}
		line(fields...)
	}
	b.WriteString("\n## Why not\n\n")
	line("client", "column", "reason")
	line("---", "---", "---")
	for _, reason := range reasons {
		line(reason...)
	}
	require.NoError(t, os.WriteFile(matrixFile, []byte(b.String()), 0o644))
}
