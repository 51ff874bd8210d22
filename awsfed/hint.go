package awsfed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// hints explains errors with what is known of the configuration: what a failure means, what to look
// at, and the command that corrects it.
type hints struct {
	provider  principal.Provider
	account   string // the service account; "" for direct access
	tokenHost string
	iamHost   string
	lifetime  time.Duration
	known     *knownCaller // nil but in Diagnose

	ownProvider bool // of AWS credentials: not the SDK's chain

	user *workspaceUser // nil but for a delegated token
	oidc *oidcCaller    // nil for a signed request
}

// A knownCaller is who AWS says the caller is, and what the provider makes of that.
type knownCaller struct {
	identity principal.Identity
	mapping  principal.Mapping
}

func newHints(s *settings, tokenHost, iamHost string) *hints {
	h := &hints{provider: s.provider, account: s.ServiceAccount, tokenHost: tokenHost, iamHost: iamHost, lifetime: s.Lifetime,
		ownProvider: s.Credentials != nil}
	if len(s.Subject.kinds()) > 0 {
		h.oidc = &oidcCaller{}
	}
	return h
}

// A workspaceUser is for whom a token is asked, and what for.
type workspaceUser struct {
	email, scope string
	oauthHost    string
}

// delegating are the hints of a source of that user's tokens.
func (h *hints) delegating(user workspaceUser) *hints {
	with := *h
	with.user = &user
	return &with
}

// explain gives an [*Error] its hint, if it has none yet. The error may be shared, so it is not
// written to.
func (h *hints) explain(err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || e.Hint != "" {
		return err
	}
	explained := e.clone()
	explained.Hint = cleanHint(h.hint(e), nil)
	return explained
}

func (h *hints) hint(e *Error) string {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return "the caller gave up: its ctx was cancelled before there was a token"
	case e.Stage == StageCredentials:
		return credentialsHint(e, h.ownProvider)
	case e.Stage == StageRegion:
		return "set AWS_REGION or Config.Region to the region that the service runs in"
	case e.Stage == StageSubjectToken && h.oidc != nil:
		return "the source of subject tokens failed: its error says why; look at Config.Subject"
	case e.Stage == StageSubjectToken:
		return "the request to AWS STS could not be built: look at Config.VerificationURL and at the region, or at the program's own source of subject tokens"
	case e.Code == codeRedirect:
		return h.service(e.Stage) + " does not redirect: a proxy or a captive portal answered in its place; look at HTTPS_PROXY, and at Config.TokenURL and Config.IAMCredentialsEndpoint"
	case e.Code == codeInvalidAnswer:
		return "the answer is not one of " + h.service(e.Stage) + "; something in between may have made or cut it: look for a proxy (HTTPS_PROXY), and at Config.TokenURL and Config.IAMCredentialsEndpoint"
	case e.StatusCode == 0:
		return h.network(e)
	case e.Code == "" && !e.Transient:
		return fmt.Sprintf("HTTP %d, and not in the words of %s: something in between answered in its place; look for a proxy (HTTPS_PROXY), and at Config.TokenURL and Config.IAMCredentialsEndpoint", e.StatusCode, h.service(e.Stage))
	case e.Stage == StageExchange:
		return h.exchange(e)
	case e.Stage == StageImpersonation, e.Stage == StageIDToken, e.Stage == StageSigning:
		return h.iamCredentials(e)
	case e.Stage == StageDelegation:
		return h.delegation(e)
	}
	return h.anyAnswer(e)
}

