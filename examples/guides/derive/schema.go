package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// block is one in the output of "terraform providers schema -json".
type block struct {
	Attributes map[string]struct {
		Required bool `json:"required"`
		Optional bool `json:"optional"`
	} `json:"attributes"`
	Blocks map[string]struct {
		Block    block `json:"block"`
		MinItems int   `json:"min_items"`
	} `json:"block_types"`
}

// fromSchema reads what Terraform says of the AWS provider.
func fromSchema(name string) ([]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var schemas struct {
		Providers map[string]struct {
			Resources map[string]struct{ Block block } `json:"resource_schemas"`
			Data      map[string]struct{ Block block } `json:"data_source_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.Unmarshal(text, &schemas); err != nil {
		return nil, err
	}
	lines := []string{"# Resources of Terraform's provider hashicorp/aws 5.100.0, as derive prints them."}
	for _, provider := range schemas.Providers {
		for _, kind := range awsResources() {
			if r, ok := provider.Resources[kind]; ok {
				lines = append(lines, fmt.Sprintf("resource %s: %s", kind, r.Block.words()))
			}
			if d, ok := provider.Data[kind]; ok {
				lines = append(lines, fmt.Sprintf("data %s: %s", kind, d.Block.words()))
			}
		}
	}
	return lines, nil
}

func (b *block) words() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		switch a := b.Attributes[name]; {
		case a.Required:
			words = append(words, "!"+name)
		case a.Optional:
			words = append(words, name)
		default:
			words = append(words, "@"+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.Blocks)) {
		nested := b.Blocks[name]
		mark := ""
		if nested.MinItems > 0 {
			mark = "!"
		}
		words = append(words, mark+name+"{", nested.Block.words(), "}")
	}
	return strings.Join(words, " ")
}
