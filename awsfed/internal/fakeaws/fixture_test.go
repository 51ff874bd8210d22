package fakeaws_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
)

// testCloud is a cloud with a network, in the process, and a clock that can be set.
type testCloud struct {
	AWS  *fakeaws.Cloud
	skew time.Duration
}

func newCloud(opts fakeaws.Options) *testCloud {
	c := new(testCloud)
	opts.Now = func() time.Time { return time.Now().Add(c.skew) }
	c.AWS = fakeaws.New(opts)
	return c
}

func (c *testCloud) SetClock(offset time.Duration) { c.skew = offset }

func (c *testCloud) Client() *http.Client {
	return &http.Client{Transport: inprocess.Transport{Handler: c}}
}

// ServeHTTP lets the service answer that the host names or, on loopback, the path.
func (c *testCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch host := fakeaws.Hostname(r.Host); {
	case host == "169.254.169.254":
		c.AWS.ServeMetadata(w, r)
	case host == "169.254.170.2", host == "169.254.170.23", host == "fd00:ec2::23", strings.HasPrefix(r.URL.Path, "/container/"):
		c.AWS.ServeContainerCredentials(w, r)
	case fakeaws.OutboundHost(host):
		c.AWS.ServeOutboundIssuer(w, r)
	default:
		c.AWS.ServeSTS(w, r)
	}
}