// network is the hint for a request without an answer.
func (h *hints) network(e *Error) string {
	host := h.host(e.Stage)
	var lookup *net.DNSError
	switch {
	case errors.As(e.Err, &lookup):
		return "the name " + host + " does not resolve here: look at the DNS of the VPC, and whether Private Google Access or a Private Service Connect endpoint needs a private zone for it"
	case !transientNetwork(e.Err):
		return "the certificate of " + host + " is not accepted: a proxy that opens TLS needs its authority in Config.HTTPClient, and a machine needs its root certificates (ca-certificates in a container)"
	case errors.Is(e.Err, context.DeadlineExceeded):
		return host + " did not answer in time: look at the route out (NAT gateway, security group, HTTPS_PROXY) to port 443 of it"
	}
	return host + " could not be reached: look at the route out (NAT gateway, security group, HTTPS_PROXY) to port 443 of it; the request is tried again"
}

// anyAnswer is the hint for what says no more than its status.
func (h *hints) anyAnswer(e *Error) string {
	switch {
	case e.StatusCode == http.StatusTooManyRequests:
		return "a quota of " + h.service(e.Stage) + " is used up; the request is tried again later. Many instances that share one project share its quota: look at the quotas of project " + h.provider.ProjectNumber
	case e.Transient:
		return h.service(e.Stage) + " is failing; the request is tried again. If it lasts, look at https://status.cloud.google.com"
	}
	return "look up the code in the reference of " + h.service(e.Stage) + "; awsfed.Diagnose follows the whole token flow and shows who AWS and Google say the caller is"
}

func (h *hints) service(stage Stage) string {
	switch stage {
	case StageImpersonation, StageIDToken, StageSigning:
		return "Google's IAM Credentials API"
	case StageDelegation:
		return "Google's OAuth 2.0 server"
	}
	return "Google's Security Token Service"
}

func (h *hints) host(stage Stage) string {
	switch {
	case stage == StageImpersonation, stage == StageIDToken, stage == StageSigning:
		return h.iamHost
	case stage == StageDelegation && h.user != nil:
		return h.user.oauthHost
	}
	return h.tokenHost
}

// lines joins the lines of a hint: prose, and commands as [command] makes them.
func lines(parts ...string) string { return strings.Join(parts, "\n") }

// commandIndent starts the lines of a hint that are commands, and no others: whoever prints a hint
// puts nothing but blanks in front of them, so that the whole line can be pasted.
const commandIndent = "  "

// command is the line of a hint that runs argv. Values in it may be anything; a value in a nested
// language is quoted for that language before, by [cel.String].
func command(argv ...string) string { return commandIndent + shell.Command(argv...) }

// proseWidth is how many columns a line of prose has at most, with what stands in front of it.
const proseWidth = 80

// writeHint writes a hint for people: prose in lines of at most [proseWidth] columns, the first one
// behind first and the others behind rest, and the lines to be pasted whole, behind nothing but
// blanks.
func writeHint(b *strings.Builder, hint, first, rest, blanks string) {
	for line := range strings.Lines(hint) {
		line = oneLine(strings.TrimSuffix(line, "\n"))
		if strings.HasPrefix(line, commandIndent) {
			b.WriteString(blanks + line + "\n")
		} else {
			writeProse(b, line, first, rest)
		}
		first = rest
	}
}

// writeProse breaks a line between its words. A word that is too long for a line of its own stays
// where it is, and no line starts with the name of a tool, as one to be pasted does.
func writeProse(b *strings.Builder, line, first, rest string) {
	b.WriteString(first)
	column, room := utf8.RuneCountInString(first), proseWidth-utf8.RuneCountInString(rest)
	for i, word := range strings.Split(line, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > proseWidth && (n <= room || column >= proseWidth) && !isTool(word):
			b.WriteString("\n" + rest)
			column = proseWidth - room
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteString("\n")
}

// isTool reports whether word is one of the command-line tools that hints name.
func isTool(word string) bool {
	switch word {
	case "gcloud", "aws", "kubectl", "chronyc", "timedatectl":
		return true
	}
	return false
}

// inText is a value as it may stand in prose, which it must not break into lines of its own.
func inText(value string) string {
	if shell.Printable(value) {
		return value
	}
	return strconv.Quote(value)
}
