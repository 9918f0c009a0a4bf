package poller

import "time"

// Limits of a document. encoding/xml holds a whole token in memory before it shows it, and a client is read whole
// before it is interpreted, so that these numbers, and not the answer, decide how much memory reading takes.
const (
	// DefaultMaxBytes is the largest answer that is read where Config.MaxBytes is 0: three times the 100,000 clients
	// that we prove.
	DefaultMaxBytes = 1 << 30

	maxToken      = 256 << 10 // bytes of one tag, text run, comment or instruction; real ones stay below a kilobyte
	maxAttribute  = 64 << 10  // bytes of one attribute; real ones are ids and times
	maxAttributes = 64        // on one element, namespace declarations included; the vendor's have one
	maxName       = 256       // bytes of a prefix or a local name; the vendor's longest has 30
	maxDepth      = 32        // open elements; the vendor's deepest is 5
	maxElements   = 50_000    // in one client; a real one has about 100
	maxClient     = 8 << 20   // bytes of one client; a Kafka broker takes 1 MiB unless told otherwise
	maxClients    = 1_000_000 // in one answer; the vendor's largest cluster serves some 12,000
	maxIdentity   = 1 << 10   // bytes of an id, and of a connected_since that is no time: they become the record key
	maxUnknown    = 100       // names of strange things that are told to people; the rest only repeat the story
	maxSmall      = 1 << 20   // bytes of the answers that are not lists of clients, and of error pages
	maxQuote      = 80        // characters of something strange that an error text repeats
	maxErrorText  = 300       // characters of the site's own error text that an error repeats
)

// Limits of asking.
const (
	defaultTimeout  = 60 * time.Second
	defaultInterval = 10 * time.Second
	defaultMaxDuty  = 0.25
	dialTimeout     = 10 * time.Second // to tell a site that is not there from one that is slow
	maxHeader       = 256 << 10        // bytes of the headers of an answer

	maxBackoff    = time.Minute // between polls that fail, unless the interval itself is longer
	maxRetryAfter = time.Hour   // that a site is believed: its own budget of requests refills within an hour

	// ownTokens is how many valid tokens this process holds of the 30 that the vendor grants an account: one more
	// than 30 would end the oldest, which may be somebody else's.
	ownTokens      = 10
	tokenLife      = time.Hour   // assumed where the site does not say
	maxTokenMargin = time.Minute // a token is renewed this long, or a tenth of its life, before it expires
)
