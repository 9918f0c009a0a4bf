package roster

import "time"

// EventType names what a record says.
type EventType string

// The record types of the events topic.
const (
	EpochEvent       EventType = "epoch"         // a baseline is built
	SnapshotEvent    EventType = "snapshot"      // a client found while building it
	ConnectEvent     EventType = "connect"       // a client is new
	StateChangeEvent EventType = "state_change"  // a field of a client differs
	DisconnectEvent  EventType = "disconnect"    // a client is gone
	LogEvent         EventType = "event_log"     // an entry of the connection log that was not there before
	LogGapEvent      EventType = "event_log_gap" // entries of the connection log were lost
	GapEvent         EventType = "gap"           // polls failed or did not happen
	HoldEvent        EventType = "hold"          // disconnects are held back, or no longer
	CheckpointEvent  EventType = "checkpoint"    // now and then, what was seen
)

// EventTypes are all record types, in the order they have within one poll.
var EventTypes = []EventType{EpochEvent, GapEvent, HoldEvent, DisconnectEvent, ConnectEvent, SnapshotEvent,
	StateChangeEvent, LogGapEvent, LogEvent, CheckpointEvent}

// Op is the kind of change as Debezium users know it; records about the site have none.
type Op string

// The operations.
const (
	Create Op = "c"
	Update Op = "u"
	Delete Op = "d"
	Read   Op = "r"
)

// TimeSource says where the times of a record come from.
type TimeSource string

// The sources of time.
const (
	FromSource TimeSource = "source"  // the appliance told the moment, by its own clock
	Bounded    TimeSource = "bounded" // known only to lie between two polls, by our clock
)

// Reasons for records, by record type. Those of a gap are also the classes of a failed poll.
const (
	ReasonFirstRun     = "first_run" // epoch
	ReasonScopeChanged = "scope_changed"
	ReasonStateLost    = "state_lost"

	ReasonAbsent     = "absent" // disconnect
	ReasonSuperseded = "superseded"

	ReasonTimeout   = "timeout" // gap
	ReasonHTTP      = "http"
	ReasonAuth      = "auth"
	ReasonRateLimit = "rate_limit"
	ReasonMalformed = "malformed" // what came was no complete, well-formed document
	ReasonRejected  = "rejected"  // the site answered with an error of its own
	ReasonDown      = "down"      // nobody polled
	ReasonPaused    = "paused"
	ReasonKafka     = "kafka"

	ReasonHeld      = "held" // hold
	ReasonConfirmed = "confirmed"
	ReasonReturned  = "returned"
)

// Event is one record of the events topic. Its zero fields are absent from the record, except that a record with
// States has both before and after, null where the state is none.
type Event struct {
	Type                EventType
	Op                  Op
	Site                string
	Epoch, Seq          int64
	Poll                Poll
	NotBefore, NotAfter time.Time
	TimeSource          TimeSource
	Client              *Key
	Before, After       State
	Changed             []string
	Reason              string
	Entry               *Entry
	Detail              Detail
}

// HasStates says whether records of this type carry before and after.
func (t EventType) HasStates() bool {
	switch t {
	case SnapshotEvent, ConnectEvent, StateChangeEvent, DisconnectEvent:
		return true
	}
	return false
}

// Detail is what only one type of record says; its fields stand at the end of the record.
// It is one of Epoch, Gap, Hold, LogGap, Checkpoint, or nil.
type Detail interface{ detail() }

// Epoch says what the new baseline covers.
type Epoch struct {
	Types   []string `json:"types"`   // the client types asked for
	Clients int      `json:"clients"` // how many were found
}

// Gap says how long nothing was seen.
type Gap struct {
	From        time.Time `json:"from"` // when the last accepted poll was requested
	To          time.Time `json:"to"`   // when the answer that ended it was received
	PollsFailed int64     `json:"polls_failed"`
}

// Hold says whose disconnects are held back.
type Hold struct {
	Held    int    `json:"held"`         // clients that are missing
	Clients int    `json:"clients"`      // size of the roster they are missing from
	Polls   int    `json:"polls"`        // polls that confirmed so far
	By      string `json:"by,omitempty"` // what confirmed it: "polls", "deadline" or "replaced"
}

// LogGap bounds the entries that were lost.
type LogGap struct {
	LostAfter  Moment // of the newest entry known before; zero where none was
	LostBefore Moment // of the oldest entry in the window now
	Window     int    // entries in a full window
}

// Checkpoint is what was seen since the one before it.
type Checkpoint struct {
	PollsTried          int64   `json:"polls_tried"`
	PollsAccepted       int64   `json:"polls_accepted"`
	LongestBlindSeconds float64 `json:"longest_blind_seconds"` // between two accepted polls
	Clients             int     `json:"clients"`
	Digest              string  `json:"digest"` // Roster.Digest
}

func (Epoch) detail()      {}
func (Gap) detail()        {}
func (Hold) detail()       {}
func (LogGap) detail()     {}
func (Checkpoint) detail() {}
