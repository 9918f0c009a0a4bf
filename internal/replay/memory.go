package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/roster"
)

// Standing is where the site stands, as last published; nil where nothing ever was. Where it cannot be read the error
// is a roster.ErrUnreadable.
func (r *Reader) Standing(ctx context.Context, site string) (*roster.Standing, error) {
	var last []byte // nil: none, or taken back by a tombstone
	err := r.all(ctx, r.config.Topics.State, site, func(record *kgo.Record) error {
		if string(record.Key) == site {
			last = bytes.Clone(record.Value)
		}
		return nil
	})
	if err != nil || last == nil {
		return nil, err
	}
	standing, err := decodeStanding(last, site)
	if err != nil {
		return nil, fmt.Errorf("%w: standing of site %s: %w", roster.ErrUnreadable, site, err)
	}
	return standing, nil
}

// decodeStanding refuses fields it does not know: a newer program wrote them for a reason.
func decodeStanding(value []byte, site string) (*roster.Standing, error) {
	d := json.NewDecoder(bytes.NewReader(value))
	d.DisallowUnknownFields()
	s := new(roster.Standing)
	if err := d.Decode(s); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows after its end")
	}
	if s.Site != site {
		return nil, fmt.Errorf("it is about site %q", s.Site)
	}
	return s, nil
}

// LastEvent is the numbering of the last record of the site in the events topic: zeros where there is none. Where that
// record cannot be read, the numbering is that of the last one before it that can, and the error a
// roster.ErrUnreadable.
func (r *Reader) LastEvent(ctx context.Context, site string) (epoch, seq int64, err error) {
	l, err := r.logOf(ctx, r.config.Topics.Events, site)
	if err != nil {
		return 0, 0, err
	}
	start, end, err := l.bounds(ctx)
	if err != nil {
		return 0, 0, err
	}
	var unreadable error
	for window := int64(1000); end > start; window *= 4 { // backwards: the topic may hold months
		from := max(start, end-window)
		last, bad, err := lastOf(ctx, l, from, end, site)
		if err != nil {
			return 0, 0, err
		}
		if unreadable == nil {
			unreadable = bad
		}
		if last != nil {
			return last.Epoch, last.Seq, unreadable
		}
		end = from
	}
	return 0, 0, unreadable
}

// numbering is what a record of the events topic says of its place.
type numbering struct {
	Site       string
	Epoch, Seq int64
}

// lastOf finds the last readable record of the site between two offsets. bad tells of one after it that is not.
func lastOf(ctx context.Context, l *log, from, to int64, site string) (last *numbering, bad, err error) {
	err = l.scan(ctx, from, to, func(record *kgo.Record) error {
		if string(record.Key) != site && !strings.HasPrefix(string(record.Key), site+"/") {
			return nil
		}
		n := new(numbering)
		if err := json.Unmarshal(record.Value, n); err != nil {
			bad = fmt.Errorf("%w: record %d of %s/%d: %w", roster.ErrUnreadable, record.Offset, l.topic, l.partition, err)
		} else if n.Site == site {
			last, bad = n, nil
		}
		return nil
	})
	return last, bad, err
}

// all calls each for all that is committed now in the site's partition of a topic.
func (r *Reader) all(ctx context.Context, topic, site string, each func(*kgo.Record) error) error {
	l, err := r.logOf(ctx, topic, site)
	if err != nil {
		return err
	}
	return l.whole(ctx, each)
}
