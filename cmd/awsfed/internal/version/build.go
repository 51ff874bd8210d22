package version

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// devel is the version of a build that no tag and no module proxy named, as the toolchain says it.
const devel = "(devel)"

// revisionDigits is how much of a revision the text has, as in a pseudo-version.
const revisionDigits = 12

// build is what is known of a program.
type build struct {
	Version  string `json:"version"` // without the v before it
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"` // the clone had changes that were not committed
	Go       string `json:"go"`
	Platform string `json:"platform"` // linux/amd64
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: strings.TrimPrefix(info.Main.Version, "v"), Go: info.GoVersion}
	if b.Version == "" {
		b.Version = devel
	}
	var system, architecture string
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		case "GOOS":
			system = setting.Value
		case "GOARCH":
			architecture = setting.Value
		}
	}
	b.Platform = system + "/" + architecture
	return b
}

// String is the build in one line.
func (b build) String() string {
	revision := b.Revision[:min(len(b.Revision), revisionDigits)]
	switch {
	case revision != "" && b.Modified:
		revision += " with changes, "
	case revision != "":
		revision += ", "
	}
	return fmt.Sprintf("awsfed %s (%s%s, %s)", b.Version, revision, b.Go, b.Platform)
}
