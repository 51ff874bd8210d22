package systemd

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Ready says that the start, or a reload, is complete.
	Ready = "READY=1"
	// Stopping says that the service has begun to stop.
	Stopping = "STOPPING=1"
	// Watchdog says that the service is alive, within each [WatchdogInterval].
	Watchdog = "WATCHDOG=1"
)

// maxStatus bounds the text of a status in bytes. It is shown in one line of a terminal.
const maxStatus = 256

// Reloading says that the service reads its configuration again; [Ready] has to follow. A service
// of Type=notify-reload has to tell the time as well, in microseconds of CLOCK_MONOTONIC, so that
// an answer to an earlier signal is not taken for one to a later; it is read on Linux alone.
func Reloading() []string {
	states := []string{"RELOADING=1"}
	if now, ok := monotonicMicroseconds(); ok {
		states = append(states, "MONOTONIC_USEC="+strconv.FormatInt(now, 10))
	}
	return states
}

// Status tells people, in "systemctl status", what the service does: text as valid UTF-8 of at most
// 256 bytes on one line, since systemd drops what is no UTF-8 and takes a second line for another
// state. Characters that cannot be seen become blanks, and runs of blanks one.
func Status(text string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) { // utf8.RuneError, which stands for an invalid byte, is
			return r
		}
		return ' '
	}, text)
	line := strings.Join(strings.Fields(visible), " ")
	if len(line) > maxStatus {
		end := maxStatus - len("…")
		for !utf8.RuneStart(line[end]) {
			end--
		}
		line = line[:end] + "…"
	}
	return "STATUS=" + line
}
