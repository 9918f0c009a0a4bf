package replay

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rollcall/internal/roster"
)

// How much of one text a line shows, in characters.
const (
	longestValue = 60
	longestText  = 300
)

// Line is the record in one line for people: when, where, what, who, and what of it. The time is when it is known to
// have happened at the latest. All of it is Harmless.
func Line(r Record) string {
	if r.Unreadable != nil {
		return Harmless("this is no event: " + clip(r.Unreadable.Error(), longestText))
	}
	when := cmp.Or(r.NotAfter.UTC(), r.Timestamp.UTC())
	parts := []string{when.Format(time.RFC3339), r.Site, fmt.Sprintf("%-12s", r.Type)}
	if who := subject(r); who != "" {
		parts = append(parts, who)
	}
	if what := happening(r); what != "" {
		parts = append(parts, what)
	}
	return Harmless(strings.TrimRight(strings.Join(parts, "  "), " "))
}

// Names are what people know a client by: its name and its host, as its state tells them; empty where it does not.
func Names(state []byte) (name, host string) {
	var known struct {
		Public   string `json:"public_display_name"`
		Private  string `json:"private_display_name"`
		Name     string `json:"name"`
		Username string `json:"username"`
		Hostname string `json:"hostname"`
	}
	_ = json.Unmarshal(state, &known) // an odd state leaves the names out
	return cmp.Or(known.Public, known.Private, known.Name, known.Username), known.Hostname
}

// subject is the client: type, id, and the name or host that people know it by.
func subject(r Record) string {
	if r.Client == nil {
		return ""
	}
	who := string(r.Client.Type) + " " + r.Client.ID
	state := r.After
	if len(state) == 0 || string(state) == "null" {
		state = r.Before
	}
	name, host := Names(state)
	switch {
	case name != "" && host != "":
		who += fmt.Sprintf(" %s (%s)", clip(name, longestValue), clip(host, longestValue))
	case name != "" || host != "":
		who += " " + clip(name+host, longestValue)
	}
	return who
}

// happening is what the record says beyond its type.
func happening(r Record) string {
	switch r.Type {
	case roster.StateChangeEvent:
		return changes(r)
	case roster.LogEvent:
		return entry(r)
	case roster.LogGapEvent:
		return fmt.Sprintf("log entries were lost between %s and %s", r.detail("lost_after"), r.detail("lost_before"))
	case roster.GapEvent:
		return fmt.Sprintf("nothing was seen from %s to %s: %s, %s polls failed",
			r.detail("from"), r.detail("to"), r.Reason, r.detail("polls_failed"))
	case roster.HoldEvent:
		return fmt.Sprintf("%s: %s of %s clients are missing", r.Reason, r.detail("held"), r.detail("clients"))
	case roster.EpochEvent:
		return fmt.Sprintf("%s: epoch %d begins with %s clients", r.Reason, r.Epoch, r.detail("clients"))
	case roster.CheckpointEvent:
		return fmt.Sprintf("%s clients; %s of %s polls accepted; blind for %s s at most",
			r.detail("clients"), r.detail("polls_accepted"), r.detail("polls_tried"), r.detail("longest_blind_seconds"))
	case roster.DisconnectEvent:
		if r.Reason == roster.ReasonAbsent {
			return ""
		}
	}
	return r.Reason
}

// changes lists what differs: name, the value before and the value after.
func changes(r Record) string {
	var before, after map[string]json.RawMessage
	_ = json.Unmarshal(r.Before, &before) // an odd state shows as absent fields
	_ = json.Unmarshal(r.After, &after)
	all := make([]string, len(r.Changed))
	for i, name := range r.Changed {
		all[i] = fmt.Sprintf("%s %s → %s", name, shown(before[name]), shown(after[name]))
	}
	return clip(strings.Join(all, "; "), longestText)
}

func entry(r Record) string {
	if r.Entry == nil {
		return ""
	}
	text := clip(r.Entry.Message, longestText)
	if r.Entry.TS == (roster.Moment{}) {
		return text
	}
	return r.Entry.TS.String() + " " + text
}

// detail is a further field of the record, as people read it.
func (r Record) detail(name string) string { return shown(r.Detail[name]) }

// shown is a JSON value as people read it: text without its quotes, and a dash for what is absent.
func shown(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "–"
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return clip(string(raw), longestValue)
	}
	return clip(cmp.Or(text, `""`), longestValue)
}
