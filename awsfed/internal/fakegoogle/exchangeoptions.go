package fakegoogle

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/awsfed/awsfed-go/internal/strictjson"
)

// The limits of the parameter options (reference of STS v1).
const (
	maxOptions             = 4 << 20 // characters
	maxUserProject         = 32
	maxAccessBoundary      = 2048
	maxAccessBoundaryRules = 10
	certFingerprintSize    = 43
)

// exchangeOptions is the parameter options of a token exchange.
type exchangeOptions struct {
	userProject string               // that is to bear the quota; "" for none
	boundary    []AccessBoundaryRule // nil for none
}

func parseOptions(s string) (exchangeOptions, *judgement) {
	if s == "" {
		return exchangeOptions{}, nil
	}
	if len(s) > maxOptions {
		return exchangeOptions{}, judge(ReasonOptions, "options have %d characters, more than %d", len(s), maxOptions).openly()
	}
	// google-auth for Python percent-encodes the JSON, and then the form as a whole
	// (oauth2/sts.py).
	if decoded, err := url.PathUnescape(s); err == nil && strings.HasPrefix(s, "%") {
		s = decoded
	}
	// What Google does with names that it does not know is not known, so they are ignored.
	object, err1 := strictjson.Fields([]byte(s))
	userProject, err2 := strictjson.String(object.Get("userProject"))
	var fingerprint *string
	var err3 error
	if value := object.Get("bindCertFingerprint"); value != nil {
		err3 = json.Unmarshal(value, &fingerprint)
	}
	if err := cmp.Or(err1, err2, err3); err != nil {
		return exchangeOptions{}, judge(ReasonOptions, "options are not the JSON that they should be")
	}
	if len(userProject) > maxUserProject {
		return exchangeOptions{}, judge(ReasonOptions, "userProject has %d characters, more than %d", len(userProject), maxUserProject).openly()
	}
	if f := fingerprint; f != nil && len(*f) != certFingerprintSize {
		return exchangeOptions{}, judge(ReasonOptions, "bindCertFingerprint has %d characters, not %d", len(*f), certFingerprintSize).openly()
	}
	boundary, err := parseAccessBoundary(object.Get("accessBoundary"))
	if err != nil {
		return exchangeOptions{}, judge(ReasonOptions, "%v", err)
	}
	return exchangeOptions{userProject, boundary}, nil
}
