package conformance_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// The columns of docs/metadata-clients.md that are judged.
const (
	accessToken column = "access token"
	listing     column = "listing"
)

// metadataColumns also has the ID token.
func metadataColumns() []column { return []column{accessToken, idToken, listing} }

// keepsToken is why a program has no access token to show.
const keepsToken = "it keeps its token to itself: the listing has it judged"

// A metadataResult is what a client got from the metadata server, or with what it got there.
type metadataResult struct {
	Token   string            `json:"token"`
	IDToken string            `json:"id_token"`
	Listing string            `json:"listing"` // of buckets or, by bq, of data sets
	Values  map[string]string `json:"values"`  // what else it found there
}

// A metadataClient is one of Google's clients, or of others on top of them, which finds credentials
// at a metadata server.
type metadataClient struct {
	name    string
	missing func() (what string, inImage bool)
	version func(t *testing.T) string
	lacks   map[column]string // with the reason
	values  map[string]string // that it has to find
	try     func(t *testing.T, w *execWorld, run runner) (metadataResult, error)
}

func metadataClients() []metadataClient {
	all := []metadataClient{
		gcloudMetadataClient(),
		{
			name: "gsutil", missing: lacking("gsutil", inSDK("platform/gsutil")), version: sdkVersion("platform/gsutil/VERSION"),
			lacks: map[column]string{accessToken: keepsToken, idToken: "Cloud Storage takes access tokens"},
			try:   lists("gsutil", "ls"),
		},
		{
			name: "bq", missing: lacking("bq", inSDK("platform/bq")), version: sdkVersion("platform/bq/VERSION"),
			lacks: map[column]string{accessToken: keepsToken, idToken: "BigQuery takes access tokens"},
			try:   lists("bq", "--headless", "ls"),
		},
		{
			name: "Python, google-auth of the Google Cloud SDK", missing: lacking(sdkPython()), version: pythonClients()[0].version,
			values: map[string]string{"project": "my-project", "email": "aws-app@my-project.iam.gserviceaccount.com"},
			try: func(t *testing.T, w *execWorld, run runner) (metadataResult, error) {
				return printed(t)(run("env", "PYTHONPATH="+sdkLibrary(), sdkPython(), "metadataclient/client.py", audience))
			},
		},
	}
	for _, major := range []int{8, 9, 10, 11} {
		all = append(all, nodeMetadataClient(major))
	}
	all = append(all, goMetadataClients()...)
	return append(all, javaMetadataClient(), rcloneMetadataClient(), curlMetadataClient())
}

// lists is a client that has but one thing to do.
func lists(program string, args ...string) func(*testing.T, *execWorld, runner) (metadataResult, error) {
	return func(_ *testing.T, _ *execWorld, run runner) (metadataResult, error) {
		out, err := run(program, args...)
		return metadataResult{Listing: out}, err
	}
}

// printed reads what a program of metadataclient printed as JSON.
func printed(t *testing.T) func(out string, err error) (metadataResult, error) {
	return func(out string, err error) (got metadataResult, _ error) {
		t.Helper()
		if err == nil {
			require.NoError(t, json.Unmarshal([]byte(out), &got), out)
		}
		return got, err
	}
}

// printedLines reads what a program printed that knows no JSON.
func printedLines(t *testing.T, out string, err error) (metadataResult, error) {
	t.Helper()
	if err != nil {
		return metadataResult{}, err
	}
	lines := strings.Split(out, "\n")
	require.Len(t, lines, 3, out)
	return metadataResult{Token: lines[0], IDToken: lines[1], Listing: lines[2]}, nil
}

func gcloudMetadataClient() metadataClient {
	return metadataClient{
		name: "gcloud", missing: lacking("gcloud"), version: sdkVersion("VERSION"),
		try: func(_ *testing.T, _ *execWorld, run runner) (got metadataResult, err error) {
			if got.Token, err = run("gcloud", "auth", "print-access-token"); err != nil {
				return got, err
			}
			if got.IDToken, err = run("gcloud", "auth", "print-identity-token", "--audiences="+audience); err != nil {
				return got, err
			}
			got.Listing, err = run("gcloud", "storage", "ls")
			return got, err
		},
	}
}

func nodeMetadataClient(major int) metadataClient {
	directory := "node" + strconv.Itoa(major)
	module := filepath.Join(directory, "node_modules", "google-auth-library", "package.json")
	return metadataClient{
		name: "Node.js, google-auth-library " + strconv.Itoa(major), missing: lacking("node", module), version: packageVersion(module),
		values: map[string]string{"project": "my-project", "email": "aws-app@my-project.iam.gserviceaccount.com"},
		try: func(t *testing.T, _ *execWorld, run runner) (metadataResult, error) {
			return printed(t)(run("node", "metadataclient/client.mjs", directory, audience))
		},
	}
}

