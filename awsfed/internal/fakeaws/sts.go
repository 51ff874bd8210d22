package fakeaws

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

const (
	stsVersion   = "2011-06-15"
	globalSTS    = "sts.amazonaws.com"
	stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"
	// What refuses a request before it reaches STS proper has a namespace of its own.
	faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"
	stsMaxBody     = 10_000_000 // bytes; AWS cuts at a decimal ten million
)

// ServeSTS answers as the Security Token Service of every region, in XML or JSON. The action comes
// first, as at AWS: one that does not exist is named before anybody looks at the signature.
func (a *Cloud) ServeSTS(w http.ResponseWriter, r *http.Request) {
	now := a.now()
	requestID := newRequestID()
	header := w.Header()
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	body, err := io.ReadAll(io.LimitReader(r.Body, stsMaxBody+1))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if len(body) > stsMaxBody {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	header.Set("X-Amzn-Requestid", requestID)
	header.Set("X-Amz-Sts-Extended-Request-Id", base64.StdEncoding.EncodeToString(randomBytes(45)))
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		header.Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "<UnknownOperationException/>\n")
		return
	}
	p := parseSTSParameters(r, body)
	action, ok := p.get("Action")
	if !ok {
		http.Redirect(bodyless{w}, r, "https://aws.amazon.com/iam", http.StatusFound)
		return
	}
	accept := r.Header.Get("Accept")
	result, failure := a.act(r, body, action, p)
	if failure != nil {
		failure.answer(requestID).write(w, accept)
		return
	}
	answer{status: http.StatusOK, root: action + "Response", xmlns: stsNamespace, content: []element{
		{name: action + "Result", children: result},
		{name: "ResponseMetadata", children: elements("RequestId", requestID)},
	}}.write(w, accept)
}

// act returns the elements of the result.
func (a *Cloud) act(r *http.Request, body []byte, action string, p stsParameters) ([]element, *awsError) {
	version, ok := p.get("Version")
	if !ok {
		version = "NO_VERSION_SPECIFIED"
	}
	operations := map[string]func(caller, stsParameters) ([]element, *awsError){
		"GetCallerIdentity":   a.getCallerIdentity,
		"GetAccessKeyInfo":    a.getAccessKeyInfo,
		"GetSessionToken":     a.getSessionToken,
		"AssumeRole":          a.assumeRole,
		"GetWebIdentityToken": a.getWebIdentityToken,
	}
	if Hostname(requestHost(r)) == globalSTS {
		// AWS documents that its global endpoint does not have the action. That the refusal is that
		// of an action which does not exist is recalled.
		delete(operations, "GetWebIdentityToken")
	}
	switch operation := operations[action]; {
	case version == stsVersion && operation != nil:
		c, failure := a.verify(r, body)
		if failure != nil {
			return nil, failure
		}
		return operation(c, p)
	case version == stsVersion && action == "AssumeRoleWithWebIdentity": // the one that nobody signs
		return a.assumeRoleWithWebIdentity(p)
	}
	return nil, &awsError{
		status: http.StatusBadRequest, code: "InvalidAction", xmlns: faultNamespace,
		message: "Could not find operation " + action + " for version " + version,
	}
}

func (a *Cloud) getCallerIdentity(c caller, _ stsParameters) ([]element, *awsError) {
	return elements("Arn", c.arn, "UserId", c.userID, "Account", c.account), nil
}

// stsParameters are a request's parameters in wire order. Where one is repeated the first counts;
// those that an action does not know are passed over.
type stsParameters [][2]string

// parseSTSParameters reads the query and, of a POST, the form in the body. Google's subject token
// is a POST whose parameters are all in the query.
func parseSTSParameters(r *http.Request, body []byte) stsParameters {
	raw := r.URL.RawQuery
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodPost && contentType == "application/x-www-form-urlencoded" {
		raw += "&" + string(body)
	}
	var p stsParameters
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" {
			continue
		}
		if value, err = url.QueryUnescape(value); err == nil {
			p = append(p, [2]string{name, value})
		}
	}
	return p
}

func (p stsParameters) get(name string) (value string, ok bool) {
	for _, pair := range p {
		if pair[0] == name {
			return pair[1], true
		}
	}
	return "", false
}

// bodyless keeps net/http from adding a page to a redirect: AWS sends none.
type bodyless struct{ http.ResponseWriter }

func (bodyless) Write(b []byte) (int, error) { return len(b), nil }

// newRequestID returns a random UUID.
func newRequestID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
