package execute_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"
)

// The variables that make the test binary the command that is run: where it writes its report, and
// the code that it exits with.
const (
	reportVariable = "EXECUTE_TEST_REPORT"
	codeVariable   = "EXECUTE_TEST_CODE"
)

// A report is what the command saw.
type report struct {
	Environ []string
	Args    []string
	Token   string   // the answer of the metadata server, "" where it was not asked
	Config  []string // what was in CLOUDSDK_CONFIG
	Fault   string
}

func TestMain(m *testing.M) {
	name := os.Getenv(reportVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	seen := report{Environ: os.Environ(), Args: os.Args[1:]}
	if err := seen.look(); err != nil {
		seen.Fault = err.Error()
	}
	text, err := json.Marshal(seen)
	if err == nil {
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		panic(err)
	}
	code, _ := strconv.Atoi(os.Getenv(codeVariable)) // 0 without it
	os.Exit(code)
}

// look asks for a token if the first argument is "token", and looks into the private configuration.
func (r *report) look() error {
	if directory := os.Getenv("CLOUDSDK_CONFIG"); directory != "" {
		entries, err := os.ReadDir(directory)
		if err != nil {
			return err
		}
		r.Config = []string{}
		for _, entry := range entries {
			r.Config = append(r.Config, entry.Name())
		}
		if err := os.WriteFile(directory+"/credentials.db", []byte("a token"), 0o600); err != nil {
			return err
		}
	}
	if len(r.Args) == 0 || r.Args[0] != "token" {
		return nil
	}
	url := "http://" + os.Getenv("GCE_METADATA_HOST") + "/computeMetadata/v1/instance/service-accounts/default/token"
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Metadata-Flavor", "Google")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	r.Token = string(body)
	return err
}
