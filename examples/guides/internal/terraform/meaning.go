package terraform

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/awsfed/awsfed-go/examples/guides/internal/document"
	"github.com/awsfed/awsfed-go/examples/guides/internal/stub"
	"github.com/awsfed/awsfed-go/examples/guides/internal/syntax"
)

// meanings judges what arguments name, as far as their values are known.
func (c *configuration) meanings(blocks hclsyntax.Blocks) {
	scope := c.scope(blocks)
	for _, block := range blocks {
		if block.Type == "resource" || block.Type == "data" {
			c.meaning(block, scope)
		}
	}
}

func (c *configuration) meaning(block *hclsyntax.Block, scope *hcl.EvalContext) {
	values := make(map[string]cty.Value)
	for name, attribute := range block.Body.Attributes {
		value, diagnostics := attribute.Expr.Value(scope)
		if diagnostics.HasErrors() {
			c.faults = append(c.faults, diagnostics)
			continue
		}
		values[name] = value
		for _, text := range texts(value) {
			if err := argument(name, text); err != nil {
				c.fault(attribute.SrcRange, "%s: %w", name, err)
			}
		}
	}
	for _, nested := range block.Body.Blocks {
		if nested.Type != "dynamic" && nested.Type != "lifecycle" {
			c.meaning(nested, scope)
		}
		if nested.Type == "condition" {
			if e, ok := nested.Body.Attributes["expression"]; ok {
				value, _ := e.Expr.Value(scope)
				for _, text := range texts(value) {
					if err := syntax.BindingCondition(text); err != nil {
						c.fault(e.SrcRange, "%w", err)
					}
				}
			}
		}
	}
	if len(block.Labels) > 0 && block.Labels[0] == "google_iam_workload_identity_pool_provider" && block.Type == "resource" {
		c.provider(block, values)
	}
}

// provider judges mapping and condition of a provider.
func (c *configuration) provider(block *hclsyntax.Block, values map[string]cty.Value) {
	aws := slices.ContainsFunc(block.Body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == "aws" })
	var mapping map[string]string
	if value, ok := values["attribute_mapping"]; !ok && aws {
		mapping = syntax.DefaultMapping()
	} else if ok && value.IsWhollyKnown() {
		mapping = make(map[string]string)
		for name, expression := range value.AsValueMap() {
			mapping[name] = expression.AsString()
		}
		if err := syntax.Mapping(mapping, aws); err != nil {
			c.fault(block.Range(), "%w", err)
		}
	}
	for _, condition := range texts(values["attribute_condition"]) {
		if err := syntax.Condition(condition, mapping, aws); err != nil {
			c.fault(block.Range(), "%w", err)
		}
	}
}

// argument judges the value of an argument by its name.
func argument(name, text string) error {
	switch name {
	case "member", "members", "identities":
		return syntax.Member(text)
	case "role":
		if strings.HasPrefix(text, "roles/") || strings.Contains(text, "/") {
			return syntax.Role(text)
		}
	case "project", "project_id":
		return syntax.Project(strings.TrimPrefix(text, "projects/"))
	case "assume_role_policy":
		return document.Check("aws-trust-policy", text)
	case "policy":
		if strings.HasPrefix(text, "{") {
			return document.Check("aws-policy", text)
		}
	}
	return nil
}

// texts are the strings of a value that are known: itself, or its elements.
func texts(value cty.Value) (found []string) {
	if value == cty.NilVal || value.IsNull() || !value.IsKnown() {
		return nil
	}
	switch t := value.Type(); {
	case t == cty.String:
		return []string{value.AsString()}
	case t.IsListType() || t.IsSetType() || t.IsTupleType():
		for _, element := range value.AsValueSlice() {
			found = append(found, texts(element)...)
		}
	}
	return found
}

