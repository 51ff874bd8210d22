package awsfed_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	letters   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	minSecret = 16 // of letters and digits: nothing that long is in a text by chance
)

// flags are those of package fmt that change how a value is spelled.
var flags = []string{"", "+", "#", "0", " "}

// leakFinder finds secrets in what was printed, however package fmt or an encoder spells them.
type leakFinder map[string]spellings

// spellings are those of one secret.
type spellings struct {
	what    string
	text    []string // letters and digits of the secret, and of its base64 at each of the three offsets
	hex     string
	numbers []string // its bytes in decimal, octal and binary
}

func newLeakFinder(t *testing.T, secrets map[string]string) leakFinder {
	t.Helper()
	finder := make(leakFinder)
	for secret, what := range secrets {
		s := spellings{what: what, text: []string{alphanumeric(unescape(secret))}, hex: hex.EncodeToString([]byte(secret))}
		require.GreaterOrEqual(t, len(s.text[0]), minSecret, what)
		for offset, skip := range []int{0, 2, 3} {
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + secret))
			s.text = append(s.text, alphanumeric(encoded[skip:(offset+len(secret))*8/6]))
		}
		for _, base := range []int{10, 8, 2} {
			var list strings.Builder
			for _, b := range []byte(secret) {
				list.WriteString(" " + strconv.FormatInt(int64(b), base))
			}
			s.numbers = append(s.numbers, list.String()+" ")
		}
		finder[secret] = s
	}
	return finder
}

// find names the secrets in text.
func (f leakFinder) find(text string) (found []string) {
	plain := alphanumeric(unescape(text))
	// A list of characters has spaces, commas or quotes between them, and then maybe escapes.
	listed := alphanumeric(unescape(separators.Replace(unicodeNames(text))))
	hexadecimal := strings.ReplaceAll(strings.ToLower(listed), "0x", "")
	numbers := numbersIn(text)
	for _, s := range f {
		spelled := contains(hexadecimal, s.hex)
		for _, form := range s.text {
			spelled = spelled || contains(plain, form) || contains(listed, form)
		}
		for _, form := range s.numbers {
			spelled = spelled || contains(numbers, form)
		}
		if spelled {
			found = append(found, s.what)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// contains is strings.Contains, which is quick for short strings alone.
func contains(text, form string) bool {
	start := form[:min(len(form), 32)]
	for i := strings.Index(text, start); i >= 0; i = strings.Index(text, start) {
		if strings.HasPrefix(text[i:], form) {
			return true
		}
		text = text[i+1:]
	}
	return false
}

var (
	separators  = strings.NewReplacer(" ", "", "\t", "", "\n", "", ",", "", "'", "", `"`, "", "`", "")
	unicodeName = regexp.MustCompile(`U\+([0-9A-F]{4,6})( '[^']+')?`)
	goEscape    = regexp.MustCompile(`\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2}))`)
	urlEscape   = regexp.MustCompile(`%([0-9a-fA-F]{2})`)
)

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func alphanumeric(text string) string {
	return strings.Map(func(r rune) rune {
		if isAlphanumeric(r) {
			return r
		}
		return -1
	}, text)
}

// numbersIn lists the numbers in text, each with spaces around it: hexadecimal ones in decimal,
// others as they are.
func numbersIn(text string) string {
	var list strings.Builder
	list.WriteByte(' ')
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !isAlphanumeric(r) }) {
		if digits, found := strings.CutPrefix(word, "0x"); found {
			if value, err := strconv.ParseUint(digits, 16, 64); err == nil {
				word = strconv.FormatUint(value, 10)
			}
		}
		word = strings.TrimPrefix(strings.TrimPrefix(word, "0b"), "0o")
		if strings.Trim(word, "0123456789") == "" {
			list.WriteString(strings.TrimLeft(word, "0") + " ")
		}
	}
	return list.String()
}

func unicodeNames(text string) string { return replaceCodes(unicodeName, text) }

// unescape undoes the escapes of Go, JSON, XML and URLs, however many of them are on top of each
// other.
func unescape(text string) string {
	for range 5 {
		before := text
		text = html.UnescapeString(replaceCodes(urlEscape, replaceCodes(goEscape, text)))
		if text == before {
			break
		}
	}
	return text
}

// replaceCodes puts characters in the place of their codes: the first group of the pattern that is
// not empty.
func replaceCodes(pattern *regexp.Regexp, text string) string {
	return pattern.ReplaceAllStringFunc(text, func(match string) string {
		for _, group := range pattern.FindStringSubmatch(match)[1:] {
			if code, err := strconv.ParseUint(group, 16, 32); err == nil {
				return string(rune(code))
			}
		}
		return match
	})
}

func TestLeakFinderKnowsEverySpelling(t *testing.T) {
	type field struct{ Key any }
	for _, secret := range []string{testSecretKey, testSessionToken, url.QueryEscape(`{"url":"https://sts.example?a=b&c=d"}`)} {
		finder := newLeakFinder(t, map[string]string{secret: "it"})
		check := func(how, text string) { assert.Equal(t, []string{"it"}, finder.find(text), "%s: %s", how, text) }
		var array [128]byte
		copy(array[:], secret)
		for name, value := range map[string]any{
			"string": secret, "bytes": []byte(secret), "runes": []rune(secret), "array": array, "map": map[string]string{"key": secret},
			"field": struct{ key string }{secret}, "field of bytes": &struct{ key []byte }{[]byte(secret)},
		} {
			for _, verb := range letters {
				for _, flag := range flags {
					if strings.ContainsRune("Tp", verb) {
						continue // a type, and an address
					}
					format := "%" + flag + string(verb)
					check(format+" of a "+name, fmt.Sprintf(format, value))
				}
			}
		}
		for name, value := range map[string]any{"string": secret, "bytes": []byte(secret), "twice": string(must(json.Marshal(secret)))} {
			check("JSON of a "+name, string(must(json.Marshal(value))))
			check("XML of a "+name, string(must(xml.Marshal(field{value}))))
			var encoded bytes.Buffer
			require.NoError(t, gob.NewEncoder(&encoded).Encode(value))
			check("gob of a "+name, encoded.String())
		}
		for offset := range 3 {
			before := strings.Repeat("<", offset)
			check("base64", base64.StdEncoding.EncodeToString([]byte(before+secret+">>")))
			check("base64 for URLs", base64.URLEncoding.EncodeToString([]byte(before+secret+">>")))
		}
		check("a URL", url.QueryEscape(url.QueryEscape(secret)))
		assert.Empty(t, finder.find(secret[:len(secret)-8]))
		assert.Empty(t, finder.find(""))
	}
}
