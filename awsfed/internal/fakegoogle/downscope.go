package fakegoogle

import (
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

// downscope exchanges an access token of the cloud's for one with a Credential Access Boundary,
// which is good for as long. The reference asks for no audience and no scope here; they are not
// looked at.
func (g *Cloud) downscope(p parameters, options exchangeOptions, record *judged.Record) (exchanged, *judgement) {
	if len(options.boundary) == 0 {
		return exchanged{}, judge(ReasonAccessBoundary, "")
	}
	source, failure := g.holder(p["subject_token"])
	if failure != nil {
		return exchanged{}, judge(ReasonAccessToken, "the access token in subject_token is not valid: %s", failure.Reason).openly()
	}
	record.Caller = source.Principal
	if len(source.Boundary) > 0 {
		return exchanged{}, judge(ReasonDownscoped, "")
	}
	t := *source
	t.Boundary = options.boundary
	token := exchanged{AccessToken: g.issue(&t), IssuedTokenType: p["requested_token_type"], TokenType: "Bearer"}
	if t.Kind != DelegatedToken { // "absent" for a user's token, says the reference
		token.ExpiresIn = new(int(t.Expires.Sub(g.now()) / time.Second))
	}
	return token, nil
}
