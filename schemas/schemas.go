// Package schemas holds the JSON Schemas (2020-12) of the records that Rollcall publishes, and an example of each.
//
// The examples under examples/ are what the encoder writes: they are the golden files of its tests. Each schema names
// itself by a URN, which stands in the header ce_dataschema of the records too. A schema as given out by Schema is
// complete: what it refers to is in it, and nothing needs to be fetched.
package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
)

//go:embed *.json
var files embed.FS

// shared are the schemas that others refer to.
var shared = []string{"common", "state"}

// Names lists the schemas: one for each type of record in the events topic, and clients for the clients topic.
func Names() []string {
	return []string{"epoch", "snapshot", "connect", "state_change", "disconnect", "event_log", "event_log_gap", "gap", "hold",
		"checkpoint", "clients"}
}

// Schema gives the schema with that name as a compound document: the schemas it refers to are under its $defs.
func Schema(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("no schema %q", name)
	}
	own, err := files.ReadFile(name + ".json")
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	whole := bytes.TrimSuffix(bytes.TrimSpace(own), []byte("}")) // as text, so that the order of its fields stays
	whole = append(whole, `,"$defs":{`...)
	for i, other := range shared {
		text, err := files.ReadFile(other + ".json")
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", other, err)
		}
		if i > 0 {
			whole = append(whole, ',')
		}
		whole = append(fmt.Appendf(whole, "%q:", other), text...)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, append(whole, "}}"...), "", "  "); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	return append(indented.Bytes(), '\n'), nil
}
