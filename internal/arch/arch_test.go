package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "rollcall"

// A source is one Go file, as far as its imports go.
type source struct {
	dir     string // from the root of the module, with slashes; "." is the root
	test    bool
	imports []string
}

func TestEveryArrowPointsTheRightWay(t *testing.T) {
	sources, err := read("../..")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(sources, func(s source) bool { return s.dir == "internal/roster" }) {
		t.Fatalf("read %d files and none of internal/roster: this is not the module", len(sources))
	}
	for _, fault := range faults(sources) {
		t.Error(fault)
	}
}

func TestWrongArrowsAreFaults(t *testing.T) {
	rows := []struct {
		name, reason string
		source       source
		want         []string
	}{
		{
			name: "siblings", reason: "poller, differ and sink never import each other",
			source: source{dir: "poller", imports: []string{"context", "rollcall/internal/roster", "rollcall/differ"}},
			want:   []string{"poller imports differ, which is not among its arrows"},
		}, {
			name: "siblings in a test", reason: "a test is no way around",
			source: source{dir: "differ", test: true, imports: []string{"rollcall/poller"}},
			want:   []string{"differ (test) imports poller, which is not among its arrows"},
		}, {
			name: "a peer in a test", reason: "fakes speak the real protocol",
			source: source{dir: "poller", test: true, imports: []string{"rollcall/internal/sim"}},
		}, {
			name: "a peer outside of tests", reason: "the program polls real sites",
			source: source{dir: "poller", imports: []string{"rollcall/internal/sim"}},
			want:   []string{"poller imports internal/sim, which is not among its arrows"},
		}, {
			name: "the simulated site knows the roster", reason: "mistakes must not cancel out, not in its tests either",
			source: source{dir: "internal/sim", test: true, imports: []string{"rollcall/internal/roster", "rollcall/internal/broker"}},
			want: []string{"internal/sim (test) imports internal/roster, which is not among its arrows",
				"internal/sim (test) imports internal/broker, which is not among its arrows"},
		}, {
			name: "a package's own external test", reason: "package x_test imports x",
			source: source{dir: "internal/sim", test: true, imports: []string{"rollcall/internal/sim"}},
		}, {
			name: "an inner package knows an outer one", reason: "the vocabulary knows nobody",
			source: source{dir: "internal/roster", imports: []string{"rollcall/internal/pipeline"}},
			want:   []string{"internal/roster imports internal/pipeline, which is not among its arrows"},
		}, {
			name: "somebody imports main", reason: "main is the end of all arrows",
			source: source{dir: "internal/replay", imports: []string{"rollcall/cmd/rollcall"}},
			want:   []string{"internal/replay imports cmd/rollcall, which is not among its arrows"},
		}, {
			name: "the writer's library in the reader", reason: "what one wrote wrongly the other cannot hide",
			source: source{dir: "internal/replay", imports: []string{"github.com/segmentio/kafka-go/protocol"}},
			want:   []string{"internal/replay imports github.com/segmentio/kafka-go/protocol: kafka-go writes"},
		}, {
			name: "go-cmp in the program", reason: "it is for tests",
			source: source{dir: "differ", imports: []string{"github.com/google/go-cmp/cmp"}},
			want:   []string{"differ imports github.com/google/go-cmp/cmp: its own documentation says it is for tests"},
		}, {
			name: "go-cmp in a test", reason: "it is for tests",
			source: source{dir: "differ", test: true, imports: []string{"github.com/google/go-cmp/cmp"}},
		}, {
			name: "a library nobody placed", reason: "anything else needs a reason",
			source: source{dir: "sink", imports: []string{"example.org/queue"}},
			want:   []string{"sink imports example.org/queue, a library without a place"},
		}, {
			name: "a longer name is another library", reason: "oauth2 is not oauth2x",
			source: source{dir: "poller", imports: []string{"golang.org/x/oauth2x"}},
			want:   []string{"poller imports golang.org/x/oauth2x, a library without a place"},
		}, {
			name: "a package nobody placed", reason: "a new package takes its place first",
			source: source{dir: "internal/cache"},
			want:   []string{"internal/cache has no place among the arrows"},
		}, {
			name: "a drawer", reason: "a package is a layer",
			source: source{dir: "internal/types"},
			want:   []string{"internal/types has no place among the arrows", "internal/types: types says nothing of what is inside"},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, faults([]source{row.source})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

func TestTheRulesSpeakOfPackagesThatExist(t *testing.T) {
	sources, err := read("../..")
	if err != nil {
		t.Fatal(err)
	}
	for dir := range arrows {
		if !slices.ContainsFunc(sources, func(s source) bool { return s.dir == dir }) {
			t.Errorf("arrows has %s, where there is no Go file", dir)
		}
	}
}

// read lists the Go files of the module at root.
func read(root string) ([]source, error) {
	var all []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		one, err := readFile(root, name)
		all = append(all, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	return all, nil
}

func readFile(root, name string) (source, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		return source{}, err
	}
	dir, err := filepath.Rel(root, filepath.Dir(name))
	if err != nil {
		return source{}, err
	}
	one := source{dir: filepath.ToSlash(dir), test: strings.HasSuffix(name, "_test.go")}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		one.imports = append(one.imports, imported)
	}
	return one, nil
}

// faults judges the files by the rules; each fault is named once, in the order of the files.
func faults(sources []source) []string {
	var all []string
	add := func(fault string) {
		if !slices.Contains(all, fault) {
			all = append(all, fault)
		}
	}
	for _, s := range sources {
		if _, placed := arrows[s.dir]; !placed {
			add(s.dir + " has no place among the arrows")
		}
		if base := path.Base(s.dir); slices.Contains(drawers, base) {
			add(fmt.Sprintf("%s: %s says nothing of what is inside", s.dir, base))
		}
		for _, imported := range s.imports {
			if why := s.wrong(imported); why != "" {
				add(fmt.Sprintf("%s imports %s%s", s, strings.TrimPrefix(imported, module+"/"), why))
			}
		}
	}
	return all
}

func (s source) String() string {
	if s.test {
		return s.dir + " (test)"
	}
	return s.dir
}

// wrong says what is wrong with the import; empty where it is right.
func (s source) wrong(imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case first == module:
		if !s.mayImport(strings.TrimPrefix(imported, module+"/")) {
			return ", which is not among its arrows"
		}
	case strings.Contains(first, "."): // the standard library has no dot there
		return s.misplaced(imported)
	}
	return ""
}

func (s source) mayImport(dir string) bool {
	if slices.Contains(arrows[s.dir], dir) {
		return true
	}
	if !s.test {
		return false
	}
	peered := slices.Contains(peers, dir) && !slices.Contains(unpeered, s.dir)
	return dir == s.dir || peered || slices.Contains(testArrows[s.dir], dir)
}

func (s source) misplaced(imported string) string {
	for _, p := range places {
		if imported != strings.TrimSuffix(p.library, "/") && !strings.HasPrefix(imported, strings.TrimSuffix(p.library, "/")+"/") {
			continue
		}
		if s.test && p.testsOnly || slices.Contains(p.in, s.dir) {
			return ""
		}
		return ": " + p.reason
	}
	return ", a library without a place"
}
