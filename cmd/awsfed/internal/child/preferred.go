package child

// A preferred variable is one that clients prefer to the metadata server, or that turns the server
// off for them.
type preferred struct {
	name   string
	client string // who heeds the variable, as a note says it
	does   string
	stays  func(value string) bool // the values that prefer nothing; nil where all do
}

// preferredVariables is every variable that [Environment] takes away. Read in google-auth for
// Python 2.39 and oauth2client as gcloud carries them, google-auth-library for Node 8 to 11 and for
// Java, cloud.google.com/go/auth 0.24, and run with gcloud 528; those of Terraform are as its
// Google provider documents them.
//
// These stay on purpose, because they do not choose a credential or are the user's own refinement
// of one that comes from the metadata server:
//   - AWS_*: the command may well need AWS too.
//   - GOOGLE_CLOUD_QUOTA_PROJECT, GOOGLE_CLOUD_UNIVERSE_DOMAIN, GCE_METADATA_TIMEOUT,
//     GCE_METADATA_DETECT_RETRIES, DETECT_GCP_RETRIES: all libraries, they adjust requests.
//   - GOOGLE_API_USE_CLIENT_CERTIFICATE, GOOGLE_API_USE_MTLS_ENDPOINT,
//     GOOGLE_API_CERTIFICATE_CONFIG: the client's certificate toward Google's APIs, not the token.
//   - GOOGLE_EXTERNAL_ACCOUNT_*: heeded for credential files only.
//   - CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT: gcloud and gsutil impersonate from the token of
//     the metadata server, as on Compute Engine.
//   - CLOUDSDK_AUTH_DISABLE_CREDENTIALS: who says that gcloud sends no token must be heard; a note
//     reminds of it.
//   - BOTO_CONFIG, BOTO_PATH, BIGQUERYRC: files that also hold proxies, hosts and defaults; a note
//     names a boto file with credentials.
func preferredVariables() []preferred {
	const (
		libraries = "Google's client libraries"
		prefer    = "prefer it to the metadata server"
		off       = "may take it as an order not to ask the metadata server"
	)
	// gcloud takes an empty value as one that turns off the same property of its configuration
	// file.
	empty := func(value string) bool { return value == "" }
	return []preferred{
		{"GOOGLE_APPLICATION_CREDENTIALS", libraries, prefer, nil},
		{"google_application_credentials", "Google's libraries for Node.js", prefer, nil},
		{"NO_GCE_CHECK", "Google's libraries for Python and Java", off, nil},
		{"DEVSHELL_CLIENT_PORT", "Google's libraries for Java", prefer, nil},
		// gcloud takes the first of these three that is set, and bq and gsutil come through gcloud.
		{"CLOUDSDK_AUTH_ACCESS_TOKEN", "gcloud and bq", prefer, empty},
		{"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "gcloud and bq", prefer, empty},
		{"CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "gcloud and bq", prefer, empty},
		{"CLOUDSDK_CORE_CHECK_GCE_METADATA", "gcloud, bq and gsutil", off, isTrue},
		{"GOOGLE_CREDENTIALS", "Terraform's Google provider", prefer, nil},
		{"GOOGLE_CLOUD_KEYFILE_JSON", "Terraform's Google provider", prefer, nil},
		{"GCLOUD_KEYFILE_JSON", "Terraform's Google provider", prefer, nil},
		{"GOOGLE_OAUTH_ACCESS_TOKEN", "Terraform's Google provider", prefer, nil},
	}
}
