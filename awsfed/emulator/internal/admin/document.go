package admin

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds how deep a document is nested, for those who look at it.
const maxDepth = 16

// parseDocument turns a document of JSON or YAML into objects, slices and texts, in the order in
// which they stand. It reads what is shown to people, and judges nothing.
func parseDocument(data []byte) (any, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, err
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 {
		return nil, nil // it is empty
	}
	return fromNode(root.Content[0], maxDepth)
}

func fromNode(node *yaml.Node, depth int) (any, error) {
	if depth == 0 {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	switch node.Kind {
	case yaml.MappingNode:
		o := object{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			value, err := fromNode(node.Content[i+1], depth-1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{node.Content[i].Value, value})
		}
		return o, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range node.Content {
			value, err := fromNode(item, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.ScalarNode:
		return node.Value, nil
	case yaml.AliasNode:
		return "*" + node.Value, nil // by its name, since an alias of aliases grows without bound
	}
	return nil, nil
}
