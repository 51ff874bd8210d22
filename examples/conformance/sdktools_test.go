package conformance_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// sdkEnv is the environment of the programs of the Google Cloud SDK: a configuration of its own, no
// reports and no questions.
func (w *world) sdkEnv(t *testing.T, c column, source awsfedtest.CredentialSource) []string {
	t.Helper()
	file, _ := w.CredentialFile(t, c)
	return append(w.Env(t, source), "CLOUDSDK_CONFIG="+filepath.Join(w.Dir, "gcloud"), "CLOUDSDK_CORE_PROJECT=my-project",
		"CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="+file, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE="+w.Proxy.CAFile,
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true", "CLOUDSDK_CORE_CHECK_GCE_METADATA=false",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true")
}

// sdkVersion finds the version of one component of the Google Cloud SDK.
func sdkVersion(file string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		text, err := os.ReadFile(inSDK(file))
		require.NoError(t, err)
		return regexp.MustCompile(`\S+`).FindString(string(text))
	}
}

func sdkTools() []client {
	return []client{gcloudClient(), gsutilClient(), bqClient()}
}

func gcloudClient() client {
	return client{
		name: "gcloud", missing: lacking("gcloud"), version: sdkVersion("VERSION"),
		lacks:   map[column]string{downscoping: "no command narrows a token"},
		refuses: noTaskCredentials("Unable to determine"),
		try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
			env := w.sdkEnv(t, c, source)
			account := w.Config().ServiceAccount
			switch c {
			case serviceAccount, direct:
				out, err := run(t, env, "gcloud", "storage", "ls")
				return result{Listing: out}, err
			case idToken:
				out, err := run(t, env, "gcloud", "auth", "print-identity-token", "--audiences="+audience,
					"--impersonate-service-account="+account, "--include-email")
				return result{Token: out}, err
			case signing:
				in, out := filepath.Join(w.Dir, "blob"), filepath.Join(w.Dir, "signature")
				require.NoError(t, os.WriteFile(in, []byte(payload), 0o600))
				if _, err := run(t, env, "gcloud", "iam", "service-accounts", "sign-blob", in, out, "--iam-account="+account); err != nil {
					return result{}, err
				}
				signature, err := os.ReadFile(out)
				return signed(signature), err
			}
			out, err := run(t, env, "gcloud", "auth", "print-access-token")
			return result{Token: out}, err
		},
	}
}

func gsutilClient() client {
	refuses := noTaskCredentials("Your credentials are invalid")
	refuses[signing] = refusal{"Cannot get service account email id for the given credential type", "signurl knows no account in an external_account file"}
	return client{
		name: "gsutil", missing: lacking("gsutil", inSDK("platform/gsutil")), version: sdkVersion("platform/gsutil/VERSION"),
		lacks:   lacksAll("it is for Cloud Storage, which takes access tokens as they are", idToken, downscoping),
		refuses: refuses,
		try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
			file, _ := w.CredentialFile(t, c)
			boto := filepath.Join(w.Dir, "boto")
			require.NoError(t, os.WriteFile(boto, []byte("[Credentials]\ngs_external_account_file = "+file+"\n"+
				"[Boto]\nca_certificates_file = "+w.Proxy.CAFile+"\nnum_retries = 1\n"+
				"[GSUtil]\ndefault_project_id = my-project\nstate_dir = "+w.Dir+"\nsoftware_update_check_period = 0\n"), 0o600))
			env := append(w.sdkEnv(t, c, source), "BOTO_CONFIG="+boto, "CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL=false")
			if c == signing {
				out, err := run(t, env, "gsutil", "signurl", "-u", "-d", "10m", "-r", "europe-west4", "gs://acme-orders/2026.csv")
				return result{Listing: out}, err
			}
			out, err := run(t, env, "gsutil", "ls")
			return result{Listing: out}, err
		},
	}
}

func bqClient() client {
	return client{
		name: "bq", missing: lacking("bq", inSDK("platform/bq")), version: sdkVersion("platform/bq/VERSION"),
		lacks:   lacksAll("it is for BigQuery, which takes access tokens as they are", idToken, signing, downscoping),
		refuses: noTaskCredentials("Unable to determine"),
		try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
			out, err := run(t, w.sdkEnv(t, c, source), "bq", "--headless", "ls")
			return result{Listing: out}, err
		},
	}
}

// rcloneClient is a program of others on top of golang.org/x/oauth2. Until 2023 that took no
// endpoints but Google's own names.
func rcloneClient() client {
	return client{
		name: "rclone", missing: lacking("rclone"),
		version: func(t *testing.T) string {
			t.Helper()
			out, err := run(t, []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, "rclone", "version")
			require.NoError(t, err)
			return regexp.MustCompile(`v\S+`).FindString(out)
		},
		lacks:   lacksAll("it is for Cloud Storage, which takes access tokens as they are", idToken, signing, downscoping),
		refuses: noTaskCredentials("unable to determine"),
		try: func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error) {
			w.realNames = true
			file, _ := w.CredentialFile(t, c)
			env := append(w.Env(t, source), "GOOGLE_APPLICATION_CREDENTIALS="+file, "RCLONE_CONFIG="+os.DevNull)
			out, err := run(t, env, "rclone", "lsd", ":gcs,project_number=912480652101:", "--retries=1", "--low-level-retries=1")
			return result{Listing: out}, err
		},
	}
}
