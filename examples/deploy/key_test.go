package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// A key is a name of a manifest, at its place in the text.
type key struct {
	name         string
	line, column int // from 1; the column counts bytes
}

// misspellings are a letter too much, and the first letter in the other case, which lenient
// decoders overlook.
func (k key) misspellings() []string {
	misspelt := []string{"z" + k.name}
	first := rune(k.name[0])
	switch {
	case unicode.IsLower(first):
		misspelt = append(misspelt, string(unicode.ToUpper(first))+k.name[1:])
	case unicode.IsUpper(first):
		misspelt = append(misspelt, string(unicode.ToLower(first))+k.name[1:])
	}
	return misspelt
}

// rename gives the text with another name in the place of this one.
func (k key) rename(text, name string) string {
	lines := strings.SplitAfter(text, "\n")
	line := lines[k.line-1]
	lines[k.line-1] = line[:k.column-1] + name + line[k.column-1+len(k.name):]
	return strings.Join(lines, "")
}

// yamlKeys are the keys of all maps of all documents.
func yamlKeys(text string) ([]key, error) {
	var keys []key
	var visit func(node *yaml.Node)
	visit = func(node *yaml.Node) {
		for i, child := range node.Content {
			if node.Kind == yaml.MappingNode && i%2 == 0 {
				column := child.Column
				if child.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
					column++
				}
				keys = append(keys, key{child.Value, child.Line, column})
			}
			visit(child)
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return keys, nil
		} else if err != nil {
			return nil, err
		}
		visit(&document)
	}
}

// decodeStrictly reads YAML into a struct that has every key. A key twice is a fault too.
func decodeStrictly(text string, into any) error {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("a second document, or %w", err)
	}
	return nil
}
