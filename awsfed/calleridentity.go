package awsfed

import (
	"context"
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// identity sends the signed request where Google would send it. That it does not get there from
// here is a warning: it is Google that has to reach AWS STS.
func (d *diagnosis) identity(ctx context.Context, s *Step) error {
	answer, req, err := d.callerIdentity(ctx)
	if req == nil {
		return err
	}
	host := req.URL.Host
	if err != nil {
		s.Verdict = VerdictWarned
		s.Findings = []string{host + " could not be asked who the caller is: " + err.Error()}
		s.Hint = "that does no harm by itself, since Google asks " + host + " and not this machine: the next steps tell"
		return nil
	}
	if answer.Status == http.StatusForbidden && skewOf(answer).Abs() > time.Minute {
		// Signed by a wrong clock: now the right time is known.
		d.clock.Learn(answer.Sent, answer.Date)
		if answer, req, err = d.callerIdentity(ctx); err != nil {
			return asError(StageSubjectToken, err)
		}
	}
	if answer.Status != http.StatusOK {
		return awsError(answer, requestSecrets(req))
	}
	var body struct {
		Result struct {
			Account string `xml:"Account"`
			ARN     string `xml:"Arn"`
			UserID  string `xml:"UserId"`
		} `xml:"GetCallerIdentityResult"`
	}
	if err := xml.Unmarshal(answer.Body, &body); err != nil || !validIdentity(body.Result.Account, body.Result.ARN, body.Result.UserID) {
		return &Error{Stage: StageSubjectToken, StatusCode: answer.Status, Code: codeInvalidAnswer,
			Description: "the answer of " + host + " is not one of AWS STS", Hint: "look for a proxy between here and " + host}
	}
	for _, said := range []*string{&body.Result.Account, &body.Result.ARN, &body.Result.UserID} {
		*said = cleanText(*said, maxARN, requestSecrets(req))
	}
	d.report.Identity = principal.Identity{Account: body.Result.Account, ARN: body.Result.ARN, UserID: body.Result.UserID}
	d.hints.known = &knownCaller{d.report.Identity, d.mapping}
	s.Findings = []string{"AWS STS (" + host + ") says:", "account " + body.Result.Account, "ARN " + body.Result.ARN, "user ID " + body.Result.UserID}
	return nil
}

const maxARN = 2048 // bytes

// validIdentity reports whether AWS can have said that: an account ID of 12 digits, the ARN of a
// caller in that account, and a user ID, without blanks and within the bounds that IAM sets to
// them.
func validIdentity(account, arn, userID string) bool {
	const maxUserID = 256
	parts := strings.SplitN(arn, ":", 6) // arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
	return len(account) == 12 && strings.Trim(account, "0123456789") == "" &&
		len(parts) == 6 && parts[0] == "arn" && (parts[2] == "iam" || parts[2] == "sts") && parts[4] == account && parts[5] != "" &&
		len(arn) <= maxARN && untrusted.Visible(arn) &&
		userID != "" && len(userID) <= maxUserID && untrusted.Visible(userID)
}

// callerIdentity asks AWS. Without a request the error is that of signing one; with one it is that
// of sending it.
func (d *diagnosis) callerIdentity(ctx context.Context) (*call.Answer, *http.Request, error) {
	a := &Attempt{}
	a.useClock(&d.clock)
	req, _, err := d.builder.sign(a.context(ctx))
	if err != nil {
		return nil, nil, err
	}
	answer, err := d.client.Do(req)
	if err != nil {
		return nil, req, newCause(err, requestSecrets(req))
	}
	d.heard("AWS", answer)
	return answer, req, nil
}

// awsError is an error of AWS STS.
func awsError(answer *call.Answer, secrets []string) *Error {
	var body struct {
		Error struct {
			Code    string `xml:"Code"`
			Message string `xml:"Message"`
		} `xml:"Error"`
	}
	e := &Error{Stage: StageSubjectToken, StatusCode: answer.Status, RequestID: answer.RequestID, Transient: transientStatus(answer.Status)}
	if xml.Unmarshal(answer.Body, &body) == nil {
		e.Code, e.Description = body.Error.Code, body.Error.Message
	}
	e.cleaned(secrets...)
	e.Hint = awsAnswerHint(e.Code, e.Description)
	return e
}

// requestSecrets are those of a request to AWS STS.
func requestSecrets(req *http.Request) []string {
	return headerSecrets(req.Header.Get("Authorization"), req.Header.Get("X-Amz-Security-Token"))
}
