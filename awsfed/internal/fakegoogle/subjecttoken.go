package fakegoogle

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	sigV4Algorithm = "AWS4-HMAC-SHA256"
	sigV4Time      = "20060102T150405Z" // ISO 8601 basic, as x-amz-date has it

	headerTarget       = "x-goog-cloud-target-resource"
	callerIdentity     = "GetCallerIdentity"
	callerIdentityVers = "2011-06-15"
	maxCallerIdentity  = 1 << 20 // bytes of AWS's answer
	tokenTypeAWS       = "urn:ietf:params:aws:token-type:aws4_request"
)

// VerifySubjectToken judges an AWS subject token for a provider's audience as STS does, short of
// the provider's own rules: it decodes the token, applies every rule on the signed request, and
// sends that to the AWS side to hear whose it is. A token that STS would not take gives a
// [*Refusal].
func (g *Cloud) VerifySubjectToken(ctx context.Context, audience, token string) (principal.Identity, error) {
	u := g.switches(STS).unsettled
	id, j := g.verifySubjectToken(ctx, u, audience, token)
	if j != nil {
		return principal.Identity{}, u.refusal(j)
	}
	return id, nil
}

func (g *Cloud) verifySubjectToken(ctx context.Context, u Unsettled, audience, token string) (principal.Identity, *judgement) {
	verifier := subjectTokenVerifier{Unsettled: u, audience: audience, now: g.now(), ownHost: g.ownHost, stsRegion: g.stsRegion}
	request, j := verifier.request(token)
	if j != nil {
		return principal.Identity{}, j
	}
	response := g.replay(request.WithContext(ctx))
	if response == nil {
		return principal.Identity{}, judge(ReasonAWSUnavailable, "AWS gave no answer").openly()
	}
	defer response.Body.Close()
	return readCallerIdentity(response)
}

// subjectTokenVerifier judges what can be judged of a subject token without asking AWS.
type subjectTokenVerifier struct {
	Unsettled
	audience  string
	now       time.Time
	ownHost   func(string) bool
	stsRegion func(string) (partition, region string, ok bool)
}

// subjectToken is the JSON in a subject token (AIP-4117; reference of STS v1).
type subjectToken struct {
	url, method, body string
	headers           []subjectHeader
}

type subjectHeader struct{ key, value string }

// parseSubjectToken reads the names to the letter. ok is false for JSON of another shape.
func parseSubjectToken(text string) (token subjectToken, ok bool) {
	var object map[string]json.RawMessage
	var headers []map[string]any
	if json.Unmarshal([]byte(text), &object) != nil ||
		!readMembers(object, map[string]any{"url": &token.url, "method": &token.method, "body": &token.body, "headers": &headers}) {
		return subjectToken{}, false
	}
	for _, h := range headers {
		key, ok1 := h["key"].(string)
		value, ok2 := h["value"].(string)
		if !ok1 || !ok2 {
			return subjectToken{}, false
		}
		token.headers = append(token.headers, subjectHeader{key, value})
	}
	return token, token.url != "" && len(headers) > 0
}

// request returns the signed request that a subject token holds.
func (v subjectTokenVerifier) request(token string) (*http.Request, *judgement) {
	parsed, j := v.decode(token)
	if j != nil {
		return nil, j
	}
	if parsed.method != http.MethodPost && !(v.AcceptGET && parsed.method == http.MethodGet) {
		return nil, judge(ReasonMethod, "")
	}
	if parsed.body != "" && !v.AcceptBody {
		return nil, judge(ReasonBody, "")
	}
	u, j := v.parseURL(parsed.url)
	if j != nil {
		return nil, j
	}
	header, j := v.parseHeaders(parsed)
	if j != nil {
		return nil, j
	}
	host := header.Get("Host")
	if !strings.EqualFold(strings.TrimSuffix(host, ":443"), strings.TrimSuffix(u.Host, ":443")) {
		return nil, judge(ReasonHostHeader, "")
	}
	if strings.TrimPrefix(header.Get(headerTarget), "https:") != v.audience {
		return nil, judge(ReasonTargetResource, "")
	}
	if j := v.judgeSignature(header); j != nil {
		return nil, j
	}
	header.Del("Host")
	return &http.Request{Method: parsed.method, URL: u, Host: host, Header: header, Body: http.NoBody}, nil
}

// decode undoes the percent-encoding with the semantics of a form, where "+" is a space: that suits
// what Go, Python and JavaScript each make of the same JSON.
func (v subjectTokenVerifier) decode(token string) (subjectToken, *judgement) {
	if len(token) > v.MaxSubjectToken {
		return subjectToken{}, judge(ReasonTokenSize, "subject_token has %d bytes, more than %d", len(token), v.MaxSubjectToken).openly()
	}
	text, err := url.QueryUnescape(token)
	if err != nil {
		return subjectToken{}, judge(ReasonTokenEncoding, "")
	}
	if strings.TrimSpace(text) == "" {
		return subjectToken{}, judge(ReasonTokenEmpty, "")
	}
	if !json.Valid([]byte(text)) {
		return subjectToken{}, judge(ReasonTokenFormat, "")
	}
	parsed, ok := parseSubjectToken(text)
	if !ok {
		return subjectToken{}, judge(ReasonTokenShape, "")
	}
	return parsed, nil
}

