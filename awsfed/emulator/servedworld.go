package main

import (
	"fmt"
	"sync"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
)

// servedWorld is a world that a server serves, also after it is replaced.
type servedWorld struct {
	admin.World
	server *awsfedtest.Server
	write  func(*awsfedtest.Server) error // the files that clients need

	replacing sync.Mutex // so that of two replacements one wins everywhere
}

var _ admin.World = (*servedWorld)(nil)

// Replace implements [admin.World]. The files for clients are written anew, since the new world
// does not know the keys of the old one.
func (w *servedWorld) Replace(data []byte) error {
	w.replacing.Lock()
	defer w.replacing.Unlock()
	if err := w.World.Replace(data); err != nil {
		return err
	}
	w.server.Replace(w.World.Cloud())
	if err := w.write(w.server); err != nil {
		return fmt.Errorf("the world is replaced, and the files for its clients are not: %w", err)
	}
	return nil
}
