package main

import (
	"crypto/tls"
	"crypto/x509"
	"math"
	"regexp"
	"time"

	"rollcall/internal/access"
)

// Need says which parts of the configuration a command cannot do without.
type Need uint8

// The parts of the configuration.
const (
	NeedSite  Need = 1 << iota // URL and account of every site
	NeedKafka                  // the brokers
)

// Config is the whole configuration, checked and ready to use.
type Config struct {
	Sites []SiteConfig // at least one where NeedSite was asked for; otherwise those that have a URL

	Kafka          access.Kafka
	Compression    string // none, gzip, snappy, lz4 or zstd
	Prefix         string // of the topics
	Partitions     int    // of the topics it creates
	Replication    int    // of the topics it creates; 0: what the broker does by itself
	CreateTopics   bool
	SessionTimeout time.Duration // of the member of the group that decides ownership

	AdminAddr string // host:port
	LogLevel  string // debug, info, warn or error
	LogFormat string // json or console
}

// SiteConfig is the configuration of one site.
type SiteConfig struct {
	Name         string // as it stands in records
	URL          string // scheme and host, no slash at the end
	ClientID     string
	ClientSecret Secret
	Types        []string      // "all" alone, or client types in the vendor's order
	Interval     time.Duration // from poll start to poll start
	MaxDuty      float64       // share of the time the appliance may be kept answering
	Timeout      time.Duration // of one request
	MaxBytes     int64         // of one answer
	RootCAs      *x509.CertPool
	Hold         HoldConfig
	Ignore       []string // names of state fields
	Redact       string   // as written; empty: nothing is redacted
	RedactKey    Secret   // nil: there is none
	Checkpoint   time.Duration
}

// HoldConfig says when disconnects are held back, and for how long.
type HoldConfig struct {
	Percent, Min int           // at least this share of the roster, and at least this many clients
	Polls        int           // release after this many polls that confirm it
	Max          time.Duration // or after this long
}

const (
	aboveZero = time.Nanosecond
	endless   = time.Duration(math.MaxInt64)
)

var (
	siteName    = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	siteLabel   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	topicPrefix = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)
	stateField  = regexp.MustCompile(`^[\pL_][\pL\pN._-]*$`)
)

// LoadConfig reads the configuration from the environment. Whatever is set is checked; what is missing is a mistake
// only where need says so. The error, if people can do something about it, is Mistakes: all of them at once.
func LoadConfig(need Need) (Config, error) {
	var shared sharedSettings
	if err := readSettings(envPrefix, &shared); err != nil {
		return Config{}, err
	}
	var m Mistakes
	sites, known, err := m.siteSettings(shared.Sites)
	if err != nil {
		return Config{}, err
	}
	c := Config{
		AdminAddr: parsed(&m, shared.AdminAddr, listenAddress),
		LogLevel:  parsed(&m, shared.LogLevel, oneOf("debug", "info", "warn", "error")),
		LogFormat: parsed(&m, shared.LogFormat, oneOf("json", "console")),
	}
	c.Sites = m.sites(sites, need)
	m.kafka(&c, shared, need)
	m.unknown(known)
	if len(m) > 0 {
		return Config{}, m
	}
	return c, nil
}

func (m *Mistakes) kafka(c *Config, s sharedSettings, need Need) {
	if need&NeedKafka != 0 {
		m.require(s.KafkaBrokers)
	}
	c.Kafka = access.Kafka{
		Brokers: parsed(m, s.KafkaBrokers, brokerList),
		TLS:     m.kafkaTLS(s, need),
		SASL:    m.sasl(s, need),
	}
	c.Compression = parsed(m, s.KafkaCompression, oneOf("none", "gzip", "snappy", "lz4", "zstd"))
	c.SessionTimeout = parsed(m, s.KafkaSessionTimeout, duration(time.Second, 30*time.Minute))
	c.Prefix = parsed(m, s.TopicPrefix, matching(topicPrefix))
	c.Partitions = parsed(m, s.TopicPartitions, whole(1, 10000))
	c.Replication = parsed(m, s.TopicReplication, whole(1, 100))
	c.CreateTopics = parsed(m, s.TopicCreate, boolean)
}

func (m *Mistakes) kafkaTLS(s sharedSettings, need Need) *tls.Config {
	if on := parsed(m, s.KafkaTLS, boolean); !on {
		for _, only := range []setting{s.KafkaCAFile, s.KafkaCertFile, s.KafkaKeyFile} {
			if only.counts() {
				m.add(only, "set, but %s is not true", s.KafkaTLS.name)
			}
		}
		return nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if need&NeedKafka != 0 { // files that are not needed may be out of reach
		c.RootCAs = m.roots(s.KafkaCAFile)
		c.GetClientCertificate = m.clientCertificate(s.KafkaCertFile, s.KafkaKeyFile)
	}
	return c
}

func (m *Mistakes) sasl(s sharedSettings, need Need) access.SASL {
	password := m.secret(s.KafkaPassword, s.KafkaPasswordFile)
	if !s.KafkaSASL.counts() {
		for _, only := range []setting{s.KafkaUsername, s.KafkaPassword, s.KafkaPasswordFile} {
			if only.counts() {
				m.add(only, "set, but %s is not", s.KafkaSASL.name)
			}
		}
		return access.SASL{}
	}
	mechanism := parsed(m, s.KafkaSASL, oneOf(access.Plain, access.SCRAMSHA256, access.SCRAMSHA512))
	if need&NeedKafka != 0 {
		m.require(s.KafkaUsername)
		m.requireSecret(password, s.KafkaPassword, s.KafkaPasswordFile)
	}
	return access.SASL{Mechanism: mechanism, Username: s.KafkaUsername.value(), Password: password}
}
