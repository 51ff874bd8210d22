// Package terraform reads configuration of Terraform as strictly as Terraform does that knows the
// schemas of its providers.
package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// schema is what a block takes.
type schema struct {
	required   map[string]bool    // arguments and blocks
	arguments  map[string]bool    // that can be written
	attributes map[string]bool    // that can be read
	blocks     map[string]*schema // of the nested blocks; of an argument that is a list of objects too
}

// schemas reads the lists of the providers: by "resource NAME" and "data NAME".
func schemas(folder string) (map[string]*schema, error) {
	found := make(map[string]*schema)
	for _, name := range []string{"google.txt", "awsprovider.txt"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			kind, words, ok := strings.Cut(line, ": ")
			s, rest := parse(strings.Fields(words))
			if !ok || found[kind] != nil || len(rest) > 0 {
				return nil, fmt.Errorf("%s:%d does not parse", name, i+1)
			}
			found[kind] = s
		}
	}
	return found, nil
}

// parse reads words up to the end of their block.
func parse(words []string) (*schema, []string) {
	s := &schema{make(map[string]bool), make(map[string]bool), make(map[string]bool), make(map[string]*schema)}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if word == "}" {
			return s, words
		}
		name, block := strings.CutSuffix(strings.TrimLeft(word, "!@"), "{")
		s.attributes[name] = true
		s.arguments[name] = word[0] != '@'
		if word[0] == '!' {
			s.required[name] = true
		}
		if block {
			s.blocks[name], words = parse(words)
		}
	}
	return s, nil
}

// ofBlock is what a block has that is no resource: the Terraform language's own.
func ofBlock(kind string) *schema {
	words, ok := map[string]string{
		"terraform": "required_version required_providers{ } backend{ }",
		"variable":  "type default description sensitive nullable ephemeral validation{ !condition !error_message }",
		"output":    "!value description sensitive ephemeral depends_on",
		"import":    "!to !id provider",
		"moved":     "!from !to",
		"removed":   "!from lifecycle{ destroy }",
		"provider":  "alias project region zone impersonate_service_account user_project_override billing_project profile",
	}[kind]
	if !ok {
		return nil
	}
	s, _ := parse(strings.Fields(words))
	return s
}
