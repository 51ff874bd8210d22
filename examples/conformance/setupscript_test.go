package conformance_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// setupFiles is where the tests of awsfed setup keep what it prints.
const setupFiles = "../../cmd/awsfed/internal/setup/testdata"

// administered stands for the APIs by which pools, accounts and bindings are created,
// as far as gcloud needs them to go on. It keeps what it is asked to change.
type administered struct {
	mu      sync.Mutex
	changes []string // METHOD PATH BODY, the body as compact JSON with sorted keys
	exists  bool     // whether pools, providers and accounts are there
}

func (a *administered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	var answer map[string]any
	a.mu.Lock()
	defer a.mu.Unlock()
	switch read := r.Method == http.MethodGet; {
	case path == "projects/my-project" && read:
		answer = map[string]any{"projectId": "my-project", "projectNumber": "912480652101"}
	case strings.HasSuffix(path, ":getIamPolicy"):
		// A policy with a condition in it: gcloud asks which one is meant unless that was said.
		answer = map[string]any{"version": 3, "etag": "BwXQ", "bindings": []any{map[string]any{
			"role": "roles/x", "members": []string{"user:a@example.com"}, "condition": map[string]string{"title": "t", "expression": "true"}}}}
	case read && !a.exists:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}`)
		return
	case read:
		answer = map[string]any{"name": path, "state": "ACTIVE", "email": "x"}
	default:
		var value any
		if json.Unmarshal(body, &value) == nil {
			body, _ = json.Marshal(value)
		}
		query := r.URL.Query()
		query.Del("alt")
		change := r.Method + " " + path
		if id := query.Encode(); id != "" {
			change += "?" + id
		}
		a.changes = append(a.changes, change+" "+string(body))
		answer = map[string]any{"name": "operations/1", "done": true, "response": map[string]string{"name": "x"}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// administer runs a script that awsfed setup printed, by bash and the real gcloud.
func administer(t *testing.T, google *administered, script string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	if why, _ := lacking("gcloud")(); why != "" {
		t.Skip(why)
	}
	server := httptest.NewServer(google)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(token, []byte("an-administrators-token"), 0o600))
	script, err = filepath.Abs(filepath.Join(setupFiles, script))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, bash, script)
	command.Dir = t.TempDir()
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CLOUDSDK_CONFIG=" + filepath.Join(dir, "gcloud"), "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=" + token,
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true", "CLOUDSDK_CORE_CHECK_GCE_METADATA=false", "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true"}
	for _, api := range []string{"IAM", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE"} {
		command.Env = append(command.Env, "CLOUDSDK_API_ENDPOINT_OVERRIDES_"+api+"="+server.URL+"/")
	}
	said, err := command.CombinedOutput()
	require.NoError(t, err, "%s", said)
	entries, err := os.ReadDir(command.Dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "the script wrote a file")
}

// What gcloud makes of the script reaches Google as it was meant.
func TestGcloudRunsWhatSetupPrints(t *testing.T) {
	const (
		pools   = "projects/my-project/locations/global/workloadIdentityPools"
		mapping = `{"attribute.aws_role":"assertion.arn.contains(\"assumed-role\") ? assertion.arn.extract(\"{account_arn}assumed-role/\") + \"assumed-role/\" + assertion.arn.extract(\"assumed-role/{role_name}/\") : assertion.arn","google.subject":"assertion.arn"}`
		members = "principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/attribute.aws_role/"
		account = "aws-app@my-project.iam.gserviceaccount.com"
		role    = "arn:aws:sts::123456789012:assumed-role/app"
		hostile = "arn:aws:iam::123456789012:user/a';>PWNED;$(>PWNED)`>PWNED`\"\\${path.cwd}%{if(true)}\\n#/*-->/x"
	)
	quoted := func(s string) string {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		return string(text)
	}
	services := func(names ...string) string {
		return `POST projects/my-project/services:batchEnable {"serviceIds":["` + strings.Join(names, `.googleapis.com","`) + `.googleapis.com"]}`
	}
	pool := "POST " + pools + `?workloadIdentityPoolId=aws-pool {"description":"Identities of AWS, without keys","disabled":false,"displayName":"AWS"}`
	provider := func(arn string) string {
		condition := `assertion.account == "123456789012" && attribute.aws_role == "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(arn) + `"`
		return "POST " + pools + `/aws-pool/providers?workloadIdentityPoolProviderId=prod {"attributeCondition":` + quoted(condition) + `,"attributeMapping":` + mapping +
			`,"aws":{"accountId":"123456789012"},"disabled":false,"displayName":"AWS"}`
	}
	create := `POST projects/my-project/serviceAccounts {"accountId":"aws-app","serviceAccount":{"displayName":"AWS workload"}}`
	bind := func(resource, role, member string) string {
		return "POST " + resource + `:setIamPolicy {"policy":{"bindings":[{"condition":{"expression":"true","title":"t"},"members":["user:a@example.com"],"role":"roles/x"},` +
			`{"members":[` + quoted(member) + `],"role":"` + role + `"}],"etag":"BwXQ","version":3}}`
	}
	const ofAccount = "projects/my-project/serviceAccounts/" + account
	for script, want := range map[string][]string{
		"role.bash": {services("iam", "sts", "iamcredentials", "cloudresourcemanager"), pool, provider(role), create,
			bind(ofAccount, "roles/iam.workloadIdentityUser", members+role),
			bind(ofAccount, "roles/iam.serviceAccountTokenCreator", members+role),
			bind(ofAccount, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+account),
			bind("projects/my-project", "roles/storage.objectViewer", "serviceAccount:"+account)},
		"user.bash": {services("iam", "sts", "iamcredentials", "cloudresourcemanager"), pool, provider(hostile), create,
			bind(ofAccount, "roles/iam.workloadIdentityUser", members+hostile),
			bind("projects/my-project", "roles/storage.objectViewer", "serviceAccount:"+account)},
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			google := &administered{}
			administer(t, google, script)
			assert.Equal(t, want, google.changes)
		})
	}
	t.Run("what is there stays as it is", func(t *testing.T) {
		t.Parallel()
		google := &administered{exists: true}
		administer(t, google, "direct.bash")
		assert.Equal(t, []string{services("iam", "sts", "cloudresourcemanager"),
			bind("projects/my-project", "roles/storage.objectViewer", members+role)}, google.changes)
	})
}
