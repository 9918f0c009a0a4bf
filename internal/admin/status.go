package admin

import (
	"fmt"
	"time"
)

// Status is how this instance stands; it is what /status answers.
type Status struct {
	Ready     bool         `json:"ready"`
	Says      string       `json:"says"` // why, in one sentence
	Version   string       `json:"version,omitempty"`
	StartedAt time.Time    `json:"started_at"`
	Now       time.Time    `json:"now"`
	Owned     int          `json:"owned_sites"`
	Sites     []SiteStatus `json:"sites"` // by name
}

// SiteStatus is how one site stands.
type SiteStatus struct {
	Site     string         `json:"site"`
	Owned    bool           `json:"owned"`
	Ready    bool           `json:"ready"`
	Says     string         `json:"says"`
	Phase    string         `json:"phase"`
	Interval string         `json:"interval"`
	Accepted *PollStatus    `json:"last_accepted_poll,omitempty"`
	Epoch    int64          `json:"epoch,omitempty"`
	Seq      int64          `json:"seq,omitempty"`
	Clients  map[string]int `json:"clients,omitempty"` // by type
	Total    int            `json:"clients_total"`
	Held     int            `json:"held_disconnects"`
	Oversize int            `json:"oversize_clients"`
	Failure  *TroubleStatus `json:"last_failure,omitempty"`
	Kafka    *TroubleStatus `json:"last_kafka_error,omitempty"`
}

// PollStatus is an accepted poll.
type PollStatus struct {
	ID          int64     `json:"id"`
	RequestedAt time.Time `json:"requested_at"`
	ReceivedAt  time.Time `json:"received_at"`
	AgeSeconds  float64   `json:"age_seconds"`
}

// TroubleStatus is a run of failures without a success between them.
type TroubleStatus struct {
	Class string    `json:"class"` // of the latest
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
	Over  bool      `json:"over"`
}

// leastFresh is how long a snapshot counts as fresh, however short the interval is.
const leastFresh = 30 * time.Second

func (s *standing) freshFor() time.Duration { return max(leastFresh, 3*s.Interval) }

// Status says how this instance stands now.
func (b *Board) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	st := Status{Ready: true, Version: b.version, StartedAt: b.started.UTC(), Now: now.UTC(), Owned: b.owned(), Sites: []SiteStatus{}}
	behind := 0
	for _, s := range b.sorted() {
		one := s.status(now)
		if one.Owned && !one.Ready {
			behind++
		}
		st.Sites = append(st.Sites, one)
	}
	switch {
	case behind > 0:
		st.Ready = false
		st.Says = fmt.Sprintf("not ready: %d of %d owned sites are not up to date", behind, st.Owned)
	case st.Owned == 0 && !b.member:
		st.Ready = false
		st.Says = "not ready: not a member of the group that shares the sites; Kafka was not reached"
	case st.Owned == 0:
		st.Says = "ready: standing by, no site is owned"
	default:
		st.Says = "ready: every owned site is up to date"
	}
	return st
}

func (s *standing) status(now time.Time) SiteStatus {
	one := SiteStatus{
		Site: s.Name, Owned: s.owned, Phase: string(s.phase), Interval: s.Interval.String(), Epoch: s.epoch, Seq: s.seq,
		Clients: s.clients, Held: s.held, Oversize: s.oversize, Failure: s.failure.status(), Kafka: s.kafka.status(),
	}
	for _, n := range s.clients {
		one.Total += n
	}
	if at := s.accepted.ReceivedAt; !at.IsZero() {
		one.Accepted = &PollStatus{ID: s.accepted.ID, RequestedAt: s.accepted.RequestedAt.UTC(), ReceivedAt: at.UTC(),
			AgeSeconds: now.Sub(at).Round(time.Millisecond).Seconds()}
	}
	one.Ready, one.Says = s.readiness(now)
	return one
}

// readiness says whether the last accepted snapshot is fresh and committed, and if not, why.
func (s *standing) readiness(now time.Time) (ready bool, says string) {
	if !s.owned {
		return false, "not owned by this instance"
	}
	if s.kafka.goesOn() {
		return false, fmt.Sprintf("not committed: Kafka %s since %s", s.kafka.class, clock(s.kafka.since))
	}
	why := string(s.phase)
	if s.failure.goesOn() {
		why = fmt.Sprintf("polls fail: %s since %s", s.failure.class, clock(s.failure.since))
	}
	if s.accepted.ReceivedAt.IsZero() {
		return false, "no snapshot accepted yet; " + why
	}
	if age := now.Sub(s.accepted.ReceivedAt); age >= s.freshFor() {
		return false, fmt.Sprintf("last accepted snapshot is %s old, %s is the limit; %s",
			age.Round(time.Second), s.freshFor(), why)
	}
	if s.failure.goesOn() {
		return true, "up to date still; " + why
	}
	return true, "up to date"
}

func (t trouble) status() *TroubleStatus {
	if t.class == "" {
		return nil
	}
	return &TroubleStatus{Class: t.class, Since: t.since.UTC(), Last: t.last.UTC(), Over: t.over}
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }
