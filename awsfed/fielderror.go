package awsfed

import "fmt"

// What a [FieldError] holds at most, in bytes.
const (
	maxFound = 200
	maxWant  = 500
)

// FieldError is one fault of a [Config] or of a credential file. Where there are several, the
// constructors join them with [errors.Join].
type FieldError struct {
	Field string // the name in Config, or the path in the file, "credential_source.url"
	Found string // what is there; "" when nothing is
	Want  string // what is expected there
}

// Error names the field, what was found and what was expected.
func (e *FieldError) Error() string {
	e = e.cleaned()
	if e.Found == "" {
		return fmt.Sprintf("awsfed: %s is missing: want %s", e.Field, e.Want)
	}
	return fmt.Sprintf("awsfed: %s is %q: want %s", e.Field, e.Found, e.Want)
}

// cleaned is a copy that is bounded. A line's end or a control character in what was found may be
// the fault itself, so it stays, and is quoted when it is printed.
func (e *FieldError) cleaned(secrets ...string) *FieldError {
	found := cut(e.Found, maxFound)
	if len(secrets) > 0 {
		found = cleanText(e.Found, maxFound, secrets)
	}
	return &FieldError{Field: cleanText(e.Field, maxFound, secrets), Found: found, Want: cleanText(e.Want, maxWant, secrets)}
}

// Is says that a fault of the configuration is [ErrMisconfigured].
func (e *FieldError) Is(target error) bool { return target == ErrMisconfigured }
