package conformance_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const metadataFile = "../../docs/metadata-clients.md"

// A metadataRow is what the document has of a client.
type metadataRow struct {
	version string
	cells   map[column]cell
	asked   string // the keys, as the document has them
}

// Each client runs by awsfed exec, as its users have it, and once more with a metadata server in
// the test's process, which notes what it asks for.
func TestClientsOfAMetadataServerGetCredentialsThroughExec(t *testing.T) {
	t.Parallel()
	committed := readMetadataTable(t)
	var mu sync.Mutex
	found := make(map[string]metadataRow)
	t.Run("clients", func(t *testing.T) { // waits for those that are parallel
		for _, c := range metadataClients() {
			if row, ok := committed[c.name]; ok {
				found[c.name] = row // for this machine may lack it
			}
			t.Run(c.name, func(t *testing.T) {
				if what, inImage := c.missing(); what != "" {
					require.False(t, os.Getenv("CI") == "true" && inImage, "in CI the client must be installed: %s", what)
					t.Skip(what)
				}
				t.Parallel()
				row := c.row(t)
				mu.Lock()
				found[c.name] = row
				mu.Unlock()
				if *update {
					return
				}
				const hint = "docs/metadata-clients.md has something else: if this is right, run the test with -update"
				want := committed[c.name]
				assert.Equal(t, want.cells, row.cells, hint)
				if want.version == row.version { // other versions may ask for other keys
					assert.Equal(t, want.asked, row.asked, hint)
				}
			})
		}
	})
	for name := range committed {
		assert.True(t, slices.ContainsFunc(metadataClients(), func(c metadataClient) bool { return c.name == name }), "no client makes the row %s", name)
	}
	if *update && !t.Failed() {
		writeMetadataTable(t, found)
	}
}

// row runs a client both ways.
func (c metadataClient) row(t *testing.T) metadataRow {
	t.Helper()
	row := metadataRow{version: c.version(t), cells: make(map[column]cell)}
	w := newExecWorld(t)
	env := w.Env(t, awsfedtest.SourceEnvironment)
	got, err := c.try(t, w, w.exec(t, env, "-zone", zone))
	for _, column := range metadataColumns() {
		row.cells[column] = c.judge(t, w, column, got, err)
		assert.NotEqual(t, failed, row.cells[column].Mark, column)
	}
	c.check(t, w, got)

	w = newExecWorld(t) // with no token that a client may have kept
	server := recordMetadata(t, w)
	got, err = c.try(t, w, server.runner(t, w, w.Env(t, awsfedtest.SourceEnvironment)))
	require.NoError(t, err)
	c.check(t, w, got)
	assert.Empty(t, server.Broken(), "answers of 5xx")
	row.asked = "`" + strings.Join(server.Asked(), "`, `") + "`"
	t.Log(c.name, "asks for", row.asked)
	return row
}

func readMetadataTable(t *testing.T) map[string]metadataRow {
	t.Helper()
	text, err := os.ReadFile(metadataFile)
	if os.IsNotExist(err) && *update {
		return nil
	}
	require.NoError(t, err)
	rows := make(map[string]metadataRow)
	for _, found := range tableRow.FindAllStringSubmatch(string(text), -1) {
		fields := strings.Split(found[1], " | ")
		switch {
		case fields[0] == "client" || fields[0] == "---":
		case len(fields) == 5:
			cells := make(map[column]cell)
			for i, c := range metadataColumns() {
				cells[c] = cell{Mark: fields[i+2]}
			}
			rows[fields[0]] = metadataRow{version: fields[1], cells: cells}
		case len(fields) == 3:
			for c := range strings.SplitSeq(fields[1], ", ") {
				cells := rows[fields[0]].cells
				cells[column(c)] = cell{cells[column(c)].Mark, fields[2]}
			}
		case len(fields) == 2:
			row := rows[fields[0]]
			row.asked = fields[1]
			rows[fields[0]] = row
		}
	}
	return rows
}

func writeMetadataTable(t *testing.T, rows map[string]metadataRow) {
	t.Helper()
	var b, reasons, asked strings.Builder
	line := func(b *strings.Builder, fields ...string) { fmt.Fprintf(b, "| %s |\n", strings.Join(fields, " | ")) }
	b.WriteString(`# Which clients were tried with the metadata server of awsfed

Each row is a real client, unmodified, that runs by ` + "`awsfed exec`" + ` with the emulator of
awsfed/awsfedtest as both clouds. It says nothing of the real clouds. Outside of ` + "`awsfed exec`" + `
GOOGLE_APPLICATION_CREDENTIALS names a credential file and NO_GCE_CHECK forbids the metadata server,
and no variable names the project. The columns are what became of it:

- access token: the client gave it out, and it is that of the service account;
- ID token: of the service account, with the audience that was asked for;
- listing: the buckets of fake-gcs-server or, by bq, data sets, behind what takes tokens of the
  service account alone.

This file is written by the test that runs them, see examples/conformance:

    go -C examples/conformance test . -run ClientsOfAMetadataServer -update

`)
	line(&b, "client", "version", string(accessToken), string(idToken), string(listing))
	line(&b, "---", "---", "---", "---", "---")
	for _, c := range metadataClients() {
		row, ok := rows[c.name]
		if !ok {
			continue
		}
		fields := []string{c.name, row.version}
		byReason := make(map[string][]string)
		for _, column := range metadataColumns() {
			cell := row.cells[column]
			fields = append(fields, cell.Mark)
			if cell.Reason != "" {
				byReason[cell.Reason] = append(byReason[cell.Reason], string(column))
			}
		}
		line(&b, fields...)
		for _, column := range metadataColumns() {
			if reason := row.cells[column].Reason; reason != "" && byReason[reason][0] == string(column) {
				line(&reasons, c.name, strings.Join(byReason[reason], ", "), reason)
			}
		}
		line(&asked, c.name, row.asked)
	}
	fmt.Fprintf(&b, "\n## Why not\n\n| client | column | reason |\n| --- | --- | --- |\n%s", reasons.String())
	fmt.Fprintf(&b, `
## What they ask for

Below /computeMetadata/v1/, where a path does not begin with a slash, with the names of the
parameters, and the status where it is not 200. No answer had a status of 5xx; each is of a run of
its own, without tokens that the client may have kept.

| client | keys |
| --- | --- |
%s`, asked.String())
	require.NoError(t, os.WriteFile(metadataFile, []byte(b.String()), 0o644))
}
