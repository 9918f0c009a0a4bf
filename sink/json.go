package sink

import (
	"strconv"
	"time"

	"rollcall/internal/roster"
)

// The records are written by hand: the order of the fields is part of the contract, and states go out byte for byte
// as they are remembered. Each function appends one field to an object that is open at the end of dst; the names
// are ours and need no escaping. What is absent (empty, zero) is left out, but for numbers and lists.

// instant is RFC 3339 with exactly three decimals: the times of our own clock.
const instant = "2006-01-02T15:04:05.000Z"

func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(append(append(dst, '"'), name...), `":`...)
}

func appendText(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return roster.AppendQuoted(appendName(dst, name), text)
}

func appendInt(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(appendName(dst, name), n, 10)
}

func appendTime(dst []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	dst = append(appendName(dst, name), '"')
	return append(t.UTC().AppendFormat(dst, instant), '"')
}

func appendList(dst []byte, name string, texts []string) []byte {
	dst = append(appendName(dst, name), '[')
	for i, text := range texts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = roster.AppendQuoted(dst, text)
	}
	return append(dst, ']')
}

// appendState writes null where there is no state.
func appendState(dst []byte, name string, s roster.State) []byte {
	dst = appendName(dst, name)
	if s == "" {
		return append(dst, "null"...)
	}
	return append(dst, s...)
}

func appendClient(dst []byte, site string, k roster.Key) []byte {
	dst = append(appendName(dst, "client"), '{')
	dst = appendText(dst, "key", k.In(site))
	dst = appendText(dst, "type", string(k.Type))
	dst = appendText(dst, "id", k.ID)
	dst = appendText(dst, "connected_since", k.Since.String())
	return append(dst, '}')
}

func appendPoll(dst []byte, p roster.Poll) []byte {
	dst = append(appendName(dst, "poll"), '{')
	dst = appendInt(dst, "id", p.ID)
	dst = appendTime(dst, "requested_at", p.RequestedAt)
	dst = appendTime(dst, "received_at", p.ReceivedAt)
	dst = appendTime(dst, "previous_requested_at", p.PreviousRequestedAt)
	return append(dst, '}')
}
