// Package child has the parts of "awsfed exec" that know nothing of tokens: [Environment] makes the
// environment in which Google's clients find the metadata server and nothing that they prefer to
// it, [Isolate] a private configuration directory of gcloud, and [Run] runs the command with the
// terminal, the signals and the exit code passed through.
package child
