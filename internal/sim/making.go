package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Shares of the types among the clients at the start, in percent; the rest are representatives.
const (
	customerShare = 40
	attendeeShare = 10
	jumpointShare = 20
)

// populate connects n clients who have been there for a while.
func (s *Site) populate(n int) {
	counts := map[string]int{
		SupportCustomer: n * customerShare / 100, PresentationAttendee: n * attendeeShare / 100, PushAgent: n * jumpointShare / 100,
	}
	counts[Representative] = n - counts[SupportCustomer] - counts[PresentationAttendee] - counts[PushAgent]
	for _, kind := range kinds {
		longest := int64(9 * 3600) // a working day
		if kind == PushAgent {
			longest = 40 * 24 * 3600
		}
		for range counts[kind] {
			s.arriveEarlier(kind, 1+s.life.Int64N(longest))
		}
	}
}

// arriveEarlier connects a client as it would have been, had it come so many seconds ago.
func (s *Site) arriveEarlier(kind string, secondsAgo int64) {
	now := s.moment()
	since := max(now-secondsAgo, 1)
	c := s.newClient(kind, since)
	s.addHistory(c, now)
	switch kind {
	case SupportCustomer:
		s.admit(c)
		if s.life.IntN(10) > 0 {
			s.serve(c.ID, s.crowd.any(s.life, Representative))
		}
	case PresentationAttendee:
		s.admit(c)
		s.present(c.ID, s.crowd.any(s.life, Representative))
	default:
		s.admit(c)
	}
}

// admit puts a client that is complete among the others.
func (s *Site) admit(c *Client) {
	s.latest = max(s.latest, c.ConnectedSince)
	s.crowd.add(c)
}

// newClient makes a client that connects at the given second; it is not among the others yet.
func (s *Site) newClient(kind string, since int64) *Client {
	c := &Client{Type: kind, ID: strconv.Itoa(s.nextID), ConnectedSince: since}
	s.nextID++
	machine := systems
	if kind == PushAgent {
		machine = serverSystems
	}
	host := one(s.life, hostStems) + "-" + strings.ToUpper(hexDigits(s.life, 4))
	if s.life.IntN(25) == 0 {
		host = "Unknown"
	}
	sys := one(s.life, machine)
	c.Fields = make([]Field, 0, 20)
	c.set("hostname", host)
	c.set("platform", sys.name)
	c.set("platform@id", sys.id)
	c.set("timezone_offset", one(s.life, offsets))
	switch kind {
	case Representative:
		s.describeRepresentative(c)
	case SupportCustomer:
		c.set("name", s.personName())
		if n := s.life.IntN(8); n < 2 {
			c.set("non_interactive", []string{"rdp", "shelljump"}[n])
		}
		c.set("lsid", hexDigits(s.life, 32))
	case PresentationAttendee:
		c.set("name", one(s.life, attendeeNames))
	case PushAgent:
		c.set("name", one(s.life, jumpointNames)+" "+strconv.Itoa(1+s.life.IntN(90)))
	}
	s.connect(c, since)
	return c
}

func (s *Site) describeRepresentative(c *Client) {
	name := s.personName()
	account := "Normal"
	if s.life.IntN(12) == 0 {
		account = "Invited"
	}
	user := strconv.Itoa(1 + s.life.IntN(5000))
	c.set("user_id", user)
	c.set("type", account)
	c.set("username", "rep"+user)
	c.set("public_display_name", name)
	c.set("private_display_name", name)
	c.set("start_session_url", "https://support.example.com/?ak="+hexDigits(s.life, 32)+"&lang=en")
	c.set("presentation_count", "0")
	c.set("support_session_count", "0")
	c.set("showing_on_rep_list", flag(s.life.IntN(3) > 0))
	c.set("routing_idle", flag(s.life.IntN(6) == 0))
	c.set("routing_busy", "0")
	c.set("routing_enabled", flag(s.life.IntN(4) > 0))
	c.set("routing_available", "0")
	c.set("support_license", one(s.life, licenses))
	c.settle()
}

