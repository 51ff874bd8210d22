package systemd_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/systemd"
)

func TestNotifyRefusesWhatIsNoSocketOrState(t *testing.T) {
	for _, tc := range []struct {
		name, socket string
		states       []string
		says         []string
	}{
		{"a relative path", "run/notify", []string{systemd.Ready}, []string{`"run/notify" is neither`}},
		{"a socket of a virtual machine", "vsock:2:1234", []string{systemd.Ready}, []string{`"vsock:2:1234" is neither`}},
		{"the root", "/", []string{systemd.Ready}, []string{"no name"}},
		{"an empty abstract name", "@", []string{systemd.Ready}, []string{"no name"}},
		{"a long path", "/" + strings.Repeat("x", 107), []string{systemd.Ready}, []string{"over 107 bytes"}},
		{"a long abstract name", "@" + strings.Repeat("x", 108), []string{systemd.Ready}, []string{"over 107 bytes"}},
		{"a NUL", "/run/a\x00b", []string{systemd.Ready}, []string{"NUL"}},
		{"no state", "/run/notify", nil, []string{"no state"}},
		{"an empty state", "/run/notify", []string{""}, []string{`state ""`}},
		{"a state without a value", "/run/notify", []string{"READY"}, []string{`state "READY"`}},
		{"a state without a name", "/run/notify", []string{"=1"}, []string{`state "=1"`}},
		{"two states in one", "/run/notify", []string{"STATUS=a\nREADY=1"}, []string{`"STATUS=a\nREADY=1"`}},
		{"all at once", "run", []string{"a", systemd.Ready, "b"}, []string{`"run"`, `"a"`, `"b"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := systemd.Notify(tc.socket, tc.states...)
			if runtime.GOOS == "windows" {
				assert.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, says := range tc.says {
				assert.ErrorContains(t, err, says)
			}
		})
	}
}

func TestStatusIsOneLine(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"plain", "listens on 127.0.0.1:8988", "listens on 127.0.0.1:8988"},
		{"other letters", "läuft – 日本", "läuft – 日本"},
		{"lines", "one\r\ntwo\u2028three\n", "one two three"},
		{"a terminal's codes", "a\x1b[31mred\x07", "a [31mred"},
		{"NUL", "a\x00b", "a b"},
		{"no UTF-8", "a\xffb", "a\uFFFDb"},
		{"what turns the direction", "a\u202eb\u200bc", "a b c"},
		{"256 bytes", strings.Repeat("x", 256), strings.Repeat("x", 256)},
		{"257 bytes", strings.Repeat("x", 257), strings.Repeat("x", 253) + "…"},
		{"cut within a character", "x" + strings.Repeat("ä", 200), "x" + strings.Repeat("ä", 126) + "…"},
		{"cut before a character that begins there", strings.Repeat("x", 252) + "ääää", strings.Repeat("x", 252) + "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status := systemd.Status(tc.text)
			assert.Equal(t, "STATUS="+tc.want, status)
			assert.LessOrEqual(t, len(status), len("STATUS=")+256)
			assert.True(t, utf8.ValidString(status))
		})
	}
}

func FuzzStatus(f *testing.F) {
	f.Add("one\ntwo")
	f.Add(strings.Repeat("ä", 200) + "\xff")
	f.Fuzz(func(t *testing.T, text string) {
		status := systemd.Status(text)
		if len(status) > len("STATUS=")+256 || strings.ContainsAny(status, "\n\r\x00\x1b") || !utf8.ValidString(status) {
			t.Errorf("%q", status)
		}
	})
}

func TestWatchdogInterval(t *testing.T) {
	own := strconv.Itoa(os.Getpid())
	for _, tc := range []struct {
		name, micros, process string
		want                  time.Duration
	}{
		{"half a minute", "30000000", own, 30 * time.Second},
		{"for any process", "1", "", time.Microsecond},
		{"the longest", "9223372036854775", own, 9223372036854775 * time.Microsecond},
		{"for another process", "30000000", own + "0", 0},
		{"for no process", "30000000", "x", 0},
		{"not given", "", own, 0},
		{"zero", "0", own, 0},
		{"negative", "-1", own, 0},
		{"too long", "9223372036854776", own, 0},
		{"over 64 bits", "18446744073709551615", own, 0},
		{"with a unit", "30s", own, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			interval, ok := systemd.WatchdogInterval(func(name string) string {
				return map[string]string{"WATCHDOG_USEC": tc.micros, "WATCHDOG_PID": tc.process}[name]
			})
			assert.Equal(t, tc.want, interval)
			assert.Equal(t, tc.want > 0, ok)
		})
	}
}
