package sim

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"
)

// tally reads an answer to its end and counts bytes, and ends of clients.
func tally(t *testing.T, answer io.Reader) (size, clients int) {
	t.Helper()
	lines := bufio.NewReader(answer)
	for {
		line, err := lines.ReadSlice('\n')
		size += len(line)
		if bytes.HasPrefix(line, []byte("\t</connected_")) {
			clients++
		}
		if errors.Is(err, io.EOF) {
			return size, clients
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestALargeSiteIsStreamed is not parallel: it looks at what the whole process allocates.
func TestALargeSiteIsStreamed(t *testing.T) {
	const clients = 100_000
	s := New(quiet(Config{Seed: 1, Clients: clients, Cluster: true, NoGzip: true}))
	c := start(t, s)
	res, err := c.client.Do(c.request(http.MethodGet, everybody, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	size, got := tally(t, res.Body)
	runtime.ReadMemStats(&after)
	if got != clients {
		t.Errorf("%d clients are listed, want %d", got, clients)
	}
	if per := size / clients; per < 3000 || per > 4000 {
		t.Errorf("%d bytes a client, want about 3400", per)
	}
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 32<<20 {
		t.Errorf("an answer of %d MB allocated %d MB", size>>20, spent>>20)
	}
}

func TestAnswersAreConsistentWhileLifeGoesOn(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Seed: 8, Clients: 300}))
	c := start(t, s)
	stop := make(chan struct{})
	var living sync.WaitGroup
	living.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			s.Step(1)
			if i%50 == 0 {
				s.Restart()
			}
		}
	})
	for range 15 {
		lsids := map[string]int{}
		for _, n := range c.list(everybody).nodes {
			if l := n.find("lsid").text; l != "" {
				lsids[l] += 10
			}
			for _, l := range n.find("support_session_lsids").nodes {
				lsids[l.text]++
			}
		}
		for l, n := range lsids {
			if n != 10 && n != 11 { // waiting, or with exactly one representative
				t.Fatalf("session %s: %d", l, n)
			}
		}
	}
	close(stop)
	living.Wait()
}
