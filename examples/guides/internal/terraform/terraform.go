package terraform

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// A Source is a part of the configuration.
type Source struct {
	Name string // of the page that it is in
	Line int    // of its first line there
	Text string
}

// configuration is one module, in parts.
type configuration struct {
	schemas  map[string]*schema
	declared map[string]*schema // by "TYPE.NAME", "data.TYPE.NAME", "var.NAME", "local.NAME"; nil where nothing is known of it
	faults   []error
}

// Check reads the parts of one configuration. Its error has every fault, with page and line. The
// folder has the lists of what the providers know.
func Check(folder string, parts []Source) error {
	known, err := schemas(folder)
	if err != nil {
		return err
	}
	c := &configuration{schemas: known, declared: make(map[string]*schema)}
	var blocks hclsyntax.Blocks
	for _, part := range parts {
		if formatted := hclwrite.Format([]byte(part.Text)); !bytes.Equal(formatted, []byte(part.Text)) {
			c.faults = append(c.faults, fmt.Errorf("%s:%d: terraform fmt would make it\n%s", part.Name, part.Line, formatted))
		}
		file, diagnostics := hclsyntax.ParseConfig([]byte(part.Text), part.Name, hcl.Pos{Line: part.Line, Column: 1})
		if diagnostics.HasErrors() {
			c.faults = append(c.faults, diagnostics)
			continue
		}
		body := file.Body.(*hclsyntax.Body)
		for name, attribute := range body.Attributes {
			c.fault(attribute.SrcRange, "the argument %s is in no block", name)
		}
		blocks = append(blocks, body.Blocks...)
	}
	for _, block := range blocks {
		c.declare(block)
	}
	for _, block := range blocks {
		c.block(block)
	}
	c.meanings(blocks)
	return errors.Join(c.faults...)
}

func (c *configuration) fault(where hcl.Range, format string, values ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s:%d: "+format, append([]any{where.Filename, where.Start.Line}, values...)...))
}

// declare notes the name that others refer to a block by.
func (c *configuration) declare(block *hclsyntax.Block) {
	var name string
	var s *schema
	switch {
	case block.Type == "resource" && len(block.Labels) == 2:
		name, s = block.Labels[0]+"."+block.Labels[1], c.schemas["resource "+block.Labels[0]]
	case block.Type == "data" && len(block.Labels) == 2:
		name, s = "data."+block.Labels[0]+"."+block.Labels[1], c.schemas["data "+block.Labels[0]]
	case block.Type == "variable" && len(block.Labels) == 1:
		name = "var." + block.Labels[0]
	case block.Type == "locals":
		for local := range block.Body.Attributes {
			c.declared["local."+local] = nil
		}
		return
	default:
		return
	}
	if _, ok := c.declared[name]; ok {
		c.fault(block.Range(), "%s is there twice", name)
	}
	c.declared[name] = s
}

// block holds a block of the first level against its schema.
func (c *configuration) block(block *hclsyntax.Block) {
	c.references(block)
	labels, s := 1, ofBlock(block.Type)
	switch block.Type {
	case "resource", "data":
		labels = 2
		if len(block.Labels) > 0 {
			if s = c.schemas[block.Type+" "+block.Labels[0]]; s == nil {
				c.fault(block.Range(), "there is no %s %s in the lists", block.Type, block.Labels[0])
				return
			}
		}
	case "locals":
		if len(block.Body.Blocks) > 0 {
			c.fault(block.Range(), "locals have no blocks")
		}
		return
	case "terraform", "import", "moved", "removed":
		labels = 0
	}
	if len(block.Labels) != labels {
		c.fault(block.Range(), "a block %s has %d labels", block.Type, labels)
		return
	}
	if s == nil {
		c.fault(block.Range(), "there is no block %s", block.Type)
		return
	}
	if block.Type == "terraform" {
		return // its blocks have names of their own
	}
	c.body(block, s, block.Type == "resource" || block.Type == "data")
}

// body holds what is in a block against a schema. That of a resource takes what all resources take.
func (c *configuration) body(block *hclsyntax.Block, s *schema, resource bool) {
	present := make(map[string]bool)
	for name, attribute := range block.Body.Attributes {
		present[name] = true
		if resource && (name == "for_each" || name == "count" || name == "depends_on" || name == "provider") {
			continue
		}
		if !s.arguments[name] {
			c.fault(attribute.SrcRange, "%s takes no argument %s", title(block), name)
		}
	}
	for _, nested := range block.Body.Blocks {
		if resource && nested.Type == "lifecycle" {
			continue
		}
		if nested.Type == "dynamic" && len(nested.Labels) == 1 {
			present[nested.Labels[0]] = true
			continue
		}
		present[nested.Type] = true
		of := s.blocks[nested.Type]
		if of == nil || !s.arguments[nested.Type] {
			c.fault(nested.Range(), "%s takes no block %s", title(block), nested.Type)
			continue
		}
		c.body(nested, of, false)
	}
	for name := range s.required {
		if !present[name] {
			c.fault(block.Range(), "%s needs %s", title(block), name)
		}
	}
}

func title(block *hclsyntax.Block) string {
	if len(block.Labels) > 0 {
		return block.Type + " " + block.Labels[0]
	}
	return block.Type
}

// references looks for each name that the expressions of a block have.
func (c *configuration) references(block *hclsyntax.Block) {
	if block.Type == "terraform" {
		return // its names are those of versions and providers
	}
	for _, attribute := range block.Body.Attributes {
		if (block.Type == "variable" && attribute.Name == "type") || attribute.Name == "provider" || attribute.Name == "ignore_changes" {
			continue
		}
		for _, traversal := range attribute.Expr.Variables() {
			c.reference(traversal)
		}
	}
	for _, nested := range block.Body.Blocks {
		if nested.Type != "dynamic" && nested.Type != "lifecycle" {
			c.references(nested)
		}
	}
}

func (c *configuration) reference(traversal hcl.Traversal) {
	var path []string
	for _, step := range traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			path = append(path, step.Name)
		case hcl.TraverseAttr:
			path = append(path, step.Name)
		}
	}
	length := 2
	switch path[0] {
	case "each", "count", "self", "path", "terraform", "module":
		return
	case "data":
		length = 3
	}
	if len(path) < length {
		c.fault(traversal.SourceRange(), "%s is declared nowhere", path[0])
		return
	}
	name := path[0]
	for _, part := range path[1:length] {
		name += "." + part
	}
	s, ok := c.declared[name]
	switch {
	case !ok:
		c.fault(traversal.SourceRange(), "%s is declared nowhere", name)
	case s != nil && len(path) > length && !s.attributes[path[length]]:
		c.fault(traversal.SourceRange(), "%s has no attribute %s", name, path[length])
	}
}
