package serve_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/serve"
)

func TestReloaderTakesAFileOverOnceForEachChange(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "credentials.json")
	write := func(name, content string) string {
		path := filepath.Join(directory, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	// As a Kubernetes ConfigMap: a link to a link, of which the second is replaced.
	link := func(target string) {
		fresh := filepath.Join(directory, "..data.new")
		require.NoError(t, os.Symlink(target, fresh))
		require.NoError(t, os.Rename(fresh, filepath.Join(directory, "..data")))
	}
	link(write("one", "1"))
	require.NoError(t, os.Symlink("..data", file))

	synctest.Test(t, func(t *testing.T) {
		var taken atomic.Int32
		var broken atomic.Bool
		r := serve.NewReloader(file, func(context.Context) error {
			taken.Add(1)
			if broken.Load() {
				return errors.New("no token")
			}
			return nil
		}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go r.Run(ctx, nil)
		after := func(d time.Duration) int {
			time.Sleep(d)
			synctest.Wait()
			return int(taken.Load())
		}
		assert.Equal(t, 1, after(6*time.Second), "it has not seen the file before")
		assert.Equal(t, 1, after(time.Hour), "nothing has changed")

		link(write("two", "2"))
		assert.Equal(t, 2, after(6*time.Second))
		assert.Equal(t, 2, after(time.Hour))

		broken.Store(true)
		write("two", "changed in place, with another size")
		assert.Equal(t, 3, after(6*time.Second))
		assert.Equal(t, 3, after(50*time.Second), "a pause after a failure")
		assert.Equal(t, 4, after(time.Minute), "it is tried again")
		broken.Store(false)
		assert.Equal(t, 5, after(time.Minute))
		assert.Equal(t, 5, after(time.Hour))

		require.NoError(t, os.Remove(filepath.Join(directory, "..data")))
		assert.Equal(t, 5, after(time.Hour), "a file that is gone is not taken")
	})
}

func TestReloaderWithoutAFileEndsAtOnce(t *testing.T) {
	serve.NewReloader("", nil, nil).Run(t.Context(), nil)
}
