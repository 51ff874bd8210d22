package fakegoogle

import "encoding/json"

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
		return exchangeOptions{}, judge(ReasonOptions, "options have %d characters, more than %d", len(s), maxOptions)
	}
	var options struct {
		UserProject         string          `json:"userProject"`
		AccessBoundary      json.RawMessage `json:"accessBoundary"`
		BindCertFingerprint *string         `json:"bindCertFingerprint"`
	}
	if err := json.Unmarshal([]byte(s), &options); err != nil {
		return exchangeOptions{}, judge(ReasonOptions, "options are not the JSON that they should be")
	}
	if len(options.UserProject) > maxUserProject {
		return exchangeOptions{}, judge(ReasonOptions, "userProject has %d characters, more than %d", len(options.UserProject), maxUserProject)
	}
	if f := options.BindCertFingerprint; f != nil && len(*f) != certFingerprintSize {
		return exchangeOptions{}, judge(ReasonOptions, "bindCertFingerprint has %d characters, not %d", len(*f), certFingerprintSize)
	}
	boundary, err := parseAccessBoundary(options.AccessBoundary)
	if err != nil {
		return exchangeOptions{}, judge(ReasonOptions, "%v", err)
	}
	return exchangeOptions{options.UserProject, boundary}, nil
}
