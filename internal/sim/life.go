package sim

import (
	"context"
	"time"
)

// A turn is one thing that may happen; it says whether it could.
type turn struct {
	weight int
	happen func(*Site) bool
}

var turns = []turn{
	{6, (*Site).staffChanges},
	{16, (*Site).sessionStartsOrEnds},
	{6, (*Site).sessionIsTakenUp},
	{8, (*Site).attendeeJoinsOrLeaves},
	{10, (*Site).routingFlips},
	{4, (*Site).jumpointFlaps},
	{12, (*Site).nodeReconnects},
	{8, (*Site).nodeFails},
	{3, (*Site).nameChanges},
	{2, (*Site).jumpointComesOrGoes},
}

// Step lets n things happen, one after the other. Each is whole: no answer shows half of it.
func (s *Site) Step(n int) {
	for range n {
		s.mu.Lock()
		s.stepOnce()
		s.mu.Unlock()
	}
}

func (s *Site) stepOnce() {
	total := 0
	for _, t := range turns {
		total += t.weight
	}
	for { // people who sign in are never out of place, so this ends
		at := s.life.IntN(total)
		for _, t := range turns {
			if at -= t.weight; at < 0 {
				if t.happen(s) {
					return
				}
				break
			}
		}
	}
}

// Live lets things happen at the given rate until ctx ends.
func (s *Site) Live(ctx context.Context, changesPerSecond float64) {
	if changesPerSecond <= 0 {
		<-ctx.Done()
		return
	}
	const shortest = 10 * time.Millisecond
	start := time.Now()
	tick := time.NewTicker(max(shortest, time.Duration(float64(time.Second)/changesPerSecond)))
	defer tick.Stop()
	for done := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			due := int(time.Since(start).Seconds()*changesPerSecond + 0.5)
			s.Step(due - done)
			done = max(due, done)
		}
	}
}

// grows says whether one more of the type comes rather than one goes, so that numbers swing around where they began.
func (s *Site) grows(kind string, share int) bool {
	usual := max(s.config.Clients*share/100, 3)
	return s.life.IntN(2*usual) >= len(s.crowd.of[kind])
}

func (s *Site) staffChanges() bool {
	if s.grows(Representative, 100-customerShare-attendeeShare-jumpointShare) {
		s.admit(s.newClient(Representative, s.moment()))
		return true
	}
	s.leave(s.crowd.any(s.life, Representative).ID)
	return true
}

func (s *Site) sessionStartsOrEnds() bool {
	if !s.grows(SupportCustomer, customerShare) {
		s.leave(s.crowd.any(s.life, SupportCustomer).ID)
		return true
	}
	c := s.newClient(SupportCustomer, s.moment())
	s.admit(c)
	if s.life.IntN(3) > 0 { // the others wait in the queue
		s.serve(c.ID, s.freeRepresentative())
	}
	return true
}

func (s *Site) sessionIsTakenUp() bool {
	waiting := s.crowd.anyWho(s.life, SupportCustomer, func(c *Client) bool { return c.Host == "" })
	rep := s.freeRepresentative()
	if waiting == nil || rep == nil {
		return false
	}
	s.serve(waiting.ID, rep)
	return true
}

// freeRepresentative is one who has time if there is such a one, else any, else nil.
func (s *Site) freeRepresentative() *Client {
	free := s.crowd.anyWho(s.life, Representative, func(c *Client) bool { return c.is("routing_available") })
	if free != nil {
		return free
	}
	return s.crowd.any(s.life, Representative)
}

func (s *Site) attendeeJoinsOrLeaves() bool {
	if !s.grows(PresentationAttendee, attendeeShare) {
		s.leave(s.crowd.any(s.life, PresentationAttendee).ID)
		return true
	}
	presenter := s.crowd.anyWho(s.life, Representative, func(c *Client) bool { return c.is("presentation_count") })
	if presenter == nil {
		presenter = s.crowd.any(s.life, Representative)
	}
	if presenter == nil {
		return false
	}
	c := s.newClient(PresentationAttendee, s.moment())
	s.admit(c)
	s.present(c.ID, presenter)
	return true
}

func (s *Site) routingFlips() bool {
	rep := s.crowd.any(s.life, Representative)
	if rep == nil {
		return false
	}
	name := one(s.life, []string{"routing_idle", "routing_idle", "routing_enabled", "showing_on_rep_list"})
	return s.crowd.edit(rep.ID, func(c *Client) {
		c.set(name, flag(!c.is(name)))
		c.settle()
	})
}

// jumpointFlaps lets a Jumpoint go and come back at once: the same machine under another id.
func (s *Site) jumpointFlaps() bool {
	old := s.crowd.any(s.life, PushAgent)
	if old == nil {
		return false
	}
	s.crowd.remove(old.ID)
	fresh := s.newClient(PushAgent, s.moment())
	fresh.Fields = old.copy().Fields
	s.admit(fresh)
	return true
}

func (s *Site) jumpointComesOrGoes() bool {
	if !s.grows(PushAgent, jumpointShare) {
		s.leave(s.crowd.any(s.life, PushAgent).ID)
		return true
	}
	s.admit(s.newClient(PushAgent, s.moment()))
	return true
}

func (s *Site) anybody() *Client { return s.crowd.any(s.life, one(s.life, kinds)) }

// nodeReconnects lets a client's last connection break and come back, as the log tells.
func (s *Site) nodeReconnects() bool {
	who := s.anybody()
	if who == nil {
		return false
	}
	now := s.moment()
	return s.crowd.edit(who.ID, func(c *Client) {
		c.log(now, s.trouble(c, false))
		last := &c.Connections[len(c.Connections)-1]
		if last.Purpose == "traffic" && s.life.IntN(2) == 0 {
			node := one(s.life, s.appliances[1:])
			last.ApplianceID = node.guid
		}
		last.ConnectedSince = now
		c.log(now, s.trouble(c, true))
	})
}

// nodeFails adds entries about attempts that come to nothing, now and then more than the window holds.
func (s *Site) nodeFails() bool {
	who := s.anybody()
	if who == nil {
		return false
	}
	entries := 1 + s.life.IntN(3)
	if s.life.IntN(40) == 0 {
		entries = Window + s.life.IntN(Window)
	}
	now := s.moment()
	return s.crowd.edit(who.ID, func(c *Client) {
		for range entries {
			c.log(now, s.say(saysFailed, primaryNode, one(s.life, lossReasons)))
		}
	})
}

func (s *Site) nameChanges() bool {
	name := "public_display_name"
	who := s.crowd.any(s.life, Representative)
	if s.life.IntN(2) == 0 {
		name = "name"
		who = s.crowd.any(s.life, SupportCustomer)
	}
	if who == nil {
		return false
	}
	fresh := s.personName()
	if old, _ := who.Field(name); old == fresh {
		return false
	}
	return s.crowd.edit(who.ID, func(c *Client) { c.set(name, fresh) })
}