// scope has a value for each name that is declared: a plausible one for those whose meaning is
// known, and an unknown one for others.
func (c *configuration) scope(blocks hclsyntax.Blocks) *hcl.EvalContext {
	roots := map[string]map[string]cty.Value{"var": {}, "local": {}}
	data := make(map[string]map[string]cty.Value)
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{"each": cty.DynamicVal, "count": cty.DynamicVal, "path": cty.DynamicVal}, Functions: functions()}
	for _, block := range blocks {
		switch {
		case len(block.Labels) == 2 && (block.Type == "resource" || block.Type == "data"):
			into := roots
			if block.Type == "data" {
				into = data
			}
			if into[block.Labels[0]] == nil {
				into[block.Labels[0]] = make(map[string]cty.Value)
			}
			into[block.Labels[0]][block.Labels[1]] = c.object(block)
		case block.Type == "variable" && len(block.Labels) == 1:
			value := plausible("var", block.Labels[0])
			if d, ok := block.Body.Attributes["default"]; ok {
				value, _ = d.Expr.Value(scope)
			}
			roots["var"][block.Labels[0]] = value
		}
	}
	group := make(map[string]cty.Value)
	for kind, named := range data {
		group[kind] = cty.ObjectVal(named)
	}
	scope.Variables["data"] = cty.ObjectVal(group)
	for range 3 { // a local may name one before it
		for root, named := range roots {
			scope.Variables[root] = cty.ObjectVal(named)
		}
		for _, block := range blocks {
			if block.Type != "locals" {
				continue
			}
			for name, attribute := range block.Body.Attributes {
				value, diagnostics := attribute.Expr.Value(scope)
				if diagnostics.HasErrors() {
					value = cty.DynamicVal
				}
				roots["local"][name] = value
			}
		}
	}
	return scope
}

// object is a resource, with its attributes. One of several is not known.
func (c *configuration) object(block *hclsyntax.Block) cty.Value {
	s := c.schemas[block.Type+" "+block.Labels[0]]
	if s == nil || block.Body.Attributes["for_each"] != nil || block.Body.Attributes["count"] != nil {
		return cty.DynamicVal
	}
	attributes := make(map[string]cty.Value)
	for name := range s.attributes {
		attributes[name] = plausible(block.Labels[0], name)
	}
	return cty.ObjectVal(attributes)
}

// plausible is a value of an attribute of a kind of resource, or of a variable.
func plausible(kind, name string) cty.Value {
	const pool = "projects/" + stub.ProjectNumber + "/locations/global/workloadIdentityPools/" + stub.Pool
	value, ok := map[string]string{
		"google_iam_workload_identity_pool.name":                                        pool,
		"google_iam_workload_identity_pool.workload_identity_pool_id":                   stub.Pool,
		"google_iam_workload_identity_pool_provider.name":                               pool + "/providers/" + stub.Provider,
		"google_iam_workload_identity_pool_provider.workload_identity_pool_provider_id": stub.Provider,
		"google_service_account.name":                                                   "projects/" + stub.ProjectID + "/serviceAccounts/" + stub.Account,
		"google_service_account.email":                                                  stub.Account,
		"google_service_account.member":                                                 "serviceAccount:" + stub.Account,
		"google_project.number":                                                         stub.ProjectNumber,
		"google_project.project_id":                                                     stub.ProjectID,
		"aws_iam_role.name":                                                             stub.AWSRole,
		"aws_iam_role.arn":                                                              "arn:aws:iam::" + stub.AWSAccount + ":role/" + stub.AWSRole,
		"aws_caller_identity.account_id":                                                stub.AWSAccount,
		"var.project":                                                                   stub.ProjectID,
		"var.project_id":                                                                stub.ProjectID,
		"var.project_number":                                                            stub.ProjectNumber,
		"var.aws_account_id":                                                            stub.AWSAccount,
		"var.aws_role":                                                                  stub.AWSRole,
	}[kind+"."+name]
	if !ok {
		return cty.DynamicVal
	}
	return cty.StringVal(value)
}

// functions are those of Terraform that the pages may need.
func functions() map[string]function.Function {
	return map[string]function.Function{
		"concat": stdlib.ConcatFunc, "format": stdlib.FormatFunc, "join": stdlib.JoinFunc, "jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc,
		"lower": stdlib.LowerFunc, "merge": stdlib.MergeFunc, "replace": stdlib.ReplaceFunc, "split": stdlib.SplitFunc, "values": stdlib.ValuesFunc,
		"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	}
}
