package child

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	wellKnownFile = "application_default_credentials.json"

	// gceCacheAge is how long gcloud believes its file "gce", which says whether it found a
	// metadata server.
	gceCacheAge = 10 * time.Minute
)

// fileNotes tell of files that clients prefer to the metadata server. With a private directory they
// are those that the directory does not hide.
func fileNotes(v *variables, system string, o EnvironmentOptions) (notes []string) {
	home := homeDirectory(v, system)
	standard := standardDirectory(v, system, home)
	config, chosen := v.get("CLOUDSDK_CONFIG")
	if !chosen || config == "" {
		config, chosen = standard, false
	}

	// Python, Java, and Node since 10.9.1 look for the file below CLOUDSDK_CONFIG; Go, C++, .NET,
	// and older Node in the standard place alone.
	const elsewhere = "for Go, C++, .NET and Node.js before 10.9.1"
	if o.Config == "" {
		if path := join(config, wellKnownFile); isFile(path) {
			note := "Google's client libraries prefer " + strconv.Quote(path) + " to the metadata server; use -isolate"
			if !chosen {
				note += ", and for the libraries " + elsewhere + ", which -isolate does not reach, move the file away"
			}
			notes = append(notes, note)
		}
		notes = append(notes, gcloudNotes(v, config, len(o.Accounts) > 0)...)
	}
	if path := join(standard, wellKnownFile); (chosen || o.Config != "") && isFile(path) {
		notes = append(notes, "Google's client libraries "+elsewhere+" do not heed CLOUDSDK_CONFIG and prefer "+
			strconv.Quote(path)+" to the metadata server; move the file away if the command uses one of them")
	}
	if isTrue(value(v, "CLOUDSDK_AUTH_DISABLE_CREDENTIALS")) {
		notes = append(notes, "CLOUDSDK_AUTH_DISABLE_CREDENTIALS is passed on: gcloud, bq and gsutil send no token")
	}
	return append(notes, botoNotes(v, system, home)...)
}

// gcloudNotes tell what gcloud prefers in its own configuration, or believes.
func gcloudNotes(v *variables, config string, accountSet bool) (notes []string) {
	name := value(v, "CLOUDSDK_ACTIVE_CONFIG_NAME")
	if name == "" {
		name = strings.TrimSpace(readFile(join(config, "active_config")))
	}
	if name == "" {
		name = "default"
	}
	path := join(config, "configurations", "config_"+name)
	properties := parseINI(readFile(path))
	for _, p := range []struct {
		section, key string
		prefers      func(value string) bool
	}{
		{"core", "account", func(value string) bool { return value != "" && !accountSet }},
		{"core", "check_gce_metadata", isFalse},
		{"auth", "access_token_file", isSet},
		{"auth", "credential_file_override", isSet},
		{"auth", "disable_credentials", isTrue},
	} {
		_, overruled := v.get("CLOUDSDK_" + strings.ToUpper(p.section+"_"+p.key))
		if !overruled && p.prefers(properties.get(p.section, p.key)) {
			notes = append(notes, "gcloud, bq and gsutil heed "+p.section+"/"+p.key+" in "+strconv.Quote(path)+
				" before the metadata server; use -isolate")
		}
	}
	cache := join(config, "gce")
	info, err := os.Stat(cache)
	if err == nil && time.Since(info.ModTime()) < gceCacheAge && strings.TrimSpace(readFile(cache)) == "False" {
		notes = append(notes, "gcloud has found no metadata server a short while ago and believes "+strconv.Quote(cache)+
			" for ten minutes; use -isolate, or remove that file")
	}
	return notes
}

// botoNotes tell of credentials in a boto file, which gsutil prefers.
func botoNotes(v *variables, system, home string) (notes []string) {
	paths := []string{"/etc/boto.cfg", join(home, ".boto")}
	separator := ":"
	if system == "windows" {
		separator = ";"
	}
	if path, set := v.get("BOTO_CONFIG"); set {
		paths = []string{path}
	} else if list, set := v.get("BOTO_PATH"); set {
		paths = strings.Split(list, separator)
	}
	for _, path := range paths {
		if rest, found := strings.CutPrefix(path, "~/"); found {
			path = join(home, rest)
		}
		file := parseINI(readFile(path))
		for _, key := range []string{"gs_oauth2_refresh_token", "gs_service_key_file", "gs_external_account_file",
			"gs_external_account_authorized_user_file"} {
			if file.get("Credentials", key) != "" {
				notes = append(notes, "gsutil prefers "+key+" in "+strconv.Quote(path)+" to the metadata server")
			}
		}
	}
	return notes
}

// homeDirectory is where most clients look: $HOME, or without it what the system knows of the user.
func homeDirectory(v *variables, system string) string {
	name := "HOME"
	if system == "windows" {
		name = "USERPROFILE"
	}
	if home := value(v, name); home != "" {
		return home
	}
	if current, err := user.Current(); err == nil {
		return current.HomeDir
	}
	return ""
}

// standardDirectory is where gcloud keeps its configuration without CLOUDSDK_CONFIG.
func standardDirectory(v *variables, system, home string) string {
	if system == "windows" {
		return join(value(v, "APPDATA"), "gcloud")
	}
	return join(home, ".config", "gcloud")
}

func value(v *variables, name string) string {
	value, _ := v.get(name)
	return value
}

// join is filepath.Join, but nothing below an unknown directory.
func join(directory string, names ...string) string {
	if directory == "" {
		return ""
	}
	return filepath.Join(append([]string{directory}, names...)...)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