func goMetadataClients() []metadataClient {
	one := func(library, module string, lacks map[column]string, values map[string]string) metadataClient {
		return metadataClient{
			name: "Go, " + module, missing: lacking("go"), version: goModuleVersion(module), lacks: lacks, values: values,
			try: func(t *testing.T, _ *execWorld, run runner) (metadataResult, error) {
				return printed(t)(run(built.program(t, "metadataclient"), library, audience))
			},
		}
	}
	return []metadataClient{
		one("metadata", "cloud.google.com/go/compute/metadata", nil, map[string]string{
			"OnGCE": "true", "ProjectID": "my-project", "NumericProjectID": "912480652101", "Zone": zone, "Subscribe": "my-project",
			"Email": "aws-app@my-project.iam.gserviceaccount.com", "Scopes": "https://www.googleapis.com/auth/cloud-platform",
			"InstanceAttributes": "", "ProjectAttributes": "", "InstanceID": "defined: false",
		}),
		one("auth", "cloud.google.com/go/auth", nil, map[string]string{"ProjectID": "my-project"}),
		one("storage", "cloud.google.com/go/storage",
			map[column]string{accessToken: keepsToken, idToken: "Cloud Storage takes access tokens"}, nil),
	}
}

// javaMetadataClient is the library of Debian's package libgoogle-auth-java.
func javaMetadataClient() metadataClient {
	const jars = "/usr/share/java/"
	library := jars + "google-auth-library-oauth2-http.jar"
	path := library
	for _, jar := range []string{"google-auth-library-credentials", "google-http-client", "google-http-client-jackson2", "jackson-core",
		"guava", "failureaccess", "opencensus-api", "opencensus-contrib-http-util", "grpc-context", "auto-value-annotations"} {
		path += string(filepath.ListSeparator) + jars + jar + ".jar"
	}
	return metadataClient{
		name: "Java, google-auth-library of Debian",
		missing: func() (string, bool) {
			if _, err := os.Stat(library); err != nil {
				return "libgoogle-auth-java is not installed", false
			}
			return lacking("javac")()
		},
		version: func(t *testing.T) string {
			t.Helper()
			files, err := filepath.Glob(strings.TrimSuffix(library, ".jar") + "-*.jar")
			require.NoError(t, err)
			return regexp.MustCompile(`\d+\.\d+\.\d+`).FindString(strings.Join(files, " "))
		},
		try: func(t *testing.T, w *execWorld, run runner) (metadataResult, error) {
			out, err := run("java", "-cp", path, "metadataclient/Client.java", audience, w.Storage.URL+"/storage/v1/b?project=my-project")
			return printedLines(t, out, err)
		},
	}
}

func rcloneMetadataClient() metadataClient {
	return metadataClient{
		name: "rclone", missing: lacking("rclone"), version: rcloneClient().version,
		lacks: map[column]string{accessToken: keepsToken, idToken: "Cloud Storage takes access tokens"},
		try:   lists("rclone", "lsd", ":gcs,env_auth,project_number=my-project:", "--retries=1", "--low-level-retries=1"),
	}
}

func curlMetadataClient() metadataClient {
	return metadataClient{
		name: "curl", missing: lacking("curl"),
		version: func(t *testing.T) string {
			t.Helper()
			out, err := run(t, []string{"PATH=" + os.Getenv("PATH")}, "curl", "--version")
			require.NoError(t, err)
			return regexp.MustCompile(`\d+\.\d+\.\d+`).FindString(out)
		},
		try: func(t *testing.T, _ *execWorld, run runner) (metadataResult, error) {
			out, err := run("sh", "metadataclient/client.sh", audience)
			return printedLines(t, out, err)
		},
	}
}

// judge says what became of one column.
func (c metadataClient) judge(t *testing.T, w *execWorld, column column, got metadataResult, failure error) cell {
	t.Helper()
	if reason, ok := c.lacks[column]; ok {
		return cell{Mark: notOffered, Reason: reason}
	}
	err := failure
	if err == nil {
		switch column {
		case accessToken:
			err = w.verify(t, serviceAccount, awsfedtest.SourceEnvironment, result{Token: got.Token})
		case idToken:
			err = w.verify(t, idToken, awsfedtest.SourceEnvironment, result{Token: got.IDToken})
		case listing:
			err = w.verify(t, serviceAccount, awsfedtest.SourceEnvironment, result{Listing: got.Listing})
		}
	}
	if err != nil {
		t.Log(err)
		return cell{Mark: failed, Reason: oneLine(err)}
	}
	return cell{Mark: passed}
}

// check asserts what goes for every client, whatever the table says.
func (c metadataClient) check(t *testing.T, w *execWorld, got metadataResult) {
	t.Helper()
	for name, want := range c.values {
		assert.Equal(t, want, got.Values[name], name)
	}
	callers := w.Callers()
	assert.NotEmpty(t, callers, "nothing came to Cloud Storage or BigQuery")
	for _, caller := range callers {
		assert.Equal(t, w.Config().ServiceAccount, caller)
	}
	assert.Empty(t, w.Proxy.Stray(), "the hosts that the client asks for")
}
