package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// maxCache bounds what is read of a cache, in bytes. A token has one to four KiB.
const maxCache = 64 << 10

// cacheVersion is that of the entry. A cache of another one is replaced.
const cacheVersion = 1

// cacheBeginning is that of every cache, of whatever version. Another file is not overwritten for a
// name that was mistyped.
const cacheBeginning = `{"version":`

// entry is what a cache file holds.
type entry struct {
	Version int       `json:"version"`
	Key     string    `json:"key"` // see cacheKey
	Token   string    `json:"token"`
	Written time.Time `json:"written"`
	Expiry  time.Time `json:"expiry"`
}

func (e entry) encoded() ([]byte, error) {
	text, err := json.Marshal(e)
	return append(text, '\n'), err
}

// readCache gives the token of the file, nil where it has none of that key. An error is why the
// file must not be touched.
func readCache(name, key string) (*oauth2.Token, error) {
	file, err := openCache(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errReplaced) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxCache+1))
	if err != nil {
		return nil, err
	}
	if len(text) > 0 && !bytes.HasPrefix(text, []byte(cacheBeginning)) {
		return nil, fmt.Errorf("%s is no cache of awsfed, and is left as it is", name)
	}
	return decoded(text, key, time.Now()), nil
}

// decoded is the token of that key in what a cache file holds, nil for none. It takes what encoded
// makes and nothing else, letter by letter.
func decoded(text []byte, key string, now time.Time) *oauth2.Token {
	var e entry
	if len(text) > maxCache || json.Unmarshal(text, &e) != nil {
		return nil
	}
	again, err := e.encoded()
	switch {
	case err != nil, !bytes.Equal(again, text), e.Version != cacheVersion, e.Key != key, e.Token == "", !untrusted.Visible(e.Token):
		return nil
	case now.Before(e.Written): // the clock was set back: nobody knows what is left of the token
		return nil
	}
	return &oauth2.Token{AccessToken: e.Token, TokenType: "Bearer", Expiry: e.Expiry}
}

// errReplaced is for a file that another process has replaced meanwhile.
var errReplaced = errors.New("the file has just become another one")

// openCache opens a file that only its owner, this user, can have written.
func openCache(name string) (*os.File, error) {
	before, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file (%s)", name, before.Mode().Type())
	}
	file, err := openFile(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !os.SameFile(before, info):
		err = errReplaced
	default:
		err = checkOwner(name, info)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// writeCache replaces the file at once, whole, so that a reader has the one token or the other.
func writeCache(name, key string, token *oauth2.Token) (err error) {
	// Round takes the monotonic reading away, and UTC the zone.
	e := entry{Version: cacheVersion, Key: key, Token: token.AccessToken,
		Written: time.Now().Round(0).UTC(), Expiry: token.Expiry.Round(0).UTC()}
	text, err := e.encoded()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // O_EXCL, mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
