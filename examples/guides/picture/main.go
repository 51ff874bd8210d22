// Picture draws docs/quickstart.svg, the picture of the README: what the quickstart and the doctor
// print, in a terminal.
//
//	go -C examples/guides run ./picture
//
// It runs both, so the picture is of today; a test compares the file with another run. What differs
// from run to run is taken out: durations, ports, keys and IDs.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := write(ctx, filepath.Join("..", "..")); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// write draws the picture of a repository.
func write(ctx context.Context, root string) error {
	lines, err := session(ctx, root)
	if err != nil {
		return err
	}
	return os.WriteFile(file(root), []byte(draw(lines)), 0o644)
}

func file(root string) string { return filepath.Join(root, "docs", "quickstart.svg") }
