package awsfed

import (
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

const (
	smallLetters = "abcdefghijklmnopqrstuvwxyz"
	capitals     = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
)

// serviceAccountName accepts an email address or a unique ID of 10 to 30 digits.
func serviceAccountName(s string) bool {
	name, domain, isEmail := strings.Cut(s, "@")
	if !isEmail {
		return len(s) >= 10 && len(s) <= 30 && hosts.Only(s, digits)
	}
	dot := strings.LastIndexByte(domain, '.')
	return hosts.Only(name, smallLetters+capitals+digits+"._-") && dot > 0 &&
		hosts.Only(domain[:dot], smallLetters+digits+".:-") && hosts.Only(domain[dot+1:], smallLetters)
}

// accountResource is what comes before the name of a service account where it has its full name.
const accountResource = "projects/-/serviceAccounts/"

// delegateName is a delegate without that: both forms are in use.
func delegateName(delegate string) string { return strings.TrimPrefix(delegate, accountResource) }

// regionName accepts the pseudo-regions that the AWS SDK knows too: aws-global, aws-us-gov-global.
func regionName(s string) bool {
	if hosts.Region(s) {
		return true
	}
	inner, first := strings.CutPrefix(s, "aws")
	inner, last := strings.CutSuffix(inner, "-global")
	return first && last && (inner == "" || inner[0] == '-' && allParts(inner[1:], "-", smallLetters))
}

// domainName accepts a host name of two labels or more, without a final dot.
func domainName(s string) bool {
	return strings.Contains(s, ".") && allParts(s, ".", smallLetters+digits+"-")
}

// allParts reports whether no part of s is empty or has a letter that is not of the alphabet.
func allParts(s, separator, alphabet string) bool {
	return !slices.ContainsFunc(strings.Split(s, separator), func(part string) bool { return !hosts.Only(part, alphabet) })
}
