package sim

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheSeedDecidesEverything(t *testing.T) {
	t.Parallel()
	lives := map[string][]*Client{}
	for name, seed := range map[string]uint64{"one": 11, "same": 11, "other": 12} {
		s := New(Config{Seed: seed, Clients: 60, Cluster: true, Now: noon().now})
		s.Step(500)
		if name == "same" {
			s.mint() // signing in changes nothing of what happens
		}
		s.Restart()
		s.Step(50)
		lives[name] = s.Clients()
	}
	if diff := cmp.Diff(lives["one"], lives["same"]); diff != "" {
		t.Errorf("two sites of one seed differ:\n%s", diff)
	}
	if cmp.Equal(lives["one"], lives["other"]) {
		t.Error("two seeds give the same life")
	}
}

// inconsistencies of the ties between clients, and of what follows from them.
func inconsistencies(all []*Client) []string {
	var wrong []string
	byID := map[string]*Client{}
	for _, c := range all {
		byID[c.ID] = c
	}
	sessions, guests := map[string][]string{}, map[string]int{}
	for _, c := range all {
		lsid, _ := c.Field("lsid")
		switch {
		case c.Host == "":
		case byID[c.Host] == nil || byID[c.Host].Type != Representative:
			wrong = append(wrong, c.Type+" "+c.ID+" is with "+c.Host+", who is no representative")
		case c.Type == SupportCustomer:
			sessions[c.Host] = append(sessions[c.Host], lsid)
		case c.Type == PresentationAttendee:
			guests[c.Host] = 1
		}
	}
	for _, c := range all {
		if c.Type != Representative {
			continue
		}
		has, should := slices.Sorted(slices.Values(c.Sessions)), slices.Sorted(slices.Values(sessions[c.ID]))
		n := strconv.Itoa(len(should))
		available := c.is("routing_enabled") && !c.is("routing_idle") && len(should) == 0
		fields := map[string]string{"support_session_count": n, "routing_busy": flag(len(should) > 0),
			"routing_available": flag(available), "presentation_count": strconv.Itoa(guests[c.ID])}
		for name, want := range fields {
			if got, _ := c.Field(name); got != want {
				wrong = append(wrong, "representative "+c.ID+": "+name+" is "+got+", want "+want)
			}
		}
		if !slices.Equal(has, should) {
			wrong = append(wrong, "representative "+c.ID+" has other sessions than customers")
		}
	}
	return wrong
}

func TestTiesHoldWhateverHappens(t *testing.T) {
	t.Parallel()
	for _, clients := range []int{0, 12, 300} {
		s := New(Config{Seed: uint64(clients), Clients: clients, Cluster: clients > 100})
		tied := 0
		for i := range 1500 {
			s.Step(1)
			if i%500 == 499 {
				s.Restart()
			}
			all := s.Clients()
			if wrong := inconsistencies(all); wrong != nil {
				t.Fatalf("%d clients, after %d changes: %q", clients, i+1, wrong)
			}
			for _, c := range all {
				tied += len(c.Sessions)
			}
		}
		if n := len(s.Clients()); n < clients/2 || n > 2*clients+30 || tied == 0 {
			t.Errorf("%d clients became %d, with %d sessions seen", clients, n, tied)
		}
	}
}

func TestAllSortsOfThingsHappen(t *testing.T) {
	t.Parallel()
	s := New(Config{Seed: 5, Clients: 100, Cluster: true})
	seen := map[string]int{}
	was := s.Clients()
	for range 2000 {
		s.Step(1)
		now := s.Clients()
		if !note(seen, was, now) {
			t.Fatal("a step changed nothing")
		}
		was = now
	}
	for _, what := range []string{"come " + Representative, "go " + Representative, "come " + SupportCustomer, "go " + SupportCustomer,
		"come " + PresentationAttendee, "go " + PresentationAttendee, "come " + PushAgent, "go " + PushAgent,
		"field", "sessions", "connections", "log", "more log than the window"} {
		if seen[what] == 0 {
			t.Errorf("in 2000 steps there was no %q: %v", what, seen)
		}
	}
}

// note counts what is different; it says whether anything is.
func note(seen map[string]int, was, now []*Client) bool {
	changes := 0
	count := func(what string) {
		seen[what]++
		changes++
	}
	old := map[string]*Client{}
	for _, c := range was {
		old[c.ID] = c
	}
	for _, c := range now {
		o := old[c.ID]
		delete(old, c.ID)
		if o == nil {
			count("come " + c.Type)
			continue
		}
		if !slices.Equal(o.Fields, c.Fields) {
			count("field")
		}
		if !slices.Equal(o.Sessions, c.Sessions) {
			count("sessions")
		}
		if !slices.Equal(o.Connections, c.Connections) {
			count("connections")
		}
		if more := len(c.Log) - len(o.Log); more > Window {
			count("more log than the window")
		} else if more > 0 {
			count("log")
		}
	}
	for _, c := range old {
		count("go " + c.Type)
	}
	return changes > 0
}

