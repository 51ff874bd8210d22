// Package snakecase makes the names of the configuration file and of the admin API.
package snakecase

import (
	"strings"
	"unicode"
)

// Of turns the name of a field of Go into that of a document: UserAgent into user_agent, UniqueID
// into unique_id, and AWSAccounts into aws_accounts.
func Of(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		begins := i > 0 && unicode.IsUpper(r) &&
			(!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
