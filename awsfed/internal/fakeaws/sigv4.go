package fakeaws

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	sigV4Algorithm  = "AWS4-HMAC-SHA256"
	sigV4Terminator = "aws4_request"
	sigV4Time       = "20060102T150405Z" // ISO 8601 basic, as x-amz-date has it
	sigV4Window     = 15 * time.Minute   // how far x-amz-date may be off, both ways
)

// verify judges the signature of a request to STS as AWS does, by Signature Version 4 in the
// Authorization header or in the query ("presigned URLs"), and says who made it.
//
// The rules stand in the order in which AWS applies them, so that a request which breaks several
// gets the error that AWS would give: form, date, signed headers, credential scope, then key and
// session token, expiry and the role behind them, and the signature itself last.
func (a *Cloud) verify(r *http.Request, body []byte) (caller, *awsError) {
	now := a.now().UTC().Truncate(time.Second)
	headers := signableHeaders(r, body)
	auth, failure := authorizationOf(r, headers)
	if failure != nil {
		return caller{}, failure
	}
	if failure := checkDate(auth.date, now); failure != nil {
		return caller{}, failure
	}
	if failure := auth.checkSignedHeaders(headers); failure != nil {
		return caller{}, failure
	}
	if auth.algorithm != sigV4Algorithm {
		return caller{}, incompleteSignature("Unsupported AWS 'algorithm': '" + auth.algorithm + "' (only AWS4-HMAC-SHA256 for now). ")
	}
	scope, failure := parseScope(auth.credential)
	if failure != nil {
		return caller{}, failure
	}
	if failure := a.checkScope(scope, requestHost(r), auth.date); failure != nil {
		return caller{}, failure
	}
	key, failure := a.signingKey(scope.keyID, auth.token, requestHost(r), now)
	if failure != nil {
		return caller{}, failure
	}
	canonical, ok := auth.canonicalRequest(r.Method, r.URL.EscapedPath(), r.URL.RawQuery, headers, body)
	want := scope.sign(key.secret, scope.stringToSign(auth.date, canonical))
	if !ok || !hmac.Equal([]byte(want), []byte(auth.signature)) {
		return caller{}, signatureDoesNotMatch(wrongSignatureReason)
	}
	c := key.caller
	c.region, c.expires = scope.region, key.expires
	return c, nil
}

// authorization is a signature and what goes with it, from the Authorization header or the query.
type authorization struct {
	algorithm     string
	credential    string
	signedHeaders []string
	signature     string
	date          string
	token         string // of the session
	presigned     bool   // in the query
}

// authorizationOf finds the signature of a request. One in either place is wanted: the text for two
// is that of DynamoDB and Kinesis, and that STS has it with this code is a guess.
func authorizationOf(r *http.Request, headers map[string]string) (authorization, *awsError) {
	query := parseSTSParameters(r, nil)
	_, presigned := query.get("X-Amz-Algorithm")
	switch _, ok := headers["authorization"]; {
	case ok && presigned:
		return authorization{}, signatureDoesNotMatch("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case presigned:
		return parsePresigned(query)
	}
	return parseAuthorization(headers)
}

// parseAuthorization takes the header apart; it looks at no value yet, as AWS names everything that
// is missing at once.
func parseAuthorization(headers map[string]string) (authorization, *awsError) {
	header := headers["authorization"]
	if !strings.HasPrefix(header, "AWS4-") {
		return authorization{}, missingAuthenticationToken()
	}
	// AWS names the header by its hash, so that no signature gets into a log.
	sum := sha256.Sum256([]byte(header))
	hash := base64.StdEncoding.EncodeToString(sum[:])

	algorithm, rest, more := strings.Cut(header, " ")
	parameters := make(map[string]string)
	for part := range strings.SplitSeq(rest, ",") {
		if !more {
			break
		}
		// AWS documents one comma between parameters, with a space after it or without. That it
		// refuses a comma too many is not documented: there is nothing between two of them, which
		// is no key=value pair either.
		part = strings.TrimSpace(part)
		name, value, ok := strings.Cut(part, "=")
		if !ok || strings.ContainsAny(part, " \t") {
			return authorization{}, incompleteSignature("Invalid key=value pair (missing equal-sign) in Authorization header " +
				"(hashed with SHA-256 and encoded with Base64): '" + hash + "'.")
		}
		if _, twice := parameters[name]; twice || !slices.Contains([]string{"Credential", "SignedHeaders", "Signature"}, name) {
			// AWS's own text is not known.
			return authorization{}, incompleteSignature("emulator: parameter '" + name + "' of the Authorization header is unknown or repeated.")
		}
		parameters[name] = value
	}
	var missing strings.Builder
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if parameters[name] == "" {
			missing.WriteString("Authorization header requires '" + name + "' parameter. ")
		}
	}
	if headers["x-amz-date"] == "" && headers["date"] == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() > 0 {
		return authorization{}, incompleteSignature(missing.String() + "(Hashed with SHA-256 and encoded with Base64) Authorization=" + hash)
	}
	return authorization{
		algorithm:     algorithm,
		credential:    parameters["Credential"],
		signedHeaders: strings.Split(parameters["SignedHeaders"], ";"),
		signature:     parameters["Signature"],
		date:          cmp.Or(headers["x-amz-date"], headers["date"]),
		token:         headers["x-amz-security-token"],
	}, nil
}

