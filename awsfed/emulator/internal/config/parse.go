package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"go.yaml.in/yaml/v3"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const (
	// MaxSize is the largest file that is read, in bytes.
	MaxSize = 1 << 20
	// maxValues and maxDepth bound what aliases make of a file.
	maxValues = 100_000
	maxDepth  = 32
)

// Parse reads a file as far as its types go: fields that there are not or that are missing, values
// of another kind or form. The file is good when [Faults.Err] is nil; with faults it has what could
// be read, so that more of them can be found. An empty file is good.
func Parse(data []byte) (File, *Faults) {
	file := File{Google: Google{Unsettled: fakegoogle.DefaultUnsettled()}}
	faults := &Faults{lines: map[string]int{"": 1}}
	root, err := document(data)
	if err != nil {
		faults.deaf = []string{""}
		faults.list = []fault{{text: err.Error(), line: 1}}
		return file, faults
	}
	if root != nil {
		d := decoder{faults: faults, left: maxValues}
		d.value(root, reflect.ValueOf(&file).Elem(), "", maxDepth)
	}
	return file, faults
}

// document returns what the one document in data is, nil if it is empty.
func document(data []byte) (*yaml.Node, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("the file has %d bytes, more than %d", len(data), MaxSize)
	}
	if json.Valid(data) {
		data = bytes.ReplaceAll(data, []byte("\t"), []byte(" ")) // no text of JSON has one, and YAML takes none
	}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := documents.Decode(&first); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.Join(errors.New("there is more than one document in the file"), err)
	}
	root := first.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, nil
	}
	return root, nil
}
