package poller

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// endless repeats a piece for ever, and counts.
type endless struct {
	head, piece string
	given       int64
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.head) == 0 {
		e.head = strings.Repeat(e.piece, 1+(1<<12)/len(e.piece))
	}
	n := copy(p, e.head)
	e.head, e.given = e.head[n:], e.given+int64(n)
	return n, nil
}

// TestHostileDocuments: documents without an end are refused soon, whatever they repeat.
func TestHostileDocuments(t *testing.T) {
	const root = "<connected_clients>"
	const client = root + `<connected_x id="1">`
	for _, row := range []struct {
		name, head, piece, want string
		soon                    int64 // bytes after which it must be refused
	}{
		{"attribute", root + `<connected_x id="`, "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"attributes", root + `<connected_x `, `a="" `, "a tag, text or comment of more than 262144 bytes", maxToken},
		{"name", root + "<", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"text", client + "<name>", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"CDATA", client + "<name><![CDATA[", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"comment", root + "<!--", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"instruction", root + "<?a ", "a", "a tag, text or comment of more than 262144 bytes", maxToken},
		{"DTD", "<!DOCTYPE a [", `<!ENTITY b "&a;&a;">`, "a tag, text or comment of more than 262144 bytes", maxToken},
		{"depth", client, "<a>", "elements nested more than 32 deep", 1 << 10},
		{"elements", client, "<a/>", "a client of more than 50000 elements", 4*maxElements + 1<<10},
		{"texts", client + "<name>", strings.Repeat("a", 1000) + "<!---->", "a client of more than 8388608 bytes", maxClient + 1<<10},
		{"white space among clients", root, strings.Repeat(" ", 1000) + "<!---->", "the answer has more than 9437184 bytes", 9 << 20},
		{"unknown elements", root, "<a/>" + strings.Repeat(" ", 100), "the answer has more than 9437184 bytes", 9 << 20},
	} {
		t.Run(row.name, func(t *testing.T) {
			e := &endless{head: row.head, piece: row.piece}
			var err error
			peak := peakOf(func() { _, err = Read(e, Terms{MaxBytes: 9 << 20}) })
			if got := saysOf(err); !strings.HasPrefix(got, "malformed: ") || !strings.HasSuffix(got, row.want) {
				t.Errorf("got %q, want malformed and %q", got, row.want)
			}
			const buffered = 128 << 10
			if e.given > row.soon+buffered {
				t.Errorf("took %d bytes, want at most %d", e.given, row.soon+buffered)
			}
			if limit := uint64(64 << 20); peak > limit {
				t.Errorf("took %d bytes of memory, want at most %d", peak, limit)
			}
		})
	}
}

// TestLimits: one step below a limit is read, one above is not.
func TestLimits(t *testing.T) {
	t.Parallel()
	attrs := func(n int) string {
		var b strings.Builder
		for i := range n - 1 {
			fmt.Fprintf(&b, ` a%d=""`, i)
		}
		return clients(`<connected_x id="1"` + b.String() + "/>")
	}
	value := func(n int) string { return clients(`<connected_x id="1" a="` + strings.Repeat("a", n) + `"/>`) }
	name := func(n int) string {
		return clients(`<connected_x id="1"><` + strings.Repeat("a", n) + "/></connected_x>")
	}
	depth := func(n int) string {
		return clients(`<connected_x id="1">` + strings.Repeat("<a>", n-2) + strings.Repeat("</a>", n-2) + "</connected_x>")
	}
	bytes := func(n int) string { return clients(agent("<name>" + strings.Repeat("a", n) + "</name>")) }
	for _, row := range []struct {
		what  string
		doc   func(int) string
		limit int
	}{
		{"attributes", attrs, maxAttributes},
		{"bytes of an attribute", value, maxAttribute},
		{"bytes of a name", name, maxName},
		{"depth", depth, maxDepth},
		{"bytes of a text", bytes, maxToken - 1}, // and the "<" behind it
	} {
		if _, err := Read(strings.NewReader(row.doc(row.limit)), Terms{}); err != nil {
			t.Errorf("%s at the limit: %v", row.what, err)
		}
		if _, err := Read(strings.NewReader(row.doc(row.limit+1)), Terms{}); err == nil {
			t.Errorf("%s above the limit: accepted", row.what)
		}
	}
	doc := clients(agent(""))
	read(t, doc, Terms{MaxBytes: int64(len(doc))})
	if _, err := Read(strings.NewReader(doc), Terms{MaxBytes: int64(len(doc) - 1)}); err == nil {
		t.Error("a document above MaxBytes: accepted")
	}
}

// peakOf is how much the heap grew at most while f ran, as sampled.
func peakOf(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	peak := make(chan uint64)
	go func() {
		top := before.HeapAlloc
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				peak <- top - before.HeapAlloc
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				top = max(top, now.HeapAlloc)
			}
		}
	}()
	f()
	close(done)
	return <-peak
}
