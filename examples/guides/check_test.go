package guides_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/awsfed/awsfed-go/examples/guides/internal/diagram"
	"github.com/awsfed/awsfed-go/examples/guides/internal/document"
	"github.com/awsfed/awsfed-go/examples/guides/internal/page"
	"github.com/awsfed/awsfed-go/examples/guides/internal/script"
	"github.com/awsfed/awsfed-go/examples/guides/internal/syntax"
	"github.com/awsfed/awsfed-go/examples/guides/internal/terraform"
)

// counts are what was checked.
type counts struct{ compiled, commands, files, diagrams, shown int }

func (c *counts) add(other *counts) {
	c.compiled += other.compiled
	c.commands += other.commands
	c.files += other.files
	c.diagrams += other.diagrams
	c.shown += other.shown
}

// String implements [fmt.Stringer].
func (c *counts) String() string {
	return fmt.Sprintf("%d snippets compiled, %d commands parsed, %d files validated, %d diagrams, %d blocks only shown",
		c.compiled, c.commands, c.files, c.diagrams, c.shown)
}

// check checks a page, and gives every fault with page and line.
func check(ctx context.Context, e environment, name, text string) (*counts, error) {
	sum := new(counts)
	p, err := page.Parse(name, text)
	faults := []error{err}
	shells, err := script.Blocks(p)
	faults = append(faults, err)
	shells = append(shells, commandsInProse(p)...)
	for _, shell := range shells {
		shell.Stubs, shell.Env = e.stubs, e.variables
		calls, err := shell.Run(ctx)
		faults = append(faults, err)
		sum.commands += len(calls)
		if shell.Shown && !shell.Prose {
			sum.shown++
		}
	}
	for _, configuration := range configurations(p, sum) {
		faults = append(faults, terraform.Check("lists", configuration))
	}
	for _, b := range p.Blocks {
		if err := errors.Join(checkBlock(b, sum), names(b)); err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", name, b.Line, err))
		}
	}
	return sum, errors.Join(faults...)
}

// configurations are those of Terraform in a page: one, unless a directive starts another.
func configurations(p *page.Page, sum *counts) (found [][]terraform.Source) {
	for _, b := range p.Blocks {
		if b.Language != "hcl" {
			continue
		}
		sum.files++
		if len(found) == 0 || b.Directive.Kind == "new-configuration" {
			found = append(found, nil)
		}
		last := len(found) - 1
		found[last] = append(found[last], terraform.Source{Name: p.Name, Line: b.Line, Text: b.Text})
	}
	return found
}

// commandsInProse are the spans of code that start with the name of a tool and have more.
func commandsInProse(p *page.Page) (shells []script.Shell) {
	for _, span := range p.Spans {
		tool, _, more := strings.Cut(span.Text, " ")
		if more && slices.Contains([]string{"aws", "awsfed", "docker", "gcloud", "go", "kubectl", "terraform"}, tool) {
			shells = append(shells, script.Shell{Page: p.Name, Blocks: []script.Block{{Line: span.Line, Text: span.Text + "\n"}}, Shown: true, Prose: true})
		}
	}
	return shells
}

// names reads each provider and each principal that a block of any language names as a whole.
func names(b page.Block) error {
	text, err := b.Directive.Fill(b.Text)
	if err != nil {
		return nil // it is told elsewhere
	}
	var faults []error
	for _, audience := range regexp.MustCompile(`//iam\.googleapis\.com/projects/[0-9]+/[^\s"'\\,;)$…]*/providers/[^\s"'\\,;)$…]+`).FindAllString(text, -1) {
		faults = append(faults, syntax.Audience(audience))
	}
	for _, member := range regexp.MustCompile(`\bprincipal(?:Set)?://iam\.googleapis\.com/projects/[0-9]+/[^\s"'\\,;)]+`).FindAllString(text, -1) {
		if !strings.ContainsAny(member, "$…{") {
			faults = append(faults, syntax.Member(member))
		}
	}
	return errors.Join(faults...)
}

// checkBlock checks a block of any language but sh and hcl, whose blocks are checked together.
func checkBlock(b page.Block, sum *counts) error {
	d := b.Directive
	text, err := d.Fill(b.Text)
	if err != nil {
		return err
	}
	switch {
	case b.Language == "sh", b.Language == "hcl" && (d.Verb == "" || d.Verb == "check" && d.Kind == "new-configuration"):
		return nil
	case b.Language == "go" && d.Verb == "code":
		sum.compiled++
		return sameAs(b.Text, ".", d.Kind, "_test.go")
	case (b.Language == "yaml" || b.Language == "json") && d.Verb == "check" && strings.HasPrefix(d.Kind, "file:"):
		sum.files++
		return sameAs(b.Text, root, strings.TrimPrefix(d.Kind, "file:"), "")
	case b.Language == "yaml" && d.Verb == "check" && d.Kind == "emulator-config":
		sum.files++
		return emulatorConfig(text)
	case (b.Language == "yaml" || b.Language == "json") && d.Verb == "check" && document.IsKind(d.Kind):
		sum.files++
		return document.Check(d.Kind, text)
	case b.Language == "mermaid" && d.Verb == "":
		sum.diagrams++
		return diagram.Check(text)
	case (b.Language == "text" || b.Language == "console") && d.Verb == "output":
		sum.files++
		return sameAs(b.Text, root, d.Kind, "")
	case (b.Language == "text" || b.Language == "console") && d.Kind == "shown":
		sum.shown++
		return nil
	}
	return fmt.Errorf("a block of %q with the directive %q has no check", b.Language, strings.Trim(d.Verb+": "+d.Kind, ": "))
}

// emulatorConfig reads a configuration file of the emulator by its schema.
func emulatorConfig(text string) error {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "awsfed/emulator/config.schema.json"))
	if err != nil {
		return err
	}
	converted, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// sameAs holds a text against FILE or FILE#REGION below a folder.
func sameAs(text, folder, place, suffix string) error {
	file, region, _ := strings.Cut(place, "#")
	if !filepath.IsLocal(file) || !strings.HasSuffix(file, suffix) || suffix != "" && region == "" {
		return fmt.Errorf("%q is no FILE%s#REGION", place, suffix)
	}
	source, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		return err
	}
	want, err := page.Region(string(source), region)
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	if strings.TrimSuffix(text, "\n") != strings.TrimSuffix(want, "\n") {
		return fmt.Errorf("the block is not that of %s, which is:\n%s", place, want)
	}
	return nil
}
