package conformance_test

import (
	"os"
	"regexp"
)

// normalize takes out of an error what differs from run to run: ports, times and IDs.
func normalize(text string) string {
	for _, rule := range volatile {
		text = rule.pattern.ReplaceAllString(text, rule.replacement)
	}
	return text
}

var volatile = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`\b\d{8}T\d{6}Z\b`), "TIME"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "ID"},
	// The AWS SDK pauses for a random time, and may or may not come to its third attempt.
	{regexp.MustCompile(`(aws-credentials: MetadataUnavailable): .*?; hint`), "$1: …; hint"},
	{regexp.MustCompile(`object at 0x[0-9a-f]+`), "object"},
	{regexp.MustCompile(regexp.QuoteMeta(os.TempDir()) + `/\S+`), "FILE"},
}
