package roster

import "time"

// Snapshot is one complete, accepted answer of the site: everybody of the types asked for who was connected.
type Snapshot struct {
	RequestedAt time.Time // just before the request went out
	ReceivedAt  time.Time // when the last byte of the answer was read
	Roster      *Roster
	Bytes       int64    // size of the document, uncompressed
	Unknown     []string // elements under the root that are no clients; nothing else is known of them
}

// Poll says which poll a record comes from.
type Poll struct {
	ID                  int64     `json:"id"`
	RequestedAt         time.Time `json:"requested_at"`
	ReceivedAt          time.Time `json:"received_at"`
	PreviousRequestedAt time.Time `json:"previous_requested_at,omitzero"` // zero at the first poll ever
}
