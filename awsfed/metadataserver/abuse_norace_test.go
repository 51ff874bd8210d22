//go:build !race

package metadataserver_test

const abuseRaceDetector = false
