package token_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
)

func TestTokenKeepsNothingUnlessAskedTo(t *testing.T) {
	workload := commandtest.Start(t)
	t.Chdir(t.TempDir())
	t.Setenv("HOME", t.TempDir())
	first := printed(t, workload)
	assert.NotEqual(t, first, printed(t, workload))
	for _, directory := range []string{".", os.Getenv("HOME")} {
		entries, err := os.ReadDir(directory)
		require.NoError(t, err)
		assert.Empty(t, entries)
	}
}

func TestTokenOfTheCacheAsksNobody(t *testing.T) {
	workload := commandtest.Start(t)
	file := filepath.Join(t.TempDir(), "cache")
	first := printed(t, workload, "-cache", file)
	assert.Positive(t, asked(workload))
	assert.Equal(t, first, printed(t, workload, "-cache", file))
	assert.Zero(t, asked(workload))

	result := run(t, workload.Flags("-cache", file, "-format", "json")...)
	assert.Equal(t, first, decoded(t, result.Stdout)["access_token"])
	assert.Zero(t, asked(workload))

	info, err := os.Stat(file)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
	assertAlone(t, file)
}

func TestTokenOfTheCacheSurvivesAnOutage(t *testing.T) {
	workload, file := cached(t)
	workload.Cloud.Inject(awsfedtest.Unavailable(""))
	printed(t, workload, "-cache", file)
}

func TestTokenOfAnotherUseIsNotTaken(t *testing.T) {
	for name, others := range map[string][]string{
		"other scopes":        {"-scopes", "https://www.googleapis.com/auth/devstorage.read_only"},
		"another lifetime":    {"-lifetime", "30m"},
		"another AWS region":  {"-region", "eu-west-1"},
		"an ID token":         {"-id-token", "https://service.example"},
		"a longer rest of it": {"-min-left", "2h"},
	} {
		t.Run(name, func(t *testing.T) {
			workload, file := cached(t)
			result := run(t, workload.Flags(append(others, "-cache", file)...)...)
			assert.Equal(t, 0, result.Code, result.Stderr)
			assert.Empty(t, result.Stderr)
			assert.Equal(t, 2, asked(workload))
		})
	}
}

func TestTokenOfAnotherAWSIdentityIsNotTaken(t *testing.T) {
	workload, file := cached(t)
	keys, err := workload.Cloud.AddSession("app", "another", time.Hour)
	require.NoError(t, err)
	t.Setenv("AWS_ACCESS_KEY_ID", keys.AccessKeyID)
	t.Setenv("AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey)
	t.Setenv("AWS_SESSION_TOKEN", keys.SessionToken)
	printed(t, workload, "-cache", file)
	assert.Equal(t, 2, asked(workload))
	printed(t, workload, "-cache", file)
	assert.Zero(t, asked(workload))
}

// entry is what a cache file holds.
type entry struct {
	Version int       `json:"version"`
	Key     string    `json:"key"`
	Token   string    `json:"token"`
	Written time.Time `json:"written"`
	Expiry  time.Time `json:"expiry"`
}

// altered is a cache that was written otherwise.
func altered(change func(e *entry)) func([]byte) []byte {
	return func(text []byte) []byte {
		var e entry
		_ = json.Unmarshal(text, &e)
		change(&e)
		text, _ = json.Marshal(e)
		return append(text, '\n')
	}
}

func TestTokenOfTheCacheIsTakenWhileEnoughIsLeft(t *testing.T) {
	for name, test := range map[string]struct {
		left   time.Duration
		others []string
		asked  int
	}{
		"six minutes are enough":            {6 * time.Minute, nil, 0},
		"four are not":                      {4 * time.Minute, nil, 2},
		"four are enough where three are":   {4 * time.Minute, []string{"-min-left", "3m"}, 0},
		"an end is not enough for anything": {-time.Second, []string{"-min-left", "0"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			workload, file := cached(t)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			text = altered(func(e *entry) { e.Expiry = time.Now().Add(test.left).Round(0).UTC() })(text)
			require.NoError(t, os.WriteFile(file, text, 0o600))
			printed(t, workload, append(test.others, "-cache", file)...)
			assert.Equal(t, test.asked, asked(workload))
		})
	}
}

func TestTokenReplacesACacheThatIsNotItsOwn(t *testing.T) {
	workload, file := cached(t)
	valid, err := os.ReadFile(file)
	require.NoError(t, err)
	same := altered(func(*entry) {})(valid)
	require.Equal(t, string(valid), string(same), "what else the table changes would not count")
	for name, change := range map[string]func([]byte) []byte{
		"empty":                      func([]byte) []byte { return nil },
		"other than JSON":            func([]byte) []byte { return []byte("{\"version\":\x00\xff") },
		"cut off":                    func(b []byte) []byte { return b[:len(b)/2] },
		"followed by more":           func(b []byte) []byte { return append(bytes.Clone(b), b...) },
		"without its last line end":  func(b []byte) []byte { return bytes.TrimSuffix(b, []byte("\n")) },
		"of a field more":            func(b []byte) []byte { return bytes.Replace(b, []byte(`,`), []byte(`,"more":1,`), 1) },
		"of a field twice":           func(b []byte) []byte { return bytes.Replace(b, []byte(`,`), []byte(`,"token":"x",`), 1) },
		"of a field in capitals":     func(b []byte) []byte { return bytes.Replace(b, []byte(`"token"`), []byte(`"TOKEN"`), 1) },
		"longer than it can be":      altered(func(e *entry) { e.Token = strings.Repeat("x", 64<<10) }),
		"of another use":             altered(func(e *entry) { e.Key = strings.Repeat("0", 64) }),
		"of another version":         altered(func(e *entry) { e.Version = 2 }),
		"without a token":            altered(func(e *entry) { e.Token = "" }),
		"of two lines of a header":   altered(func(e *entry) { e.Token = "x\r\nX-Evil: 1" }),
		"of a token with a letter é": altered(func(e *entry) { e.Token = "é" }),
		"without an end":             altered(func(e *entry) { e.Expiry = time.Time{} }),
		"of the future":              altered(func(e *entry) { e.Written = time.Now().Add(time.Hour).Round(0).UTC() }),
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, change(valid), 0o600))
			result := run(t, workload.Flags("-cache", file)...)
			assert.Equal(t, 0, result.Code)
			assert.Empty(t, result.Stderr)
			assert.Equal(t, 2, asked(workload))
			assert.Equal(t, strings.TrimSpace(result.Stdout), printed(t, workload, "-cache", file))
			assert.Zero(t, asked(workload), "the new one is used")
			assertAlone(t, file)
		})
	}
}

