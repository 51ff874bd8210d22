package fakeaws

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	imdsTokenHeader = "X-Aws-Ec2-Metadata-Token"
	imdsTTLHeader   = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"
	imdsMaxTTL      = 21600 // seconds

	instanceID = "i-0123456789abcdef0"
)

// instance is the one EC2 instance.
type instance struct {
	region, zone string
	v1           bool
	profileID    string
	tokens       map[string]time.Time // of IMDSv2, with the end of each
	source       keySource            // whose session is the instance's ID
}

func newInstance(region, role string) instance {
	return instance{
		region:    region,
		zone:      region + "a",
		profileID: uniqueID("AIPA"),
		tokens:    make(map[string]time.Time),
		source:    keySource{role: role, session: instanceID},
	}
}

// SetInstanceRole has the EC2 instance run as another role. With "" it has none: EC2 metadata
// answers 404 where it would name the role.
func (a *Cloud) SetInstanceRole(role string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	arn := ""
	if role != "" {
		r, err := a.role(role)
		if err != nil {
			return err
		}
		arn = r.arn
	}
	a.instance.source = keySource{role: arn, session: instanceID}
	return nil
}

// InstanceRole returns the ARN of the EC2 instance's role, "" if it has none.
func (a *Cloud) InstanceRole() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.instance.source.role
}

// SetIMDSv1 says whether EC2 metadata answers requests without a token. Default: it does not, and
// answers them 401.
func (a *Cloud) SetIMDSv1(on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instance.v1 = on
}

// SetPlacement moves the EC2 instance to another region and availability zone, or to a Local Zone
// such as us-west-2-lax-1a in us-west-2. A zone of "" is the region's first, such as us-west-2a.
// The region must be of the cloud's partition, and the zone in the region.
func (a *Cloud) SetPlacement(region, zone string) error {
	if zone == "" {
		zone = region + "a"
	}
	if !isRegionOf(region, a.partition) || !strings.HasPrefix(zone, region) {
		return fmt.Errorf("setting the placement: region %q with zone %q: no such place in partition %s", region, zone, a.partition)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instance.region, a.instance.zone = region, zone
	return nil
}

// instanceKeys returns the keys of the instance's role and when they were made.
func (a *Cloud) instanceKeys() (keys aws.Credentials, updated time.Time, err error) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	keys, err = a.current(&a.instance.source, now)
	return keys, a.instance.source.updated, err
}

// ServeMetadata answers as the instance metadata service, version 2 and, if it is switched on,
// version 1.
func (a *Cloud) ServeMetadata(w http.ResponseWriter, r *http.Request) {
	now := a.now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("Server", "EC2ws")
	switch {
	case r.URL.Path == "/latest/api/token" && r.Method == http.MethodPut:
		a.serveEC2Token(w, r, now)
	case r.Method != http.MethodGet && r.Method != http.MethodHead, r.URL.Path == "/latest/api/token":
		metadataError(w, http.StatusMethodNotAllowed)
	case !a.admitsToken(r.Header.Get(imdsTokenHeader), now):
		metadataError(w, http.StatusUnauthorized)
	default:
		a.serveEC2Data(w, r)
	}
}

func (a *Cloud) serveEC2Token(w http.ResponseWriter, r *http.Request, now time.Time) {
	// A forwarded request came through a proxy that somebody may misuse.
	if r.Header.Get("X-Forwarded-For") != "" {
		metadataError(w, http.StatusForbidden)
		return
	}
	ttl, err := strconv.Atoi(r.Header.Get(imdsTTLHeader))
	if err != nil || ttl < 1 || ttl > imdsMaxTTL {
		metadataError(w, http.StatusBadRequest)
		return
	}
	token := "AQAEA" + randomBase32(46) + "=="
	a.mu.Lock()
	for old, ends := range a.instance.tokens {
		if !now.Before(ends) {
			delete(a.instance.tokens, old)
		}
	}
	a.instance.tokens[token] = now.Add(time.Duration(ttl) * time.Second)
	a.mu.Unlock()
	w.Header().Set(imdsTTLHeader, strconv.Itoa(ttl))
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, token)
}

// admitsToken reports whether a request with that token, "" for none, is let in. A wrong token is
// refused even where none would do.
func (a *Cloud) admitsToken(token string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token == "" {
		return a.instance.v1
	}
	return now.Before(a.instance.tokens[token])
}

// metadataError writes the page that the metadata service has for a status.
func metadataError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html><head><title>%[1]d - %[2]s</title></head><body><h1>%[1]d - %[2]s</h1></body></html>\n",
		status, http.StatusText(status))
}
