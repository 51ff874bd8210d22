package version

import "runtime/debug"

// Text is what the command prints of a build.
func Text(info *debug.BuildInfo) string { return buildOf(info).String() }
