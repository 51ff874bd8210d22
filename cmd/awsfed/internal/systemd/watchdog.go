package systemd

import (
	"math"
	"os"
	"strconv"
	"time"
)

// WatchdogInterval is the time after which the service manager takes this process for hung unless
// [Watchdog] came, by WATCHDOG_USEC, in microseconds, and WATCHDOG_PID, of sd_watchdog_enabled(3).
// A service sends it every half of that. It is false if nobody waits for this process: the interval
// is not given, is not a positive number, or is for a process of another ID.
func WatchdogInterval(getenv func(string) string) (time.Duration, bool) {
	if process := getenv("WATCHDOG_PID"); process != "" && process != strconv.Itoa(os.Getpid()) {
		return 0, false
	}
	micros, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || micros <= 0 || micros > math.MaxInt64/int64(time.Microsecond) {
		return 0, false
	}
	return time.Duration(micros) * time.Microsecond, true
}