func (v subjectTokenVerifier) parseURL(s string) (*url.URL, *judgement) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.User != nil || u.Fragment != "" || strings.Contains(s, "#") {
		return nil, judge(ReasonURL, "")
	}
	own := v.ownHost(u.Host)
	if u.Scheme != "https" && !(own && u.Scheme == "http") {
		return nil, judge(ReasonScheme, "")
	}
	if !own && !v.acceptsHost(u.Host) {
		return nil, judge(ReasonHost, "the host %q of the AWS request is not AWS STS", u.Host)
	}
	if u.EscapedPath() != "" && u.EscapedPath() != "/" {
		return nil, judge(ReasonPath, "")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, judge(ReasonQuery, "")
	}
	for name, values := range query {
		if len(values) != 1 {
			return nil, judge(ReasonQuery, "the query of the AWS request has %d parameters %q", len(values), name)
		}
	}
	if query.Get("Action") != callerIdentity {
		return nil, judge(ReasonAction, "")
	}
	if query.Get("Version") != callerIdentityVers {
		return nil, judge(ReasonVersion, "")
	}
	return u, nil
}

// acceptsHost reports whether Google sends requests to that host of AWS STS.
func (v subjectTokenVerifier) acceptsHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, ":443"))
	if strings.Contains(host, ":") {
		return false
	}
	partition, region, ok := v.stsRegion(host)
	return ok &&
		(v.AcceptOtherPartitions || partition == "aws") &&
		(v.AcceptFIPSHosts || !strings.HasPrefix(host, "sts-fips.")) &&
		(v.AcceptDualStackHosts || !strings.Contains(host, "."+region+".api."))
}

// parseHeaders returns the headers, those that are required among them. A header may be repeated
// with the same value: Google's client for Java sends x-goog-cloud-target-resource twice.
func (v subjectTokenVerifier) parseHeaders(token subjectToken) (http.Header, *judgement) {
	header := make(http.Header)
	for _, h := range token.headers {
		if !isHeaderName(h.key) || strings.ContainsFunc(h.value, isControl) {
			return nil, judge(ReasonHeaderForm, "")
		}
		if before, twice := header[http.CanonicalHeaderKey(h.key)]; twice && before[0] != h.value {
			return nil, judge(ReasonHeaderTwice, "the header %s of the AWS request is there with two values", strings.ToLower(h.key))
		}
		if h.key == "authorization" && !v.AcceptLowerCaseAuthorization {
			return nil, judge(ReasonAuthorizationCase, "")
		}
		header.Set(h.key, h.value)
	}
	for _, name := range []string{"Authorization", "host", "x-amz-date", headerTarget} {
		if header.Get(name) == "" {
			return nil, judge(ReasonHeaderMissing, "the header %s of the AWS request is missing", name).openly()
		}
	}
	return header, nil
}

// judgeSignature reads what it can of a signature without its key.
func (v subjectTokenVerifier) judgeSignature(header http.Header) *judgement {
	parameters, found := strings.CutPrefix(header.Get("Authorization"), sigV4Algorithm+" ")
	fields := make(map[string]string)
	for parameter := range strings.SplitSeq(parameters, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		fields[name] = value
	}
	if !found || fields["Credential"] == "" || fields["SignedHeaders"] == "" || fields["Signature"] == "" {
		return judge(ReasonAuthorization, "")
	}
	if v.RequireSignedTargetResource && !strings.Contains(";"+fields["SignedHeaders"]+";", ";"+headerTarget+";") {
		return judge(ReasonTargetNotSigned, "")
	}
	date := header.Get("x-amz-date")
	signed, err := time.Parse(sigV4Time, date)
	if err != nil || signed.Format(sigV4Time) != date { // time.Parse lets fractions of a second pass
		return judge(ReasonSignatureDate, "")
	}
	if v.SignatureWindow > 0 && v.now.Sub(signed).Abs() > v.SignatureWindow {
		return judge(ReasonSignatureAge, "")
	}
	return nil
}

// readCallerIdentity reads AWS's answer.
func readCallerIdentity(response *http.Response) (principal.Identity, *judgement) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxCallerIdentity))
	if err != nil {
		return principal.Identity{}, judge(ReasonAWSUnavailable, "")
	}
	if response.StatusCode != http.StatusOK {
		var failure struct {
			XMLName xml.Name `xml:"ErrorResponse"`
			Code    string   `xml:"Error>Code"`
			Message string   `xml:"Error>Message"`
		}
		if xml.Unmarshal(body, &failure) != nil || failure.Code == "" {
			return principal.Identity{}, judge(ReasonAWSUnavailable, "AWS answered with HTTP status %d and no error of its own", response.StatusCode).openly()
		}
		j := judge(ReasonAWS, "Received invalid AWS response of type %s with error message: %s", failure.Code, failure.Message)
		j.known = "AWS answered " + failure.Code // Its message may quote the request.
		return principal.Identity{}, j
	}
	var success struct {
		XMLName xml.Name `xml:"GetCallerIdentityResponse"`
		ARN     string   `xml:"GetCallerIdentityResult>Arn"`
		UserID  string   `xml:"GetCallerIdentityResult>UserId"`
		Account string   `xml:"GetCallerIdentityResult>Account"`
	}
	if err := xml.Unmarshal(body, &success); err != nil || success.Account == "" || success.ARN == "" {
		return principal.Identity{}, judge(ReasonAWSUnavailable, "")
	}
	return principal.Identity{Account: success.Account, ARN: success.ARN, UserID: success.UserID}, nil
}

// isHeaderName reports whether s is a token of RFC 9110 §5.6.2.
func isHeaderName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
