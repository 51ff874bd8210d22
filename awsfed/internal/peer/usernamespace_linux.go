package peer

import (
	"bytes"
	"os"
	"strconv"
)

// wholeMap is the number of user IDs that a user namespace can have. 4294967295 is none.
const wholeMap = 1<<32 - 1

// unmapped reports whether uid may stand for a user who has no number in the user namespace of this
// process, of user_namespaces(7): the kernel tells all of those as one number, which is as a rule
// 65534, "nobody". A server of that user must not take a stranger for itself. Which of both uid is
// cannot be told, so nobody has that number where a namespace lacks any.
func unmapped(uid uint32) bool {
	if table, err := os.ReadFile("/proc/self/uid_map"); err == nil && mapsAll(table) {
		return false
	}
	return uid == overflowUID()
}

// mapsAll reports whether a uid_map, lines of "first outside count", leaves nobody out.
func mapsAll(table []byte) bool {
	var mapped uint64
	for line := range bytes.Lines(table) {
		fields := bytes.Fields(line)
		if len(fields) != 3 {
			return false
		}
		count, err := strconv.ParseUint(string(fields[2]), 10, 32)
		if err != nil {
			return false
		}
		mapped += count // ranges do not overlap: the kernel sees to it
	}
	return mapped == wholeMap
}

// overflowUID is the number that stands for all who have none.
func overflowUID() uint32 {
	const usual = 65534
	text, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil {
		return usual
	}
	uid, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 32)
	if err != nil {
		return usual
	}
	return uint32(uid)
}