// settle makes the fields of a representative that follow from others agree with them.
func (c *Client) settle() {
	c.set("support_session_count", strconv.Itoa(len(c.Sessions)))
	c.set("routing_busy", flag(len(c.Sessions) > 0))
	c.set("routing_available", flag(c.is("routing_enabled") && !c.is("routing_idle") && !c.is("routing_busy")))
}

// connect gives the client its connections, and the log entries that say so.
func (s *Site) connect(c *Client, ts int64) {
	address := s.address()
	c.Connections = []Connection{{ApplianceID: s.appliances[0].guid, Purpose: "primary", ConnectedSince: ts, PrivateIP: address}}
	c.log(ts, s.say(saysBack, primaryNode, ""))
	if len(s.appliances) > 1 {
		node := one(s.life, s.appliances[1:])
		c.Connections = append(c.Connections, Connection{ApplianceID: node.guid, Purpose: "traffic", ReceiveTrafficNode: true,
			ConnectedSince: ts, PrivateIP: address})
		c.log(ts, s.say(saysBack, trafficPrefix+node.host, ""))
	}
}

const usualHistory = 25 // entries

// addHistory gives the client the log of somebody who has been there until now. Some logs are longer than the window.
func (s *Site) addHistory(c *Client, now int64) {
	lived := now - c.ConnectedSince
	n := s.life.IntN(2 * usualHistory)
	if lived <= 0 || n == 0 {
		return
	}
	moments := make([]int64, n)
	for i := range moments {
		moments[i] = c.ConnectedSince + s.life.Int64N(lived)
	}
	slices.Sort(moments)
	for i, ts := range moments {
		c.log(ts, s.trouble(c, i%2 == 1))
	}
}

// trouble is a message about one of the client's connections that fails, or comes back.
func (s *Site) trouble(c *Client, back bool) string {
	node := primaryNode
	if len(c.Connections) > 1 {
		node = trafficPrefix + s.hostOf(c.Connections[len(c.Connections)-1].ApplianceID)
	}
	switch {
	case back:
		return s.say(saysBack, node, "")
	case s.life.IntN(6) == 0:
		return s.say(saysNormal, node, "")
	case s.life.IntN(3) == 0:
		return s.say(saysFailed, node, one(s.life, lossReasons))
	}
	return s.say(saysLost, node, one(s.life, lossReasons))
}

// A saying is what a message of the log is made from; a node that is lost by intent gives no reason.
type saying struct{ what, node, reason string }

// say makes the message. What was said before is not made again: logs repeat themselves, and a large site has millions.
func (s *Site) say(what, node, reason string) string {
	key := saying{what, node, reason}
	text, ok := s.said[key]
	if !ok {
		text = what + node
		if reason != "" {
			text += ": " + reason
		}
		s.said[key] = text
	}
	return text
}

func (s *Site) hostOf(guid string) string {
	i := slices.IndexFunc(s.appliances, func(a appliance) bool { return a.guid == guid })
	if i < 0 {
		return "Unknown"
	}
	return s.appliances[i].host
}

func (s *Site) personName() string {
	return one(s.life, givenNames) + " " + one(s.life, familyNames)
}

// address is what the vendor calls private_ip; real ones come in all these forms.
func (s *Site) address() string {
	switch s.life.IntN(20) {
	case 0:
		return "Unknown"
	case 1:
		return fmt.Sprintf("[fe80::%x]:%d", 1+s.life.IntN(0xfffe), 1024+s.life.IntN(60000))
	case 2:
		return fmt.Sprintf("192.168.%d.%d:%d", s.life.IntN(256), s.life.IntN(256), 1024+s.life.IntN(60000))
	}
	return fmt.Sprintf("10.%d.%d.%d", s.life.IntN(256), s.life.IntN(256), 1+s.life.IntN(254))
}

func one[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

func hexDigits(r *rand.Rand, n int) string {
	const digits = "0123456789abcdef"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[r.IntN(16)]
	}
	return string(b)
}
