package awsfed

import "context"

// newWebIdentity has AWS STS issue the tokens.
func newWebIdentity(_ context.Context, s *settings) (SubjectTokenSource, error) {
	return nil, &FieldError{Field: "Subject.WebIdentity", Found: s.Subject.WebIdentity.Audience, Want: "another kind of Subject: this one is not there yet"}
}
