package examples_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	v4Algorithm   = "GOOG4-RSA-SHA256"
	v4Date        = "20060102T150405Z"
	v4MaxLife     = 7 * 24 * time.Hour
	v4Skew        = 15 * time.Minute // between the clocks of who signs and who verifies
	v4ScopeSuffix = "/storage/goog4_request"
)

// A v4Verifier judges requests that are signed in their query, as Cloud Storage does by what Google
// documents of canonical requests and V4 signatures
// (https://docs.cloud.google.com/storage/docs/authentication/signatures).
type v4Verifier struct {
	accounts []string         // have access
	network  *http.Client     // reaches their public keys
	now      func() time.Time // the verifier's clock
}

// A v4Signature is what a signature says of itself.
type v4Signature struct {
	account   string
	scope     string // DATE/LOCATION/storage/goog4_request
	date      string
	life      time.Duration
	headers   []string // that are signed, in lower case
	signature []byte
}

// verify is nil for a request that a signature of an account with access covers.
func (v v4Verifier) verify(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return err
	}
	s, err := v4SignatureOf(query)
	if err != nil {
		return err
	}
	if err := s.coversHeadersOf(r); err != nil {
		return err
	}
	return v.judge(r.Context(), s, v4StringToSign(r, query, s))
}

// judge verifies what a URL and a form have in common: time, account and signature.
func (v v4Verifier) judge(ctx context.Context, s v4Signature, signed string) error {
	start, err := time.Parse(v4Date, s.date)
	if err != nil {
		return err
	}
	day, location, _ := strings.Cut(s.scope, "/")
	if !strings.HasSuffix(location, v4ScopeSuffix) || !strings.HasPrefix(s.date, day+"T") {
		return fmt.Errorf("the scope %q is not that of a request to Cloud Storage on the day of %s", s.scope, s.date)
	}
	switch now := v.now(); {
	case s.life <= 0 || s.life > v4MaxLife:
		return fmt.Errorf("a life of %v is not from a second to seven days", s.life)
	case now.Add(v4Skew).Before(start):
		return errors.New("the signature is not valid yet")
	case now.After(start.Add(s.life)):
		return errors.New("the signature has expired")
	case !slices.Contains(v.accounts, s.account):
		return fmt.Errorf("%s has no access", s.account)
	}
	keys, err := accountKeys(ctx, v.network, s.account)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(signed))
	for _, key := range keys {
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], s.signature) == nil {
			return nil
		}
	}
	return fmt.Errorf("the signature does not match a key of %s", s.account)
}

// v4SignatureOf reads the parameters of a signed URL, each of which has to be there once.
func v4SignatureOf(query url.Values) (s v4Signature, err error) {
	one := func(name string) string {
		if len(query[name]) != 1 || query[name][0] == "" {
			err = errors.Join(err, fmt.Errorf("%s is there %d times", name, len(query[name])))
			return ""
		}
		return query[name][0]
	}
	algorithm, credential, life := one("X-Goog-Algorithm"), one("X-Goog-Credential"), one("X-Goog-Expires")
	headers, signature := one("X-Goog-SignedHeaders"), one("X-Goog-Signature")
	s.date = one("X-Goog-Date")
	if err != nil {
		return v4Signature{}, err
	}
	if algorithm != v4Algorithm {
		return v4Signature{}, fmt.Errorf("the algorithm %q is not %s", algorithm, v4Algorithm)
	}
	seconds, err := strconv.ParseInt(life, 10, 32)
	if err != nil {
		return v4Signature{}, err
	}
	if s.signature, err = hex.DecodeString(signature); err != nil {
		return v4Signature{}, err
	}
	s.account, s.scope, _ = strings.Cut(credential, "/")
	s.life, s.headers = time.Duration(seconds)*time.Second, strings.Split(headers, ";")
	return s, nil
}

// coversHeadersOf demands that the host and all extension headers are signed, and that what is
// signed was sent.
func (s v4Signature) coversHeadersOf(r *http.Request) error {
	if !slices.Contains(s.headers, "host") {
		return errors.New("the header host is not signed")
	}
	if !slices.IsSorted(s.headers) {
		return fmt.Errorf("the signed headers %q are not sorted", s.headers)
	}
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-goog-") && !slices.Contains(s.headers, name) {
			return fmt.Errorf("the header %s is sent and not signed", name)
		}
	}
	for _, name := range s.headers {
		if name != "host" && len(r.Header.Values(name)) == 0 {
			return fmt.Errorf("the header %s is signed and not sent", name)
		}
	}
	return nil
}

// v4StringToSign makes anew, of the request as it came, what should have been signed.
func v4StringToSign(r *http.Request, query url.Values, s v4Signature) string {
	segments := strings.Split(r.URL.Path, "/")
	for i := range segments {
		segments[i] = percentEncode(segments[i])
	}
	var parameters []string
	for name, values := range query {
		for _, value := range values {
			if name != "X-Goog-Signature" {
				parameters = append(parameters, percentEncode(name)+"="+percentEncode(value))
			}
		}
	}
	slices.Sort(parameters)

	lines := []string{r.Method, strings.Join(segments, "/"), strings.Join(parameters, "&")}
	for _, name := range s.headers {
		values := slices.Clone(r.Header.Values(name))
		if name == "host" {
			values = []string{withoutPort(r.Host)} // as Google's client signs it
		}
		for i := range values {
			values[i] = strings.Join(strings.Fields(values[i]), " ")
		}
		lines = append(lines, name+":"+strings.Join(values, ","))
	}
	payload := r.Header.Get("X-Goog-Content-Sha256")
	if payload == "" {
		payload = "UNSIGNED-PAYLOAD"
	}
	lines = append(lines, "", strings.Join(s.headers, ";"), payload)
	digest := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return strings.Join([]string{v4Algorithm, s.date, s.scope, hex.EncodeToString(digest[:])}, "\n")
}

// percentEncode leaves only the unreserved characters of RFC 3986 §2.3 as they are.
func percentEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func withoutPort(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// accountKeys are the public keys of a service account, from where Google has them.
func accountKeys(ctx context.Context, network *http.Client, email string) ([]*rsa.PublicKey, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://www.googleapis.com/service_accounts/v1/metadata/x509/"+email, nil)
	if err != nil {
		return nil, err
	}
	resp, err := network.Do(request)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var certificates map[string]string
	if err := json.NewDecoder(resp.Body).Decode(&certificates); err != nil {
		return nil, err
	}
	var keys []*rsa.PublicKey
	for id, text := range certificates {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, fmt.Errorf("key %s is no PEM", id)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		key, ok := certificate.PublicKey.(*rsa.PublicKey)
		if !ok {
			return nil, fmt.Errorf("key %s is a %T", id, certificate.PublicKey)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
