package roster

import "time"

// Batch is what one transaction publishes: everything in it, or nothing.
type Batch struct {
	Site     string
	Events   []Event        // in order, numbered
	Clients  []ClientRecord // one for each client that an event is about
	Standing Standing       // as it is once the batch is published
}

// ClientRecord is one record of the clients topic.
type ClientRecord struct {
	Key        Key
	Client     *Client   // nil is a tombstone: the client left
	Seq        int64     // of the last event about the client
	ObservedAt time.Time // when the answer that showed it was received
}

// Standing is where the connector stands with a site: the record of the state topic. What is published and what
// is remembered are one thing, because both are written in the same transaction.
//
// While a large poll is published in several transactions, Poll is still the one before, but for its id.
type Standing struct {
	Site       string   `json:"site"`
	Epoch      int64    `json:"epoch"`
	Seq        int64    `json:"seq"`                // of the last record published
	Clients    int      `json:"clients"`            // size of the roster published
	Scope      string   `json:"scope"`              // digest of what is asked for and how it is published
	Poll       Poll     `json:"poll"`               // the last accepted one
	Building   string   `json:"building,omitempty"` // why a baseline is being built that is not complete yet
	Hold       *Holding `json:"hold,omitempty"`
	Checkpoint Since    `json:"checkpoint"`
}

// Holding is a hold that is under way.
type Holding struct {
	LastSeen    time.Time `json:"last_seen"`    // requested_at of the last poll that showed the missing clients
	FirstMissed time.Time `json:"first_missed"` // received_at of the first that did not
	Polls       int       `json:"polls"`        // polls that confirmed so far
}

// Since counts what happened since the last checkpoint.
type Since struct {
	At            time.Time     `json:"at"` // received_at of the poll that carried it
	PollsTried    int64         `json:"polls_tried"`
	PollsAccepted int64         `json:"polls_accepted"`
	LongestBlind  time.Duration `json:"longest_blind_ns"`
}
