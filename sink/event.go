package sink

import (
	"bytes"
	"strconv"

	"rollcall/internal/roster"
)

// AppendEvent appends the record as one JSON object: the value it has in the events topic.
func AppendEvent(dst []byte, e *roster.Event) []byte {
	dst = append(dst, `{"id":"`...)
	idFrom := len(dst)
	dst = append(dst, noID...) // it is made of what follows
	dst = append(dst, '"')
	dst = appendHead(dst, e)
	payloadFrom := len(dst)
	dst = appendPayload(dst, e)
	payload := bytes.TrimPrefix(dst[payloadFrom:], []byte(","))
	copy(dst[idFrom:], id(e, payload))
	return append(dst, '}')
}

// appendHead writes what stands before the payload: where, when and whom the record is about.
func appendHead(dst []byte, e *roster.Event) []byte {
	dst = appendText(dst, "type", string(e.Type))
	dst = appendText(dst, "op", string(e.Op))
	dst = appendText(dst, "site", e.Site)
	dst = appendInt(dst, "epoch", e.Epoch)
	dst = appendInt(dst, "seq", e.Seq)
	dst = appendPoll(dst, e.Poll)
	dst = appendTime(dst, "not_before", e.NotBefore)
	dst = appendTime(dst, "not_after", e.NotAfter)
	dst = appendText(dst, "time_source", string(e.TimeSource))
	if e.Client != nil {
		dst = appendClient(dst, e.Site, *e.Client)
	}
	return dst
}

// appendPayload writes what happened.
func appendPayload(dst []byte, e *roster.Event) []byte {
	if e.Type.HasStates() {
		dst = appendState(dst, "before", e.Before)
		dst = appendState(dst, "after", e.After)
	}
	if e.Type == roster.StateChangeEvent {
		dst = appendList(dst, "changed", e.Changed)
	}
	dst = appendText(dst, "reason", e.Reason)
	if e.Entry != nil {
		dst = e.Entry.Append(appendName(dst, "entry"))
	}
	return appendDetail(dst, e.Detail)
}

func appendDetail(dst []byte, detail roster.Detail) []byte {
	switch d := detail.(type) {
	case roster.Epoch:
		dst = appendList(dst, "types", d.Types)
		dst = appendInt(dst, "clients", int64(d.Clients))
	case roster.Gap:
		dst = appendTime(dst, "from", d.From)
		dst = appendTime(dst, "to", d.To)
		dst = appendInt(dst, "polls_failed", d.PollsFailed)
	case roster.Hold:
		dst = appendInt(dst, "held", int64(d.Held))
		dst = appendInt(dst, "clients", int64(d.Clients))
		dst = appendInt(dst, "polls", int64(d.Polls))
		dst = appendText(dst, "by", d.By)
	case roster.LogGap:
		dst = appendText(dst, "lost_after", d.LostAfter.String())
		dst = appendText(dst, "lost_before", d.LostBefore.String())
		dst = appendInt(dst, "window", int64(d.Window))
	case roster.Checkpoint:
		dst = appendInt(dst, "polls_tried", d.PollsTried)
		dst = appendInt(dst, "polls_accepted", d.PollsAccepted)
		dst = strconv.AppendFloat(appendName(dst, "longest_blind_seconds"), d.LongestBlindSeconds, 'f', -1, 64)
		dst = appendInt(dst, "clients", int64(d.Clients))
		dst = appendText(dst, "digest", d.Digest)
	}
	return dst
}
