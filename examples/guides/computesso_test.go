package guides_test

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	ssoRole     = "AWSReservedSSO_Developer_0123456789abcdef"
	ssoUser     = "ada@example.com"
	ssoStartURL = "https://acme.awsapps.com/start"
)

// onALaptop makes this process one of somebody who has logged in by SSO, or whose session is over.
func onALaptop(t *testing.T, cloud *awsfedtest.Cloud, sessionEnds string) {
	t.Helper()
	withoutAWS(t)
	_, err := cloud.AddRole(awsfedtest.Role{Name: ssoRole})
	require.NoError(t, err)
	sso := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/federation/credentials" || r.FormValue("role_name") != "Developer" || r.Header.Get("X-Amz-Sso_bearer_token") != "ada's" {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		keys, err := cloud.AddSession(ssoRole, ssoUser, time.Hour)
		assert.NoError(t, err)
		_ = json.NewEncoder(w).Encode(map[string]any{"roleCredentials": map[string]any{
			"accessKeyId": keys.AccessKeyID, "secretAccessKey": keys.SecretAccessKey, "sessionToken": keys.SessionToken,
			"expiration": time.Now().Add(time.Hour).UnixMilli(),
		}})
	}))
	t.Cleanup(sso.Close)
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // of Windows
	logIn(t, home, sessionEnds)
	t.Setenv("AWS_CONFIG_FILE", writtenFile(t, "config", "[profile dev]\nregion = eu-central-1\nsso_start_url = "+ssoStartURL+
		"\nsso_region = eu-central-1\nsso_account_id = 123456789012\nsso_role_name = Developer\n"))
	t.Setenv("AWS_PROFILE", "dev")
	t.Setenv("AWS_ENDPOINT_URL_SSO", sso.URL)
	googleAt(t, cloud.Client().Transport)
}

// logIn leaves what aws sso login does.
func logIn(t *testing.T, home, sessionEnds string) {
	t.Helper()
	name := sha1.Sum([]byte(ssoStartURL))
	cached := filepath.Join(home, ".aws", "sso", "cache", hex.EncodeToString(name[:])+".json")
	require.NoError(t, os.MkdirAll(filepath.Dir(cached), 0o700))
	require.NoError(t, os.WriteFile(cached, fmt.Appendf(nil, `{"accessToken": "ada's", "expiresAt": %q}`, sessionEnds), 0o600))
}

func TestARunningProgramTakesOverANewLoginBySSO(t *testing.T) {
	cloud := awsfedtest.New(pageWorld())
	onALaptop(t, cloud, "2026-01-01T00:00:00Z")
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: cloud.Provider().Audience(), Logger: silent()})
	require.NoError(t, err)
	_, err = builder.SubjectToken(t.Context())
	require.ErrorContains(t, err, "SSO session")
	logIn(t, os.Getenv("HOME"), "2999-01-01T00:00:00Z")
	_, err = builder.SubjectToken(t.Context())
	require.NoError(t, err)
}

func TestALaptopWithSSOHasAGoogleTokenByARoleOfItsPermissionSet(t *testing.T) {
	cloud := awsfedtest.New(pageWorld())
	onALaptop(t, cloud, "2999-01-01T00:00:00Z")
	identity := principal.Identity{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/" + ssoRole + "/" + ssoUser}
	attributes, err := principal.DefaultMapping(identity)
	require.NoError(t, err)
	member := "principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/" + ssoRole
	assert.Equal(t, member, cloud.Provider().Attribute("aws_role", attributes.Custom["aws_role"]))
	require.NoError(t, cloud.Grant("aws-app@my-project.iam.gserviceaccount.com", "roles/iam.workloadIdentityUser", member))
	_, err = newTokens(t.Context())
	require.NoError(t, err)
}
