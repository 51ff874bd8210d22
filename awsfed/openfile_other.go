//go:build !unix

package awsfed

import "os"

func openFile(name string) (*os.File, error) { return os.Open(name) }

func isAgain(error) bool { return false }
