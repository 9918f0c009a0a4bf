package roster

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Type is a kind of client, named as the vendor names it in the parameter "type". Kinds that are not listed here are
// legal: their element name without the leading "connected_".
type Type string

// The kinds the vendor documents.
const (
	Representative       Type = "representative"
	SupportCustomer      Type = "support_customer"
	PresentationAttendee Type = "presentation_attendee"
	PushAgent            Type = "push_agent" // a Jumpoint
)

// Types are the documented kinds, in the vendor's order.
var Types = []Type{Representative, SupportCustomer, PresentationAttendee, PushAgent}

// Key is the identity of a connected client within its site. The id alone is none: it is valid only while the client
// is connected, and may come back for another.
type Key struct {
	Type  Type
	ID    string
	Since Moment // connected_since
}

// In is the client key as it stands in records: <site>/<type>/<id>@<connected_since as UNIX seconds>. A time that
// could not be read stands as its text, an absent one as nothing.
func (k Key) In(site string) string {
	since := k.Since.Text
	if k.Since.IsTime() {
		since = strconv.FormatInt(k.Since.Unix, 10)
	}
	return site + "/" + string(k.Type) + "/" + k.ID + "@" + since
}

// Compare orders keys by type, then by id as a number, then by time. Ids that are no numbers come after those that are.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Type, o.Type), compareID(k.ID, o.ID),
		cmp.Compare(k.Since.Unix, o.Since.Unix), cmp.Compare(k.Since.Text, o.Since.Text))
}

func compareID(a, b string) int {
	if a == b {
		return 0
	}
	na, errA := strconv.ParseUint(a, 10, 64)
	nb, errB := strconv.ParseUint(b, 10, 64)
	switch {
	case errA == nil && errB == nil:
		return cmp.Or(cmp.Compare(na, nb), cmp.Compare(a, b)) // "7" and "07" are two ids
	case errA == nil:
		return -1
	case errB == nil:
		return 1
	}
	return cmp.Compare(a, b)
}

// Moment is a time as the site told it: UNIX seconds, or the text it wrote where that is no time. The zero Moment
// stands for a time that was not told.
type Moment struct {
	Unix int64  // seconds; 0 where there is no time
	Text string // only where the text is no time
}

const lastUnix = 253402300799 // 9999-12-31T23:59:59Z, the last second RFC 3339 can write

// ReadMoment takes the attribute ts (UNIX seconds) if it is a time, else the text if it is one (ISO 8601 with a zone,
// or UNIX seconds), else keeps the text, or the attribute where there is no text.
func ReadMoment(ts, text string) Moment {
	for _, s := range []string{ts, text} {
		if m := parseMoment(s); m.IsTime() {
			return m
		}
	}
	return Moment{Text: cmp.Or(text, ts)}
}

func parseMoment(s string) Moment {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if n > 0 && n <= lastUnix {
			return Moment{Unix: n}
		}
		return Moment{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil && t.Unix() > 0 && t.Unix() <= lastUnix {
			return Moment{Unix: t.Unix()}
		}
	}
	return Moment{}
}

// IsTime says whether the moment is a time and not a text or nothing.
func (m Moment) IsTime() bool { return m.Unix != 0 }

// Time is the moment as a time; it is only meaningful where IsTime holds.
func (m Moment) Time() time.Time { return time.Unix(m.Unix, 0).UTC() }

// String is RFC 3339 in UTC, or the text the site wrote; ReadMoment("", m.String()) gives m again.
func (m Moment) String() string {
	if m.IsTime() {
		return m.Time().Format(time.RFC3339)
	}
	return m.Text
}
