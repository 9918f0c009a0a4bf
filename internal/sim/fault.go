package sim

import (
	"fmt"
	"net/http"
	"slices"
)

// Fault is one way in which the site can go wrong; Faults lists them all.
type Fault int

// Where says which requests a fault is for.
type Where int

// The places of faults.
const (
	AtCommand Where = 1 << iota // any action of /api/command
	AtClients                   // get_connected_clients
	AtList                      // get_connected_client_list
	AtHealth                    // check_health, both ways
	AtToken                     // /oauth2/token
)

// fault says what a Fault does: it has an answer or a spoil, but for those that only health and summary look at.
type fault struct {
	name string
	says string // one line for people
	at   Where
	lie  bool // the answer is one that a caller cannot tell from the truth
	// answer stands in for the whole answer, before any token is looked at.
	answer func(*Site, http.ResponseWriter, *http.Request)
	// spoil is what is done to the document; its zero value does nothing.
	spoil spoil
}

// failure is a fault that is to show in the next answers.
type failure struct {
	fault Fault
	times int // below zero: until healed
}

// String is the fault's name, as ParseFault reads it.
func (f Fault) String() string {
	if !f.known() {
		return fmt.Sprintf("Fault(%d)", int(f))
	}
	return faults[f].name
}

// Says describes the fault in one line.
func (f Fault) Says() string { return faults[f].says }

// At says which requests the fault is for.
func (f Fault) At() Where { return faults[f].at }

// Fails says whether whoever meets the fault can tell that the answer is none: false for those that lie, and for those
// that only concern check_health.
func (f Fault) Fails() bool { return !faults[f].lie }

func (f Fault) known() bool { return f >= 0 && int(f) < len(faults) }

// Faults are all faults.
func Faults() []Fault {
	all := make([]Fault, len(faults))
	for i := range all {
		all[i] = Fault(i)
	}
	return all
}

// ParseFault finds the fault by its name.
func ParseFault(name string) (Fault, error) {
	i := slices.IndexFunc(faults[:], func(f fault) bool { return f.name == name })
	if i < 0 {
		return 0, fmt.Errorf("%q is no fault: want one of %v", name, Faults())
	}
	return Fault(i), nil
}

// Fail makes the next answers that the fault is for go wrong that way: so many, or all until Heal where times is below
// zero. A fault for several kinds of requests counts every one of them. Faults wait in line: the next one shows when the one before has shown as often as it was to. A fault of the
// token endpoint shows only when somebody asks for a token; RevokeTokens makes them.
func (s *Site) Fail(f Fault, times int) {
	if !f.known() {
		panic(fmt.Sprintf("sim: %v does not exist", f))
	}
	if times == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = append(s.failing, failure{f, times})
}

// Heal ends all faults; answers that hang break off.
func (s *Site) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = nil
	close(s.healed)
	s.healed = make(chan struct{})
}

// Failing is how many faults still wait to show, each counted once.
func (s *Site) Failing() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failing)
}

// take gives the fault that is next in line there, and counts it as shown.
func (s *Site) take(at Where) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.next(at)
	if i < 0 {
		return 0, false
	}
	return s.show(i), true
}

func (s *Site) next(at Where) int {
	return slices.IndexFunc(s.failing, func(f failure) bool { return faults[f.fault].at&at != 0 })
}

func (s *Site) show(i int) Fault {
	f := s.failing[i].fault
	if s.failing[i].times > 0 {
		s.failing[i].times--
	}
	if s.failing[i].times == 0 {
		s.failing = slices.Delete(s.failing, i, i+1)
	}
	return f
}

// failInstead lets the fault that is next in line answer, if it is one that answers by itself.
func (s *Site) failInstead(at Where, w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	i := s.next(at)
	if i < 0 || faults[s.failing[i].fault].answer == nil {
		s.mu.Unlock()
		return false
	}
	f := s.show(i)
	s.mu.Unlock()
	faults[f].answer(s, w, r)
	return true
}

// spoiled is what the fault that is next in line does to the list of clients.
func (s *Site) spoiled() spoil {
	f, ok := s.take(AtClients)
	if !ok {
		return spoil{}
	}
	return faults[f].spoil
}

// untilHealed is closed by the next Heal.
func (s *Site) untilHealed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.healed
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
