// Package sim is a simulated BeyondTrust Remote Support site: it answers over real HTTP as an appliance does, lives a
// believable life, and fails in any of the ways a site can fail, on demand.
//
// It is written from the vendor's documents alone and imports nothing else of this module, so that a mistake in how
// answers are read cannot cancel out with the same mistake here.
//
//   - The life of a site follows from Config.Seed and Config.Now alone: the same calls give the same clients.
//   - Every answer is a consistent snapshot, whatever changes while it is written.
//   - Answers are streamed: beyond the clients themselves, a large site costs no more memory than a small one.
//   - Everything may be called from several goroutines at once.
//
// Where no public document says what the appliance does (how it answers a breach of the rate limit, whether it honours
// gzip, how client_connections nest, which end of a log comes first), this site does what seems likely, and Config or a
// Fault makes it do the other thing.
package sim

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// What a Config stands for where it says nothing.
const (
	DefaultClientID     = "rollcall"
	DefaultClientSecret = "s3cret+with/odd%characters=" // vendor secrets hold such characters too
	DefaultNamespace    = "https://www.beyondtrust.com/namespaces/API/command"
	DefaultTokenLife    = time.Hour
	DefaultPerSecond    = 20 // requests, per API account over all endpoints, as the vendor documents
	DefaultPerHour      = 15000
)

// What the account may do with the command API, as get_api_info names it.
const (
	ReadOnly   = "read_only"
	FullAccess = "full_access"
	Deny       = "deny" // every action but get_api_info is refused
)

// Config says what site it is. The zero Config is an empty site that is no cluster.
type Config struct {
	Seed    uint64 // of everything random
	Clients int    // connected at the start

	ClientID, ClientSecret string        // of the one API account; empty: the defaults
	TokenLife              time.Duration // how long a token is valid; 0: DefaultTokenLife
	RatePerSecond          int           // requests; 0: DefaultPerSecond, negative: no limit
	RatePerHour            int           // requests; 0: DefaultPerHour, negative: no limit
	Permission             string        // of the account for the command API: ReadOnly, FullAccess or Deny; empty: ReadOnly

	Cluster     bool    // every client also holds a connection to a traffic node
	Namespace   string  // of the documents; empty: DefaultNamespace
	NewestFirst bool    // direction of event_log
	Nesting     Nesting // where connections and event_log stand
	NoGzip      bool    // Accept-Encoding is ignored

	Now func() time.Time // the appliance's clock; nil: time.Now
}

// Nesting is one of the readings of the vendor's page, which contradicts itself on how connections nest.
type Nesting int

// The nestings.
const (
	Flat      Nesting = iota // client_connections holds client_connection elements, then event_log
	Nested                   // client_connections holds a client_connections with the connections, then event_log
	LogInside                // event_log stands in the inner client_connections too
	LogBeside                // event_log stands beside client_connections, in the client
)

// Site is the simulated site. It is an http.Handler; Start puts it on a port.
type Site struct {
	config Config

	mu     sync.Mutex
	crowd  crowd
	life   *rand.Rand // what happens to clients
	secure *rand.Rand // tokens, apart from life: asking must not change what happens
	nextID int
	floor  int64 // UNIX seconds; nothing new happens earlier
	latest int64 // the latest connected_since given out
	said   map[saying]string

	appliances []appliance // the primary, then the traffic nodes
	standby    appliance   // becomes the primary by Failover

	account account
	budget  budget
	failing []failure
	healed  chan struct{} // closed by Heal, for answers that wait
	traffic Traffic
	running int
}

type appliance struct{ guid, host string }

const firstID = 101

// New makes the site with its clients connected.
func New(c Config) *Site {
	c.ClientID = cmp.Or(c.ClientID, DefaultClientID)
	c.ClientSecret = cmp.Or(c.ClientSecret, DefaultClientSecret)
	c.Namespace = cmp.Or(c.Namespace, DefaultNamespace)
	c.TokenLife = cmp.Or(c.TokenLife, DefaultTokenLife)
	c.RatePerSecond = cmp.Or(c.RatePerSecond, DefaultPerSecond)
	c.RatePerHour = cmp.Or(c.RatePerHour, DefaultPerHour)
	c.Permission = cmp.Or(c.Permission, ReadOnly)
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Site{
		config: c,
		life:   rand.New(rand.NewPCG(c.Seed, 1)), //nolint:gosec // must be repeatable
		secure: rand.New(rand.NewPCG(c.Seed, 2)), //nolint:gosec // must be repeatable, guards nothing
		nextID: firstID,
		said:   make(map[saying]string),
		healed: make(chan struct{}),
	}
	s.crowd.index = make(map[string]place, c.Clients)
	s.account = account{id: c.ClientID, secret: c.ClientSecret}
	s.budget = budget{
		second: window{length: time.Second, limit: c.RatePerSecond},
		hour:   window{length: time.Hour, limit: c.RatePerHour},
	}
	s.appliances = []appliance{s.newAppliance("primary")}
	if c.Cluster {
		s.appliances = append(s.appliances, s.newAppliance("traffic-eu"), s.newAppliance("traffic-us"))
	}
	s.standby = s.newAppliance("standby")
	s.populate(c.Clients)
	return s
}

func (s *Site) newAppliance(name string) appliance {
	h := hexDigits(s.life, 32)
	return appliance{guid: h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], host: name + ".support.example.com"}
}

// Clients is the truth: everybody who is connected, by type and then by id as a number, with the complete logs. The
// clients are shared with the site and must not be changed.
func (s *Site) Clients() []*Client {
	s.mu.Lock()
	all := s.crowd.list(kinds)
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b *Client) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(number(a.ID), number(b.ID)))
	})
	return all
}

// Client is the truth about one client, or nil where nobody has that id now.
func (s *Site) Client(id string) *Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.crowd.find(id)
}

func number(id string) int {
	n, _ := strconv.Atoi(id) // all ids here are numbers that we gave
	return n
}

// moment is the UNIX second in which something happens now.
func (s *Site) moment() int64 { return max(s.config.Now().Unix(), s.floor) }

var _ http.Handler = (*Site)(nil)
