package fakeaws

import (
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

// canonicalRequest returns what stands for a request in the text that is signed; path and query are
// as they came over the wire. ok is false when there is no such thing: the query cannot be decoded,
// or the signed headers are not in order, which AWS refuses (saltstack/salt#40536,
// NetSPI/AWSSigner#22).
func (s authorization) canonicalRequest(method, wirePath, query string, headers map[string]string, body []byte) (canonical string, ok bool) {
	parameters, ok := s.canonicalQuery(query)
	if !ok || !slices.IsSorted(s.signedHeaders) {
		return "", false
	}
	var values strings.Builder
	for _, name := range s.signedHeaders {
		values.WriteString(name + ":" + headers[name] + "\n")
	}
	return strings.Join([]string{
		method, canonicalPath(wirePath), parameters, values.String(), strings.Join(s.signedHeaders, ";"), hexSHA256(body),
	}, "\n"), true
}

// signableHeaders returns the request's headers as SigV4 signs them, by AWS's documentation and its
// public test vectors: names in lower case, runs of spaces folded, within quotes too, repeated ones
// joined by commas in the order in which they came.
func signableHeaders(r *http.Request, body []byte) map[string]string {
	headers := make(map[string]string, len(r.Header)+2)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		lower := strings.ToLower(name)
		for _, value := range r.Header[name] {
			value = foldSpaces(value)
			if before, ok := headers[lower]; ok {
				value = before + "," + value
			}
			headers[lower] = value
		}
	}
	// net/http keeps these two outside of the map. AWS signs the Host that it is sent, so that a
	// client must send the port that it has signed, a default one too (aws/aws-cli#2883).
	headers["host"] = foldSpaces(requestHost(r))
	if _, ok := headers["content-length"]; !ok && len(body) > 0 {
		headers["content-length"] = strconv.Itoa(len(body))
	}
	return headers
}

func requestHost(r *http.Request) string {
	if r.Host == "" { // a request on the client's side
		return r.URL.Host
	}
	return r.Host
}

func foldSpaces(value string) string {
	for strings.Contains(value, "  ") {
		value = strings.ReplaceAll(value, "  ", " ")
	}
	return strings.TrimSpace(value)
}

// canonicalPath takes needless slashes and relative parts out of a path (RFC 3986 §5.2.4) and
// encodes it a second time, both of which AWS's documentation asks for ("Create a canonical
// request") of all services but S3. The SDK for Go does not do the former, which a service may mind
// (smithy-lang/smithy-rs#1308); that all services do as documented has been doubted
// (aws/aws-sdk-js#853).
func canonicalPath(wire string) string {
	clean := path.Clean("/" + wire)
	if strings.HasSuffix(wire, "/") && clean != "/" {
		clean += "/"
	}
	return strings.ReplaceAll(uriEncode(clean), "%2F", "/")
}

// canonicalQuery sorts the parameters in their encoded form, those of one name by their values,
// without a signature that is among them. ok is false when one cannot be decoded.
func (s authorization) canonicalQuery(raw string) (canonical string, ok bool) {
	type parameter struct{ name, value string }
	var parameters []parameter
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return "", false
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return "", false
		}
		if s.presigned && name == "X-Amz-Signature" {
			continue
		}
		parameters = append(parameters, parameter{uriEncode(name), uriEncode(value)})
	}
	slices.SortFunc(parameters, func(a, b parameter) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	encoded := make([]string, len(parameters))
	for i, p := range parameters {
		encoded[i] = p.name + "=" + p.value
	}
	return strings.Join(encoded, "&"), true
}

// uriEncode is RFC 3986 encoding of all but the unreserved characters.
func uriEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
