package examples_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// servePost takes a form whose policy is signed and allows what else is in it.
func (s *objectServer) servePost(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fields := make(map[string]string)
	for name, values := range r.MultipartForm.Value {
		fields[name] = strings.Join(values, ",")
	}
	bucket := strings.Trim(r.URL.Path, "/")
	if err := s.verifier.verifyForm(r, bucket, fields, len(content)); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s.put("/"+bucket+"/"+fields["key"], object{http.Header{"Content-Type": {fields["content-type"]}}, content})
	status, err := strconv.Atoi(fields["success_action_status"])
	if err != nil {
		status = http.StatusNoContent
	}
	w.WriteHeader(status)
}

// verifyForm is nil for a form that its policy allows, if an account with access signed that
// (https://docs.cloud.google.com/storage/docs/authentication/signatures#policy-document).
func (v v4Verifier) verifyForm(r *http.Request, bucket string, fields map[string]string, size int) error {
	account, scope, _ := strings.Cut(fields["x-goog-credential"], "/")
	signature, err := hex.DecodeString(fields["x-goog-signature"])
	if err != nil {
		return err
	}
	if fields["x-goog-algorithm"] != v4Algorithm {
		return fmt.Errorf("the algorithm %q is not %s", fields["x-goog-algorithm"], v4Algorithm)
	}
	text, err := base64.StdEncoding.DecodeString(fields["policy"])
	if err != nil {
		return err
	}
	var policy struct {
		Conditions []any     `json:"conditions"`
		Expiration time.Time `json:"expiration"`
	}
	if err := json.Unmarshal(text, &policy); err != nil {
		return err
	}
	start, err := time.Parse(v4Date, fields["x-goog-date"])
	if err != nil {
		return err
	}
	life := policy.Expiration.Sub(start)
	s := v4Signature{account: account, scope: scope, date: fields["x-goog-date"], life: life, signature: signature}
	if err := v.judge(r.Context(), s, fields["policy"]); err != nil {
		return err
	}
	return allows(policy.Conditions, bucket, fields, size)
}

// allows is nil if each condition holds, and each field has one.
func allows(conditions []any, bucket string, fields map[string]string, size int) error {
	rest := map[string]string{"bucket": bucket}
	for name, value := range fields {
		if name != "policy" && name != "x-goog-signature" {
			rest[name] = value
		}
	}
	actual := func(name string) string {
		if name == "bucket" {
			return bucket
		}
		return fields[name]
	}
	for _, condition := range conditions {
		met, name := false, ""
		switch c := condition.(type) {
		case map[string]any: // one, {"NAME": "VALUE"}
			for name = range c {
				met = len(c) == 1 && c[name] == actual(name)
			}
		case []any:
			switch {
			case len(c) == 3 && c[0] == "content-length-range":
				least, _ := c[1].(float64)
				most, _ := c[2].(float64)
				met = float64(size) >= least && float64(size) <= most
			case len(c) == 3 && c[0] == "starts-with":
				variable, _ := c[1].(string)
				prefix, _ := c[2].(string)
				name = strings.TrimPrefix(variable, "$")
				met = strings.HasPrefix(actual(name), prefix)
			}
		}
		if !met {
			return fmt.Errorf("the condition %v is not met", condition)
		}
		delete(rest, name)
	}
	if len(rest) > 0 {
		return fmt.Errorf("the policy has no condition for %q", slices.Sorted(maps.Keys(rest)))
	}
	return nil
}
