package awsfed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

const (
	maxFile  = 64 << 10 // bytes; gcloud's files have 1 KiB
	fileWait = 5 * time.Second
	filePoll = 20 * time.Millisecond
	maxName  = 255 // bytes, of what no name that is asked for usually has; those that exist may be longer
)

// readFile reads a whole credential file. That may be a pipe, since a shell's <(…) is one, so that
// nobody knows when it ends, and whether.
func readFile(name string) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	deadline := time.Now().Add(fileWait)
	go func() {
		data, err := readUntil(name, deadline)
		done <- result{data, err}
	}()
	// Where a read cannot be stopped, on a file system that hangs for one, it is left to itself.
	// Elsewhere it ends before this does.
	timer := time.NewTimer(fileWait + time.Second)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.data, r.err
	case <-timer.C:
		return nil, fileFault(name, fmt.Sprintf("a file that can be read within %s", fileWait))
	}
}

func readUntil(name string, deadline time.Time) ([]byte, error) {
	f, err := openFile(name)
	switch {
	case err != nil && looksLikeContent(name):
		return nil, fileFault(fmt.Sprintf("a text of %d bytes, which is not shown", len(name)),
			"the name of a file; ConfigFromJSON takes what is in it")
	case err != nil:
		return nil, fmt.Errorf("awsfed: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("awsfed: %w", err)
	}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return nil, fileFault(name, "a file, not a directory")
	case mode&fs.ModeDevice != 0:
		return nil, fileFault(name, "a file, not a device")
	}
	_ = f.SetReadDeadline(deadline) // A regular file has none, and needs none.
	data := make([]byte, 0, maxFile+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		// A pipe that nobody has opened for writing is at its end, which is then no end.
		early := mode&fs.ModeNamedPipe != 0 && (errors.Is(err, io.EOF) && len(data) == 0 || isAgain(err))
		switch {
		case len(data) > maxFile:
			return nil, fileFault(name, "a file of at most 64 KiB")
		case early && time.Now().Before(deadline):
			time.Sleep(filePoll)
		case early, errors.Is(err, os.ErrDeadlineExceeded):
			return nil, fileFault(name, fmt.Sprintf("a file that can be read within %s", fileWait))
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, fmt.Errorf("awsfed: %w", err)
		}
	}
}

func fileFault(name, want string) error {
	return (&FieldError{Field: wholeFile, Found: name, Want: want}).cleaned()
}

// looksLikeContent reports whether the name of a file that cannot be opened is likely what it was
// to hold: JSON, base64 or a token. That may be a secret.
func looksLikeContent(name string) bool {
	const tokenStart = "eyJ" // of a JSON object in base64
	return len(name) > maxName || strings.ContainsAny(name, "{\n") || strings.HasPrefix(name, tokenStart)
}
