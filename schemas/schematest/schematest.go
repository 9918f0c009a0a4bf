// Package schematest lets tests hold published records against the JSON Schemas.
package schematest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rollcall/schemas"
)

// Event fails the test unless value, a record of the events topic, is valid by the schema of its type.
func Event(t testing.TB, value []byte) {
	t.Helper()
	var record struct{ Type string }
	if err := json.Unmarshal(value, &record); err != nil {
		t.Errorf("record is no JSON object: %v\n%s", err, value)
		return
	}
	valid(t, record.Type, value)
}

// Clients fails the test unless value, a record of the clients topic, is valid. A tombstone is.
func Clients(t testing.TB, value []byte) {
	t.Helper()
	if value != nil {
		valid(t, "clients", value)
	}
}

func valid(t testing.TB, name string, value []byte) {
	t.Helper()
	if err := Check(name, value); err != nil {
		t.Errorf("record against schema %s: %v\n%s", name, err, value)
	}
}

// Check says what is wrong with value by the schema of that name.
func Check(name string, value []byte) error {
	schema, err := compiled(name)
	if err != nil {
		return err
	}
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return err
	}
	return schema.Validate(decoded)
}

var (
	compiling sync.Mutex
	cache     = map[string]*jsonschema.Schema{}
)

// compiled compiles a schema once. It loads nothing from anywhere: a reference that the schema does not resolve itself
// is an error.
func compiled(name string) (*jsonschema.Schema, error) {
	compiling.Lock()
	defer compiling.Unlock()
	if schema := cache[name]; schema != nil {
		return schema, nil
	}
	text, err := schemas.Schema(name)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	compiler.AssertFormat()
	id := "urn:rollcall:schema:" + name + ":v1"
	if err := compiler.AddResource(id, document); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		return nil, err
	}
	cache[name] = schema
	return schema, nil
}
