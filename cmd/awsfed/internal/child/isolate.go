package child

import (
	"fmt"
	"os"
)

// Isolate makes a private, empty configuration directory of gcloud (mode 0700, below os.TempDir)
// for [EnvironmentOptions.Config]. remove takes it away with all that is in it, gcloud's stored
// tokens too; call it when the child has ended.
//
// The directory hides gcloud's accounts, properties and caches from gcloud, bq and gsutil, and the
// well-known file application_default_credentials.json from the clients that look for it below
// CLOUDSDK_CONFIG: Python, Java, and Node.js from 10.9.1. Google's libraries for Go, C++ and .NET,
// and for Node.js before 10.9.1, look below the home directory (%APPDATA% on Windows) whatever
// CLOUDSDK_CONFIG says, and are not isolated: [Environment] has a note where that file exists.
// gsutil keeps tokens of a metadata server in ~/.gsutil, by no account's name, and is not isolated
// there either: another account's token may be used until it ends. Changing HOME would isolate
// them, and break everything else of the command.
func Isolate() (dir string, remove func() error, err error) {
	dir, err = os.MkdirTemp("", "awsfed-gcloud-")
	if err != nil {
		return "", nil, fmt.Errorf("make a private gcloud configuration: %w", err)
	}
	return dir, func() error {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the private gcloud configuration: %w", err)
		}
		return nil
	}, nil
}
