package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tables that people read say what the program does: they are written from it (-update) and held against it.

func TestREADMETellsTheVariables(t *testing.T) {
	var b strings.Builder
	b.WriteString("| variable | default | |\n|---|---|---|\n")
	for _, v := range Variables() {
		standard := ""
		if v.Default != "" {
			standard = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s. Accepted: %s |\n", v.Name, standard, v.Help, v.Accepted)
	}
	holdBetween(t, "../../README.md", "variables", b.String())
}

func TestExampleEnvironmentHasEveryVariable(t *testing.T) {
	content, err := os.ReadFile("../../deploy/env.example")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, v := range Variables() {
		want = append(want, v.Name)
	}
	for _, m := range regexp.MustCompile(`(?m)^(#?)(ROLLCALL_[A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(content), -1) {
		got = append(got, m[2])
		i := slices.IndexFunc(variables, func(v Variable) bool { return v.Name == m[2] })
		if m[1] == "#" && i >= 0 && variables[i].Default != m[3] {
			t.Errorf("%s is shown with the default %q, it is %q", m[2], m[3], variables[i].Default)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("env.example (-program +file):\n%s", diff)
	}
}

// holdBetween holds the text between the two marks of that name in a file against want, or writes it there.
func holdBetween(t *testing.T, file, name, want string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	marks := regexp.MustCompile(`(?s)([^\n]*` + name + `: begin[^\n]*\n)(.*?)([^\n]*` + name + `: end[^\n]*\n)`)
	parts := marks.FindSubmatch(content)
	if parts == nil {
		t.Fatalf("%s has no marks %q", file, name+": begin")
	}
	if string(parts[2]) == want {
		return
	}
	if !*update {
		t.Fatalf("%s does not say what the program does; go test ./cmd/rollcall -run %s -update mends it", file, t.Name())
	}
	whole := slices.Concat(parts[1], []byte(want), parts[3])
	if err := os.WriteFile(file, []byte(strings.Replace(string(content), string(parts[0]), string(whole), 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestREADMENamesEveryCommand(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, have []string
	for _, m := range regexp.MustCompile("(?m)^\\| `rollcall ([a-z]+)` \\|").FindAllSubmatch(readme, -1) {
		listed = append(listed, string(m[1]))
	}
	for _, c := range rootCommand().Commands() {
		have = append(have, c.Name())
	}
	slices.Sort(listed)
	slices.Sort(have)
	if !slices.Equal(listed, have) {
		t.Errorf("README lists %q, the program has %q", listed, have)
	}
}