func checkDate(date string, now time.Time) *awsError {
	at, err := time.Parse(sigV4Time, date)
	if err != nil || at.Format(sigV4Time) != date { // time.Parse lets fractions of a second pass
		return incompleteSignature("Date must be in ISO-8601 'basic format'. Got '" + date + "'. See http://en.wikipedia.org/wiki/ISO_8601")
	}
	if oldest := now.Add(-sigV4Window); at.Before(oldest) {
		return signatureDoesNotMatch("Signature expired: " + date + " is now earlier than " + oldest.Format(sigV4Time) +
			" (" + now.Format(sigV4Time) + " - 15 min.)")
	}
	if newest := now.Add(sigV4Window); at.After(newest) {
		return signatureDoesNotMatch("Signature not yet current: " + date + " is still later than " + newest.Format(sigV4Time) +
			" (" + now.Format(sigV4Time) + " + 15 min.)")
	}
	return nil
}

// checkSignedHeaders asks for what must be signed: the host, and every x-amz-… header that is
// there. Others may go unsigned, x-goog-cloud-target-resource among them: whether that is good
// enough is Google's affair. The list has the names in lower case, as AWS documents it, so that
// another form of one names nothing; that AWS sees it so is recalled.
func (s authorization) checkSignedHeaders(headers map[string]string) *awsError {
	if !slices.Contains(s.signedHeaders, "host") {
		return signatureDoesNotMatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(s.signedHeaders, name) {
			return signatureDoesNotMatch("'" + name + "' must be a 'SignedHeader' in the AWS Authorization.")
		}
	}
	for _, name := range s.signedHeaders {
		if _, ok := headers[name]; !ok {
			return incompleteSignature("'" + name + "' is named as a SignedHeader, but it does not exist in the HTTP request.")
		}
	}
	return nil
}

// credentialScope is the Credential parameter: a key, and what it was derived for.
type credentialScope struct {
	keyID, date, region, service, terminator string
}

func parseScope(credential string) (credentialScope, *awsError) {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return credentialScope{}, incompleteSignature("Credential must have exactly 5 slash-delimited elements, " +
			"e.g. keyid/date/region/service/term, got '" + credential + "'")
	}
	return credentialScope{parts[0], parts[1], parts[2], parts[3], parts[4]}, nil
}

func (c credentialScope) String() string {
	return c.date + "/" + c.region + "/" + c.service + "/" + c.terminator
}

// stringToSign is the text that the signature is made of, with a canonical request in it.
func (c credentialScope) stringToSign(date, canonical string) string {
	return strings.Join([]string{sigV4Algorithm, date, c.String(), hexSHA256([]byte(canonical))}, "\n")
}

// sign returns the signature in lower-case hexadecimal.
func (c credentialScope) sign(secret, toSign string) string {
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.date, c.region, c.service, c.terminator, toSign} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// checkScope holds the scope against the endpoint that was called; AWS strings together what is
// wrong with it. A host of the emulator's own stands for every region of the partition.
func (a *Cloud) checkScope(c credentialScope, host, date string) *awsError {
	var message strings.Builder
	_, region, real := STSRegion(host)
	if real && c.region != region || !real && !isRegionOf(c.region, a.partition) || a.rejects(WrongScope) {
		message.WriteString(wrongRegionMessage)
	}
	if c.service != "sts" {
		message.WriteString(wrongServiceMessage)
	}
	if c.terminator != sigV4Terminator {
		message.WriteString("Credential should be scoped with a valid terminator: 'aws4_request', not '" + c.terminator + "'. ")
	}
	if day := date[:len("20060102")]; c.date != day {
		message.WriteString("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			c.date + "' != '" + day + "', from '" + date + "'.")
	}
	if message.Len() > 0 {
		return signatureDoesNotMatch(message.String())
	}
	return nil
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
