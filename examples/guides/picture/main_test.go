package main

import (
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// texts are the lines of an SVG, as a reader of XML finds them.
func texts(t *testing.T, svg string) (found []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	inside := false
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return found
		}
		require.NoError(t, err)
		switch part := token.(type) {
		case xml.StartElement:
			if inside = part.Name.Local == "text"; inside {
				found = append(found, "")
			}
		case xml.EndElement:
			inside = false
		case xml.CharData:
			if inside {
				found[len(found)-1] += strings.ReplaceAll(string(part), "\u00a0", " ")
			}
		}
	}
}

func TestThePictureOfTheReadmeIsOfToday(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	lines, err := session(t.Context(), root)
	require.NoError(t, err)
	var today []string
	for _, l := range lines {
		if l.text != "" {
			today = append(today, l.text)
		}
	}
	checkedIn, err := os.ReadFile(file(root))
	require.NoError(t, err)
	assert.Equal(t, today, texts(t, string(checkedIn)), "go -C examples/guides run ./picture")
	assert.Equal(t, draw(lines), strings.ReplaceAll(string(checkedIn), "\r\n", "\n"), "go -C examples/guides run ./picture")
}

func TestTextIsEscaped(t *testing.T) {
	all := []line{{plain, `<script>alert("1")</script> & 'so on'`}, {hint, "    > two  blanks"}, {good, "…µs"}}
	svg := draw(all)
	assert.NotContains(t, svg, "<script")
	assert.Equal(t, []string{all[0].text, all[1].text, all[2].text}, texts(t, svg))
}

func TestWhatDiffersFromRunToRunIsTakenOut(t *testing.T) {
	for text, want := range map[string]string{
		"storage                0.61 ms   3 buckets of my-project": "storage                   … ms   3 buckets of my-project",
		"storage              127.05 ms   3 buckets of my-project": "storage                   … ms   3 buckets of my-project",
		"ok  aws-identity         passed   1.3ms":                  "ok  aws-identity         passed",
		"ok  aws-identity         passed  12s\n      next":         "ok  aws-identity         passed\n      next",
		"Google STS at 127.0.0.1:35397":                            "Google STS at 127.0.0.1:8085",
		"access key ASIAGTVD3HCFBM56DWDK from":                     "access key ASIAEXAMPLEEXAMPLEEX from",
		"a federated token for 59m59s":                             "a federated token for 1h0m0s",
		"gs://acme-orders":                                         "gs://acme-orders",
	} {
		assert.Equal(t, want, steady(text), text)
	}
}

func TestALongLineGoesOnInTheNext(t *testing.T) {
	long := strings.Repeat("ä", 2*columns+1)
	wrapped := wrap([]line{{command, long}, {plain, ""}})
	require.Len(t, wrapped, 4)
	assert.Equal(t, long, wrapped[0].text+wrapped[1].text+wrapped[2].text)
	for _, l := range wrapped {
		assert.LessOrEqual(t, len([]rune(l.text)), columns)
	}
}

// WCAG 2 wants a contrast of 4.5 to 1 for text.
func TestEveryColorCanBeRead(t *testing.T) {
	for _, k := range []kind{prompt, plain, good, bad, hint, command, quiet} {
		contrast := (luminance(t, colorOf(k)) + 0.05) / (luminance(t, background) + 0.05)
		assert.GreaterOrEqual(t, contrast, 4.5, k)
	}
}

func luminance(t *testing.T, color string) (sum float64) {
	t.Helper()
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		require.NoError(t, err)
		part := float64(value) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}
