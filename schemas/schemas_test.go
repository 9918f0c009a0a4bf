package schemas_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
	"rollcall/schemas"
	"rollcall/schemas/schematest"
)

func TestEveryRecordHasASchema(t *testing.T) {
	t.Parallel()
	want := []string{"clients"}
	for _, name := range roster.EventTypes {
		want = append(want, string(name))
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(schemas.Names()))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for _, name := range schemas.Names() {
		schema := read(t, name)
		if got, want := schema["$id"], "urn:rollcall:schema:"+name+":v1"; got != want {
			t.Errorf("schema %s: $id is %v, want %s", name, got, want)
		}
		if schema["title"] == nil || schema["description"] == nil {
			t.Errorf("schema %s has no title or no description", name)
		}
	}
	if _, err := schemas.Schema("common"); err == nil {
		t.Error("a part that is shared is given out as a schema")
	}
}

func read(t *testing.T, name string) (schema map[string]any) {
	t.Helper()
	text, err := schemas.Schema(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestEveryFieldIsDescribed, or is what it refers to, or has one value.
func TestEveryFieldIsDescribed(t *testing.T) {
	t.Parallel()
	for _, name := range schemas.Names() {
		undescribed(t, name, read(t, name))
	}
}

func undescribed(t *testing.T, path string, schema any) {
	object, _ := schema.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	for name, property := range properties {
		p := property.(map[string]any)
		if p["description"] == nil && p["$ref"] == nil && p["const"] == nil && !strings.HasSuffix(path, "platform") {
			t.Errorf("%s/%s is not described", path, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		undescribed(t, path+"/"+name, object[name])
	}
}

// TestExamplesAreValid: each example by the schema it is named after, and each schema has one.
func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("examples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), "-")
		seen[name] = true
		if err := schematest.Check(name, example(t, filepath.Base(file))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(schemas.Names())), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("schemas with examples (-want +got):\n%s", diff)
	}
}

func example(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("examples", file))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestStrictWhereOursIsStrict: what the program never writes is refused; what the vendor may add is not.
func TestStrictWhereOursIsStrict(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, reason  string
		schema        string
		old, replaced string
		valid         bool
	}{
		{"no id", "every record has one", "connect", `"id": "`, `"uid": "`, false},
		{"another UUID version", "ids are made of the content", "gap", `-8`, `-4`, false},
		{"seq from zero", "numbering starts at 1", "gap", `"seq": 4711`, `"seq": 0`, false},
		{"another type", "a schema is for one type", "connect", `"type": "connect"`, `"type": "snapshot"`, false},
		{"another op", "each type has its own", "connect", `"op": "c"`, `"op": "r"`, false},
		{"a before on connect", "there was none", "connect", `"before": null`, `"before": {}`, false},
		{"an op on a gap", "it is about no client", "gap", `"epoch": 1`, `"epoch": 1, "op": "c"`, false},
		{"microseconds", "times have milliseconds", "gap", `.310Z",`, `.310000Z",`, false},
		{"local time", "times are UTC", "gap", `.310Z",`, `.310+01:00",`, false},
		{"no such day", "times are times", "gap", `2026-11-23T`, `2026-11-43T`, false},
		{"a field of its own", "records hold nothing else", "gap", `"epoch": 1`, `"epoch": 1, "note": ""`, false},
		{"an unknown reason", "the reasons are listed", "gap", `"timeout"`, `"weather"`, false},
		{"a new field of the vendor beside the known", "it belongs under extra", "snapshot", `"hostname": `, `"shoe_size": "9", "hostname": `, false},
		{"the log in an event", "it is in the clients topic only", "snapshot", `"hostname": `, `"event_log": [], "hostname": `, false},
		{"a number in extra", "extra holds texts", "disconnect", `"@mode": "clustered"`, `"@mode": 1`, false},
		{"a new field of the vendor under extra", "the vendor may add", "disconnect", `"@mode": `, `"shoe_size": "9", "@mode": `, true},
		{"a new kind of client", "the vendor may add", "snapshot", `"type": "representative"`, `"type": "robot"`, true},
		{"a flag that is none", "what does not parse stays the text it was", "snapshot", `"routing_busy": false`, `"routing_busy": "maybe"`, true},
		{"a record without its log", "the log may be empty, not absent", "clients", `"event_log"`, `"events"`, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			text := example(t, row.schema+".json")
			changed := bytes.Replace(text, []byte(row.old), []byte(row.replaced), 1)
			if bytes.Equal(text, changed) {
				t.Fatalf("the example has no %s", row.old)
			}
			if err := schematest.Check(row.schema, changed); (err == nil) != row.valid {
				t.Errorf("%s: valid %v, want %v: %v", row.reason, err == nil, row.valid, err)
			}
		})
	}
}
