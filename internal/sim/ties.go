package sim

import "slices"

// serve lets the representative take the customer's session; without a representative the customer waits.
func (s *Site) serve(customer string, rep *Client) {
	if rep == nil {
		return
	}
	var lsid string
	s.crowd.edit(customer, func(c *Client) {
		c.Host = rep.ID
		lsid, _ = c.Field("lsid")
	})
	s.crowd.edit(rep.ID, func(c *Client) {
		c.Sessions = append(c.Sessions, lsid)
		c.settle()
	})
}

// release ends the customer's session on the representative's side.
func (s *Site) release(customer *Client) {
	lsid, _ := customer.Field("lsid")
	s.crowd.edit(customer.Host, func(c *Client) {
		c.Sessions = slices.DeleteFunc(c.Sessions, func(l string) bool { return l == lsid })
		c.settle()
	})
}

// present lets the attendee join the representative's presentation, which begins with the first attendee.
func (s *Site) present(attendee string, rep *Client) {
	if rep == nil {
		return
	}
	s.crowd.edit(attendee, func(c *Client) { c.Host = rep.ID })
	s.crowd.edit(rep.ID, func(c *Client) { c.set("presentation_count", "1") })
}

// leave disconnects the client with all that follows from it; it says whether there was such a client.
func (s *Site) leave(id string) bool {
	c := s.crowd.find(id)
	if c == nil {
		return false
	}
	s.crowd.remove(id)
	switch c.Type {
	case SupportCustomer:
		s.release(c)
	case PresentationAttendee:
		if len(s.crowd.guests(PresentationAttendee, c.Host)) == 0 {
			s.crowd.edit(c.Host, func(rep *Client) { rep.set("presentation_count", "0") })
		}
	case Representative:
		s.dissolve(c)
	}
	return true
}

// dissolve hands the customers of a representative who left to another one, or back to the queue; the presentation ends.
func (s *Site) dissolve(rep *Client) {
	if len(rep.Sessions) > 0 {
		for _, id := range s.crowd.guests(SupportCustomer, rep.ID) {
			s.crowd.edit(id, func(c *Client) { c.Host = "" })
			s.serve(id, s.freeRepresentative())
		}
	}
	if rep.is("presentation_count") {
		for _, id := range s.crowd.guests(PresentationAttendee, rep.ID) {
			s.crowd.remove(id)
		}
	}
}
