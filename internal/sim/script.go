package sim

import (
	"fmt"
	"slices"
	"strconv"
)

// Connect connects a client now and gives its id. A name, where one is given, replaces the invented one: the display
// names of a representative, the name of anybody else. A support customer waits until Serve; an attendee joins the
// presentation of some representative.
func (s *Site) Connect(kind string, name ...string) (string, error) {
	if !slices.Contains(kinds, kind) {
		return "", fmt.Errorf("connect: %q is not one of %q", kind, kinds)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.newClient(kind, s.moment())
	for _, n := range name {
		if kind == Representative {
			c.set("public_display_name", n)
			c.set("private_display_name", n)
			continue
		}
		c.set("name", n)
	}
	s.admit(c)
	if kind == PresentationAttendee {
		s.present(c.ID, s.crowd.any(s.life, Representative))
	}
	return c.ID, nil
}

// Disconnect lets the client go, with all that follows: sessions end, or go to another representative. It says whether
// there was such a client.
func (s *Site) Disconnect(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leave(id)
}

// Serve lets the representative take the session of a customer who waits; it says whether both are there.
func (s *Site) Serve(customer, representative string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, rep := s.crowd.find(customer), s.crowd.find(representative)
	if c == nil || rep == nil || c.Type != SupportCustomer || rep.Type != Representative || c.Host != "" {
		return false
	}
	s.serve(customer, rep)
	return true
}

// Change sets an element of the client ("element@attribute" an attribute of it), a new one where it had none. The value
// goes out escaped but otherwise as it is, characters that XML does not allow included. What follows from the field in
// life (a session count from the sessions) is not changed along.
func (s *Site) Change(id, field, value string) bool {
	return s.edit(id, func(c *Client) { c.set(field, value) })
}

// Remove takes an element away, so that it is absent and not empty.
func (s *Site) Remove(id, field string) bool {
	return s.edit(id, func(c *Client) { c.remove(field) })
}

// Log adds entries to the client's log, all of this second.
func (s *Site) Log(id string, messages ...string) bool {
	return s.edit(id, func(c *Client) {
		for _, m := range messages {
			c.log(s.moment(), m)
		}
	})
}

func (s *Site) edit(id string, change func(*Client)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.crowd.edit(id, change)
}

// Restart restarts the appliance: everybody leaves and comes back at once under another connected_since and with a new
// log. Ids begin anew, so most of them come back for somebody else. No connected_since is ever given out twice by that,
// even if several restarts fall into one second: then the appliance's clock runs ahead.
func (s *Site) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restart()
}

// Failover makes the standby appliance the primary one; then everything is as after Restart.
func (s *Site) Failover() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appliances[0], s.standby = s.standby, s.appliances[0]
	s.restart()
}

func (s *Site) restart() {
	s.floor = max(s.moment(), s.latest+1)
	s.nextID = firstID
	all := s.crowd.list(kinds)
	s.life.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.crowd.clear()
	renamed := make(map[string]string, len(all))
	for _, c := range all {
		renamed[c.ID] = strconv.Itoa(s.nextID)
		s.nextID++
	}
	for _, old := range all {
		c := old.copy()
		c.ID, c.Host = renamed[old.ID], renamed[old.Host]
		c.ConnectedSince, c.Log = s.floor, nil
		s.connect(c, s.floor)
		s.admit(c)
	}
}
