package sink_test

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"rollcall/internal/access"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/roster"
	"rollcall/sink"
)

// narrowWorld has topics that take no more than so many bytes at once.
func narrowWorld(t *testing.T, maxMessageBytes string) world {
	t.Helper()
	kafka, prefix := brokertest.New(t)
	topics := access.TopicsOf(prefix)
	for topic, policy := range map[string]string{topics.Events: "delete", topics.Clients: "compact", topics.State: "compact"} {
		brokertest.CreateTopic(t, kafka, topic, 1, "cleanup.policy", policy, "max.message.bytes", maxMessageBytes)
	}
	return world{kafka, topics, prefix + "-" + site}.settled(t)
}

// sizes counts the batches sent to each topic, by their size.
func (w world) sizes(t *testing.T, writer *sink.Writer) map[string][]int {
	sizes := map[string][]int{}
	tap(func(request kafka.Request, send func() (kafka.Response, error)) (kafka.Response, error) {
		if r, ok := request.(*rawproduce.Request); ok {
			reader := r.Topics[0].Partitions[0].RecordSet.Reader.(io.ReadSeeker)
			size, err := reader.Seek(0, io.SeekEnd)
			if err == nil {
				_, err = reader.Seek(0, io.SeekStart)
			}
			if err != nil {
				t.Error(err)
			}
			sizes[r.Topics[0].Topic] = append(sizes[r.Topics[0].Topic], int(size)-4)
		}
		return send()
	}).on(writer)
	return sizes
}

// TestATransactionSpansSeveralRequests, and the next one goes on with its sequence numbers.
func TestATransactionSpansSeveralRequests(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{"none", "lz4"} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			const limit = 10000
			w := narrowWorld(t, "10000")
			writer := w.writer(t, func(c *sink.Config) { c.Compression = codec })
			sizes := w.sizes(t, writer)
			publish(t, writer, batch(0, 100))
			publish(t, writer, batch(100, 100))
			w.expectSeqs(t, through(1, 200))
			for _, topic := range []string{w.topics.Events, w.topics.Clients} {
				if n := len(sizes[topic]); n < 4 {
					t.Errorf("%d requests to %s: the test shows nothing", n, topic)
				}
				for _, size := range sizes[topic] {
					if size > limit {
						t.Errorf("a batch of %d bytes for %s, which takes %d", size, topic, limit)
					}
				}
			}
		})
	}
}

// TestWhatDoesNotCompressIsSentAsItIs: a record that fills the limit, and that the codec makes larger, still goes out.
func TestWhatDoesNotCompressIsSentAsItIs(t *testing.T) {
	t.Parallel()
	const limit = 200000
	w := narrowWorld(t, strconv.Itoa(limit))
	writer := w.writer(t, func(c *sink.Config) { c.Compression = "snappy" })
	sizes := w.sizes(t, writer)
	b := roster.Batch{Site: site, Standing: roster.Standing{Site: site}}
	empty, err := sink.Standing(&b)
	if err != nil {
		t.Fatal(err)
	}
	b.Standing.Scope = noise(limit - sink.Alone(empty))
	publish(t, writer, b)
	if size := sizes[w.topics.State][0]; size < limit-50 {
		t.Errorf("%d bytes were sent: the text did compress, and the test shows nothing", size)
	}
	w.expectCount(t, w.topics.State, 1)
}

// noise is a text that snappy makes no shorter, of characters that JSON does not escape.
func noise(n int) string {
	const characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%'()*+,-./:;=?@[]^_`{|}~"
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, n)
	for i := range text {
		text[i] = characters[random.IntN(len(characters))]
	}
	return string(text)
}

// TestTooLarge: the first client whose records are too large is named, with the largest of them, before anything is
// sent; without such clients the rest goes out, in the same session.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	w := narrowWorld(t, "4000")
	writer := w.writer(t)
	sizes := w.sizes(t, writer)
	b := batch(0, 5)
	huge := func(bytes int) roster.State {
		return roster.Fields{"name": roster.Quote(strings.Repeat("x", bytes))}.State()
	}
	b.Clients[2].Client.State = huge(9000) // its event is not too large
	b.Events[3].After, b.Clients[3].Client.State = huge(5000), huge(7000)

	without := func(i int) {
		b.Events, b.Clients = slices.Delete(b.Events, i, i+1), slices.Delete(b.Clients, i, i+1)
	}
	for _, row := range []struct{ index, from, to int }{{3, 7000, 8000}, {2, 9000, 10000}} {
		err := writer.Publish(t.Context(), b)
		var large *roster.TooLargeError
		if !errors.As(err, &large) {
			t.Fatalf("publish: %v, want a *roster.TooLargeError", err)
		}
		if large.Key != b.Clients[row.index].Key || large.Bytes < row.from || large.Bytes > row.to || large.Limit != 4000 {
			t.Errorf("named %+v, want %v with %d to %d bytes", large, b.Clients[row.index].Key, row.from, row.to)
		}
		without(row.index)
	}
	if len(sizes) != 0 {
		t.Errorf("something was sent: %v", sizes)
	}
	publish(t, writer, b)
	w.expectSeqs(t, []int64{1, 2, 5})
}

func TestARecordAboutTheSiteThatIsTooLargeIsNoClients(t *testing.T) {
	t.Parallel()
	w := narrowWorld(t, "1000")
	writer := w.writer(t)
	err := writer.Publish(t.Context(), roster.Batch{Site: site, Standing: roster.Standing{Site: site, Scope: noise(2000)}})
	var large *roster.TooLargeError
	if err == nil || errors.As(err, &large) || !strings.Contains(err.Error(), "a record about the site has 2") {
		t.Errorf("publish: %v", err)
	}
	publish(t, writer, roster.Batch{Site: site, Standing: roster.Standing{Site: site}})
}

// TestExactlyWhatFitsGoesOut: with the limit at the size of a record alone, the broker takes it.
func TestExactlyWhatFitsGoesOut(t *testing.T) {
	t.Parallel()
	accepted, refused := 0, 0
	w := narrowWorld(t, "2000")
	writer := w.writer(t)
	for size := 1000; size < 2000; size += 7 {
		err := writer.Publish(t.Context(), roster.Batch{Site: site, Standing: roster.Standing{Site: site, Scope: noise(size)}})
		switch {
		case err == nil && refused == 0:
			accepted++
		case err != nil && strings.Contains(err.Error(), "a record about the site"):
			refused++
		default:
			t.Fatalf("scope of %d bytes: %v", size, err)
		}
	}
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted, %d refused: the test shows nothing", accepted, refused)
	}
}

func TestSequenceNumbersStartAgain(t *testing.T) {
	t.Parallel()
	rows := []struct {
		from int32
		n    int
		want int32
	}{{0, 5, 5}, {math.MaxInt32 - 1, 1, math.MaxInt32}, {math.MaxInt32, 1, 0}, {math.MaxInt32 - 2, 10, 7}}
	for _, row := range rows {
		if got := sink.Advance(row.from, row.n); got != row.want {
			t.Errorf("%d and %d more: %d, want %d", row.from, row.n, got, row.want)
		}
	}
}
