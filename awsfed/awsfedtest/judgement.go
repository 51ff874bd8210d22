package awsfedtest

import (
	"log/slog"
	"maps"
	"net/http"
	"regexp"

	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

// Judgement is how a service of the emulator judged a request, for people: much of it no answer of
// the real clouds says. It holds no secret. Its texts are the emulator's own, as is their form.
type Judgement struct {
	// Caller is who asked: at Google's STS the ARN of AWS that signed the subject token, or for a
	// provider of OpenID Connect the subject and the issuer; elsewhere principal://… or the email
	// that the bearer token stands for. It is empty as long as nobody has proved it.
	Caller string
	// Attributes are what the attribute mapping made of the caller, by google.subject,
	// google.groups and attribute.NAME. Nil for a caller that was not mapped.
	Attributes map[string]string
	// Condition is what the attribute condition came to: "true", "false", or "error: " and its
	// text. It is empty where there is none, or where it was not asked.
	Condition string
	// Binding is the binding of an IAM policy that allowed the request, "ROLE for MEMBER on
	// RESOURCE". With delegates there is one for each, with "; " between.
	Binding string
	// Reason is why the request was refused, and empty if it was not. A fault that answers in the
	// place of the service leaves it empty, too: see [Request.Fault].
	Reason string
}

func judgementOf(r judged.Record) Judgement {
	return Judgement{Caller: r.Caller, Attributes: maps.Clone(r.Attributes), Condition: r.Condition, Binding: r.Binding, Reason: r.Reason}
}

// clone is a copy that shares nothing.
func (j Judgement) clone() Judgement {
	j.Attributes = maps.Clone(j.Attributes)
	return j
}

// attrs are for a line in a log.
func (j Judgement) attrs() (attrs []slog.Attr) {
	for _, field := range [...]struct{ name, value string }{
		{"caller", j.Caller}, {"condition", j.Condition}, {"binding", j.Binding}, {"reason", j.Reason},
	} {
		if field.value != "" {
			attrs = append(attrs, slog.String(field.name, field.value))
		}
	}
	return attrs
}

// awsReason is why AWS STS refused a request: the code of its error.
func awsReason(a *inprocess.Answer) string {
	if a.Status < http.StatusBadRequest {
		return ""
	}
	code := regexp.MustCompile(`<Code>([A-Za-z.]+)</Code>`).FindSubmatch(a.Body.Bytes())
	if code == nil {
		return ""
	}
	return string(code[1])
}
