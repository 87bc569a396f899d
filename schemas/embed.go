package schemas

import "embed"

// JSON holds the JSON Schema of every type, json/<type>.json, and examples:
// json/examples/good/<type>.<what>.json, each a whole event, and
// json/examples/bad/<type>.<what is wrong>.json, each with one fault.
//
//go:embed json
var JSON embed.FS