func TestWhatWasHandedOutStays(t *testing.T) {
	t.Parallel()
	s := New(Config{Seed: 9, Clients: 40, Cluster: true})
	before := s.Clients()
	then, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	s.Step(500)
	s.Restart()
	now, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(then), string(now)); diff != "" {
		t.Errorf("a list changed after it was handed out (-then +now):\n%s", diff)
	}
}

func TestRestartGivesIDsToOthers(t *testing.T) {
	t.Parallel()
	type identity struct {
		id    string
		since int64
	}
	for name, again := range map[string]func(*Site){"restart": (*Site).Restart, "failover": (*Site).Failover} {
		s := New(Config{Seed: 4, Clients: 50, Now: noon().now}) // all within one second
		if _, err := s.Connect(PushAgent, "fresh"); err != nil {
			t.Fatal(err)
		}
		seen := map[identity]bool{}
		sameID := 0
		primaries := map[string]bool{}
		for round := range 4 {
			for _, c := range s.Clients() {
				id := identity{c.ID, c.ConnectedSince}
				if seen[id] {
					t.Errorf("%s: %v came back as it was", name, id)
				}
				seen[id] = true
				primaries[c.Connections[0].ApplianceID] = true
				if number(c.ID) >= firstID && number(c.ID) < firstID+51 {
					sameID++
				}
				if round > 0 && len(c.Log) != 1 {
					t.Errorf("%s: client %s has a log of %d entries after it came back", name, c.ID, len(c.Log))
				}
			}
			again(s)
		}
		if len(seen) != 4*51 || sameID != 4*51 {
			t.Errorf("%s: %d identities, %d ids from the start on, want %d of both", name, len(seen), sameID, 4*51)
		}
		if want := map[string]int{"restart": 1, "failover": 2}[name]; len(primaries) != want {
			t.Errorf("%s: %d primary appliances were seen, want %d", name, len(primaries), want)
		}
	}
}

func TestScriptedChanges(t *testing.T) {
	t.Parallel()
	at := noon()
	s := New(Config{Now: at.now})
	connect := func(kind, name string) string {
		id, err := s.Connect(kind, name)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	rep, customer := connect(Representative, "Rita"), connect(SupportCustomer, "Carl")
	attendee := connect(PresentationAttendee, "Ann")
	if _, err := s.Connect("robot"); err == nil {
		t.Error("a robot connected")
	}
	lsid, _ := s.Client(customer).Field("lsid")
	if !s.Serve(customer, rep) || s.Serve(customer, rep) {
		t.Error("a session must be taken up once")
	}
	if diff := cmp.Diff([]string{lsid}, s.Client(rep).Sessions); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	at.add(time.Minute)
	for _, ok := range []bool{s.Change(rep, "hostname", "ws-1"), s.Change(rep, "platform@note", "x"), s.Change(rep, "novelty", "new"),
		s.Change(rep, "gadget@size", "9"), s.Remove(rep, "timezone_offset"), s.Log(rep, "a", "b")} {
		if !ok {
			t.Error("a change found nobody")
		}
	}
	want := []Event{{at.at.Unix() - 60, "Connected to primary appliance"}, {at.at.Unix(), "a"}, {at.at.Unix(), "b"}}
	if diff := cmp.Diff(want, s.Client(rep).Log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	n := start(t, s).list(everybody + "&type=representative").nodes[0]
	got := []string{n.find("hostname").text, n.find("platform").attrs["note"], n.find("novelty").text, n.find("gadget").attrs["size"],
		strconv.Itoa(len(n.all("timezone_offset"))), n.find("public_display_name").text, n.find("presentation_count").text}
	if diff := cmp.Diff([]string{"ws-1", "x", "new", "9", "0", "Rita", "1"}, got); diff != "" {
		t.Errorf("on the wire (-want +got):\n%s", diff)
	}
	if !s.Disconnect(rep) || s.Disconnect(rep) || s.Log(rep, "late") {
		t.Error("somebody leaves once, and then is not there")
	}
	if s.Client(customer).Host != "" || s.Client(attendee) != nil {
		t.Error("a customer waits when nobody is left to serve, and a presentation ends")
	}
}

func TestLiveKeepsItsRateUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, 0.5, 20, 2000} {
		synctest.Test(t, func(t *testing.T) {
			config := Config{Seed: 6, Clients: 30, Now: noon().now}
			lived, stepped := New(config), New(config)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
			defer cancel()
			lived.Live(ctx, rate)
			stepped.Step(int(10 * rate))
			if diff := cmp.Diff(stepped.Clients(), lived.Clients()); diff != "" {
				t.Errorf("10 s at %g a second (-that many steps +lived):\n%.900s", rate, diff)
			}
		})
	}
}
