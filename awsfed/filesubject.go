package awsfed

import (
	"net/url"
	"path/filepath"
	"slices"
)

// idTokenType is the other type of the tokens of OpenID Connect (RFC 8693 §3).
const idTokenType = "urn:ietf:params:oauth:token-type:id_token"

// hasToken reports whether the source is one of a token, and not of AWS credentials.
func (s credentialSource) hasToken() bool {
	return s.EnvironmentID == "" && (s.File != "" || s.URL != "")
}

// readSubject reads where a token is: only a file or a host that the program allows for it. Whoever
// writes a credential file could have any file of this machine sent to Google otherwise, or to a
// token endpoint that is allowed, and any host be asked from here.
func (r *fileReader) readSubject() {
	const file, address = "credential_source.file", "credential_source.url"
	source, subject := r.Source, &r.cfg.Subject
	switch r.SubjectTokenType {
	case jwtType: // the default
	case idTokenType:
		subject.Type = idTokenType
	default:
		r.fault("subject_token_type", r.SubjectTokenType, jwtType+" or "+idTokenType)
	}
	if source.File != "" {
		subject.File = filepath.Clean(source.File)
		if !r.rules.permitsFile(source.File) {
			r.fault(file, shownFile(source.File), "the absolute path of a file that FileOptions.SubjectFiles allows")
		}
		if source.URL != "" {
			r.fault(address, shownURL(source.URL), "none beside a file")
		}
	} else {
		subject.URL = source.URL
		if _, ok := r.rules.subject.permit(source.URL, func(*url.URL) bool { return false }); !ok {
			r.fault(address, shownURL(source.URL), "an https URL of a host that FileOptions.SubjectHosts allows, or an http one of this machine; for AWS an environment_id beside it")
		}
	}
	subject.Headers = source.Headers
	if source.Format == nil {
		return
	}
	switch source.Format.Type {
	case "", "text":
	case "json":
		if subject.Field = source.Format.Field; subject.Field == "" {
			r.fault("credential_source.format.subject_token_field_name", "", "the name of the field that has the token")
		}
	default:
		r.fault("credential_source.format.type", source.Format.Type, "text or json")
	}
}

// permitsFile compares letter by letter, after the dots of both paths are resolved by their text
// alone.
func (r fileRules) permitsFile(name string) bool {
	return filepath.IsAbs(name) && slices.ContainsFunc(r.files, func(allowed string) bool {
		return filepath.IsAbs(allowed) && filepath.Clean(allowed) == filepath.Clean(name)
	})
}
