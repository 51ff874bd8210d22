package awsfed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// A fileToken is a file with a subject token, which somebody writes anew before it ends.
type fileToken struct{ name, field, typ string }

// SubjectToken reads the file. A file system that hangs cannot be told that ctx has ended: the
// attempt is abandoned then, like a call of code that ignores its ctx.
func (f *fileToken) SubjectToken(ctx context.Context) (SubjectToken, error) {
	step := AttemptOf(ctx).begin(StageSubjectToken)
	value, err := f.read()
	step.end(err)
	if err != nil {
		return SubjectToken{}, err
	}
	tellRenewed(ctx, value)
	return NewSubjectToken(value, f.typ), nil
}

func (f *fileToken) read() (string, error) {
	file, err := openFile(f.name)
	if err != nil {
		return "", f.unreadable(err, temporary(err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", f.unreadable(err, true)
	}
	// A pipe or a terminal would be waited for, and a device may have no end. Links are followed:
	// Kubernetes swaps the directory behind one.
	if kind := irregular(info.Mode()); kind != "" {
		return "", f.fault("is "+kind, false, "the token has to be in a regular file, or behind a link to one")
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return "", f.unreadable(err, true)
	case len(text) > maxFile:
		return "", f.fault("is larger than 64 KiB", false, "it is likely another file: look at Config.Subject.File")
	}
	token, err := tokenIn(text, f.field)
	if err != nil {
		hint := "its whole text has to be the token, or with Config.Subject.Field a JSON object with a string of that name"
		if errors.Is(err, errEmpty) {
			hint = "whoever writes it may be about to: it is read again. If it lasts, look at what writes the token"
		}
		return "", f.fault(err.Error(), errors.Is(err, errEmpty), hint)
	}
	return token, nil
}

// irregular is what a file is that is not a regular one; "" for one that is.
func irregular(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return ""
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "no regular file"
}

// fault is the error for a file that is there and has no token. Nothing of its text is in it.
func (f *fileToken) fault(what string, transient bool, hint string) error {
	name := shownFile(f.name)
	e := &Error{Stage: StageSubjectToken, Code: codeTokenFile, Transient: transient, Hint: name + " " + what + ": " + hint}
	if transient {
		e.Err = errors.New(name + " " + what)
	} else {
		e.Err = &FieldError{Field: "Subject.File", Found: shown(f.name), Want: "a file with a token, and this one " + what}
	}
	return e.cleaned()
}

// unreadable is the error for a file that the system does not give.
func (f *fileToken) unreadable(err error, transient bool) error {
	name := shownFile(f.name)
	var of *fs.PathError
	if errors.As(err, &of) {
		err = &fs.PathError{Op: of.Op, Path: name, Err: of.Err}
	}
	e := &Error{Stage: StageSubjectToken, Code: codeTokenFile, Transient: transient, Err: err, Hint: name + " cannot be read: look at Config.Subject.File"}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Hint = lines("nothing is at "+name+": whoever writes the token there has not done so, or writes it elsewhere. In Kubernetes that is a projected volume of the pod, with a serviceAccountToken of the provider's audience. See whether the pod has it, and at which mountPath:",
			command("kubectl", "get", "pod", "POD", "--namespace", "NAMESPACE", "--output", "yaml"))
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "this process may not read " + name + ": give its user or group the right to. In Kubernetes a projected token is for root and for the fsGroup of the pod's securityContext"
	case transient:
		e.Hint = name + " cannot be read at the moment; it is tried again"
	}
	return e.cleaned()
}

// temporary reports whether the system says that an error passes: too many open files, for one.
func temporary(err error) bool {
	var says interface{ Temporary() bool }
	return errors.As(err, &says) && says.Temporary()
}

// shownFile is the name of a file as an error quotes it.
func shownFile(name string) string {
	if looksLikeContent(name) {
		return fmt.Sprintf("a name of %d bytes, which is not shown", len(name))
	}
	return inText(shown(name))
}