func TestTokenLeavesAFileAloneThatIsNoCache(t *testing.T) {
	for name, test := range map[string]struct {
		make func(t *testing.T, file string) error
		want string
	}{
		"a directory": {func(_ *testing.T, file string) error { return os.Mkdir(file, 0o700) }, "no regular file (d"},
		"a link": {func(t *testing.T, file string) error {
			if runtime.GOOS == "windows" {
				t.Skip("it takes a privilege there")
			}
			return os.Symlink(filepath.Join(t.TempDir(), "aim"), file)
		}, "no regular file (L"},
		"a private key": {func(_ *testing.T, file string) error {
			return os.WriteFile(file, []byte("-----BEGIN OPENSSH PRIVATE KEY-----\n"), 0o600)
		}, "is no cache of awsfed"},
		"other JSON": {func(_ *testing.T, file string) error { return os.WriteFile(file, []byte("null\n"), 0o600) }, "is no cache of awsfed"},
	} {
		t.Run(name, func(t *testing.T) {
			workload := commandtest.Start(t)
			file := filepath.Join(t.TempDir(), "cache")
			require.NoError(t, test.make(t, file))
			assertUnused(t, workload, file, test.want)
		})
	}
}

// assertUnused asserts that there is a token, a warning, and the same file as before.
func assertUnused(t *testing.T, workload commandtest.Workload, file, want string) {
	t.Helper()
	before, err := os.Lstat(file)
	require.NoError(t, err)
	result := run(t, workload.Flags("-cache", file)...)
	assert.Equal(t, 0, result.Code)
	_, err = workload.Cloud.Check(strings.TrimSpace(result.Stdout))
	assert.NoError(t, err)
	assert.Contains(t, result.Stderr, "awsfed token: the cache is not used: ")
	assert.Contains(t, result.Stderr, want)
	assert.Equal(t, 1, strings.Count(result.Stderr, "\n"))
	after, err := os.Lstat(file)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.Equal(t, before.Mode(), after.Mode())
	assertAlone(t, file)
}

func TestTokenThatCannotBeKeptIsAWarning(t *testing.T) {
	workload := commandtest.Start(t)
	result := run(t, workload.Flags("-cache", filepath.Join(t.TempDir(), "no", "such", "cache"))...)
	assert.Equal(t, 0, result.Code)
	assert.NotEmpty(t, result.Stdout)
	assert.Contains(t, result.Stderr, "the token is not kept")
}

func TestTokenOfManyProcessesLeavesOneWholeCache(t *testing.T) {
	workload := commandtest.Start(t)
	file := filepath.Join(t.TempDir(), "cache")
	if runtime.GOOS == "windows" {
		t.Skip("a file that somebody reads is not replaced there, which is a warning")
	}
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			for range 4 {
				// No token has two hours left, so that each writes.
				result := run(t, workload.Flags("-cache", file, "-min-left", "2h")...)
				assert.Equal(t, 0, result.Code)
				assert.Empty(t, result.Stderr)
				text, err := os.ReadFile(file)
				assert.NoError(t, err)
				assert.True(t, json.Valid(text))
			}
		})
	}
	wait.Wait()
	asked(workload)
	printed(t, workload, "-cache", file)
	assert.Zero(t, asked(workload))
	assertAlone(t, file)
}
