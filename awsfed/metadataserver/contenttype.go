package metadataserver

// A contentType is what answers are typed as: those of status 200 without a charset, as some
// clients compare them.
type contentType int

const (
	typeText contentType = iota
	typeJSON
	typeIdentity
	typeError
	contentTypes // how many there are
)

func (c contentType) String() string {
	return [contentTypes]string{"application/text", "application/json", "text/html", "text/html; charset=UTF-8"}[c]
}
