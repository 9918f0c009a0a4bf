package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/pipeline"
	"rollcall/internal/sim"
)

// Passwords of the tests; they must stand in no output.
const (
	rightPassword = "c0rrect+horse"
	wrongPassword = "wr0ng+battery"
)

// surroundings is a site and a Kafka that are as they should be, until a row changes that.
type surroundings struct {
	t        *testing.T
	site     sim.Config
	secure   bool
	broker   broker.Config
	running  *sim.Site
	kafka    access.Kafka
	settings environment
}

// failingRow is one thing that is wrong with the surroundings.
type failingRow struct {
	name, reason string
	code         int
	before       func(*surroundings) // what site and broker are made with
	after        func(*surroundings) // what is changed once they run
}

var failingSurroundings = []failingRow{
	{"all is well", "what the failures are to be compared with", exitDone, nil, nil},
	{"the site's port is closed", "it is down, or a firewall refuses", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_URL"] = "http://" + closedPort(s.t)
	}},
	{"an unknown certificate", "many sites have one of an authority of their own", exitRefused,
		func(s *surroundings) { s.secure = true },
		func(s *surroundings) { delete(s.settings, "ROLLCALL_CA_FILE") }},
	{"another host in the certificate", "people use the address instead of the name", exitRefused,
		func(s *surroundings) { s.secure = true },
		func(s *surroundings) {
			server, err := s.running.Start("0.0.0.0:0", true)
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Cleanup(func() { server.Close() })
			s.settings["ROLLCALL_URL"] = "https://127.0.0.2" + server.URL[strings.LastIndex(server.URL, ":"):]
			s.settings["ROLLCALL_CA_FILE"] = inFile(s.t, server.CA)
		}},
	{"no TLS where it should be", "a port of something else", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_URL"] = strings.Replace(s.settings["ROLLCALL_URL"], "http:", "https:", 1)
	}},
	{"a wrong client secret", "mistyped, or replaced on the site", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_CLIENT_SECRET"] = wrongPassword
	}},
	{"a page instead of the API", "a proxy or a maintenance page stands in between", exitRefused, nil, func(s *surroundings) {
		s.running.Fail(sim.LoginPage, -1)
	}},
	{"an account without permission", "perm_command is deny", exitRefused,
		func(s *surroundings) { s.site.Permission = sim.Deny }, nil},
	{"no token", "the token endpoint answers something else", exitRefused, nil, func(s *surroundings) {
		s.running.Fail(sim.NoToken, -1)
	}},
	{"an account that may do too much", "it works, but somebody should know", exitDone,
		func(s *surroundings) { s.site.Permission = sim.FullAccess }, nil},
	{"a list that cannot be read", "everything before the poll is well", exitRefused, nil, func(s *surroundings) {
		s.running.Fail(sim.Truncated, -1)
	}},
	{"the backup of a failover pair", "its list is empty, which is no failure of a poll", exitRefused, nil, func(s *surroundings) {
		s.running.Fail(sim.BackupRole, -1)
	}},
	{"clocks that differ", "records hold times of both", exitDone,
		func(s *surroundings) {
			s.site.Now = func() time.Time { return time.Now().Add(-time.Hour) }
			s.site.TokenLife = 2 * time.Hour
		}, nil},
	{"Kafka cannot be reached", "it is down, or a firewall refuses", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_KAFKA_BROKERS"] = closedPort(s.t)
	}},
	{"Kafka wants TLS", "the usual port of hosted clusters", exitRefused,
		func(s *surroundings) { s.broker.TLS = brokertest.ServerTLS(s.t) },
		func(s *surroundings) {
			delete(s.settings, "ROLLCALL_KAFKA_TLS")
			delete(s.settings, "ROLLCALL_KAFKA_CA_FILE")
		}},
	{"Kafka with an unknown certificate", "clusters have an authority of their own", exitRefused,
		func(s *surroundings) { s.broker.TLS = brokertest.ServerTLS(s.t) },
		func(s *surroundings) { delete(s.settings, "ROLLCALL_KAFKA_CA_FILE") }},
	{"Kafka without TLS where it is configured", "the port next to the right one", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_KAFKA_TLS"] = "true"
		s.settings["ROLLCALL_KAFKA_BROKERS"] = hangingUp(s.t)
	}},
	{"one broker of two is down", "one is enough to begin with", exitDone, nil, func(s *surroundings) {
		s.settings["ROLLCALL_KAFKA_BROKERS"] = closedPort(s.t) + "," + s.settings["ROLLCALL_KAFKA_BROKERS"]
	}},
	{"Kafka wants a password", "none is configured", exitRefused, withUser(access.Plain), func(s *surroundings) {
		delete(s.settings, "ROLLCALL_KAFKA_SASL")
		delete(s.settings, "ROLLCALL_KAFKA_USERNAME")
		delete(s.settings, "ROLLCALL_KAFKA_PASSWORD")
	}},
	{"Kafka knows another password (PLAIN)", "mistyped, or replaced", exitRefused, withUser(access.Plain), func(s *surroundings) {
		s.settings["ROLLCALL_KAFKA_PASSWORD"] = wrongPassword
	}},
	{"Kafka knows another password (SCRAM)", "mistyped, or replaced", exitRefused, withUser(access.SCRAMSHA512), func(s *surroundings) {
		s.settings["ROLLCALL_KAFKA_PASSWORD"] = wrongPassword
	}},
	{"Kafka knows another mechanism", "the password is right", exitRefused, withUser(access.SCRAMSHA256), func(s *surroundings) {
		s.settings["ROLLCALL_KAFKA_SASL"] = access.Plain
	}},
	{"topics with wrong settings", "somebody made them by hand", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_TOPIC_PREFIX"] = "wrong"
		brokertest.CreateTopic(s.t, s.kafka, "wrong.events", 3)
		brokertest.CreateTopic(s.t, s.kafka, "wrong.clients", 3, "cleanup.policy", "delete")
		brokertest.CreateTopic(s.t, s.kafka, "wrong.state", 1, "cleanup.policy", "compact")
	}},
	{"topics that are missing", "and may not be created at the start", exitRefused, nil, func(s *surroundings) {
		s.settings["ROLLCALL_TOPIC_PREFIX"] = "absent"
		s.settings["ROLLCALL_TOPIC_CREATE"] = "false"
	}},
	{"topics that come at the start", "nothing is there yet, and that is no failure", exitDone, nil, func(s *surroundings) {
		s.settings["ROLLCALL_TOPIC_PREFIX"] = "other"
	}},
	{"events that are soon gone", "a consumer that is away for a night misses some", exitDone, nil, func(s *surroundings) {
		s.settings["ROLLCALL_TOPIC_PREFIX"] = "brief"
		brokertest.CreateTopic(s.t, s.kafka, "brief.events", 1, "retention.ms", "3600000")
		brokertest.CreateTopic(s.t, s.kafka, "brief.clients", 1, "cleanup.policy", "compact")
		brokertest.CreateTopic(s.t, s.kafka, "brief.state", 1, "cleanup.policy", "compact")
	}},
	{"a wrong configuration", "nothing is tried then", exitUsage, nil, func(s *surroundings) {
		delete(s.settings, "ROLLCALL_CLIENT_ID")
		s.settings["ROLLCALL_INTERVAL"] = "10"
	}},
}

func withUser(mechanism string) func(*surroundings) {
	return func(s *surroundings) {
		s.broker.Users = []broker.User{{Mechanism: mechanism, Name: "rollcall", Password: rightPassword}}
	}
}

func TestCheckSaysWhatToDo(t *testing.T) {
	var b strings.Builder
	for _, row := range failingSurroundings {
		t.Run(row.name, func(t *testing.T) {
			s := startSurroundings(t, row.before, row.after)
			got := rollcall(t, "check")
			if got.code != row.code || got.errors != "" {
				t.Errorf("exit code %d, want %d; standard error %q", got.code, row.code, got.errors)
			}
			for _, secret := range []string{rightPassword, wrongPassword, sim.DefaultClientSecret} {
				if strings.Contains(got.out, secret) {
					t.Errorf("a secret is printed:\n%s", got.out)
				}
			}
			fmt.Fprintf(&b, "## %s: %s\n%s\n", row.name, row.reason, s.normal(got.out))
		})
	}
	checkGolden(t, "testdata/check.golden", b.String())
}

func TestCheckAsJSON(t *testing.T) {
	for _, name := range []string{"all is well", "a page instead of the API", "Kafka cannot be reached", "a wrong configuration"} {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(failingSurroundings, func(row failingRow) bool { return row.name == name })
			row := failingSurroundings[i]
			startSurroundings(t, row.before, row.after)
			got := rollcall(t, "check", "--json")
			var list []finding
			if err := json.Unmarshal([]byte(got.out), &list); err != nil || got.code != row.code {
				t.Fatalf("exit code %d, want %d; %v:\n%s", got.code, row.code, err, got.out)
			}
			failures := slices.ContainsFunc(list, func(f finding) bool { return f.Result == checkFailed && f.Advice != "" })
			if failures != (row.code != exitDone) {
				t.Errorf("a failure with advice: %v, exit code %d\n%s", failures, got.code, got.out)
			}
		})
	}
}

// An instance that runs is not fenced by a check: the rights are tried under another id.
func TestCheckDisturbsNobody(t *testing.T) {
	kafka, _, topics := sharedEnvironment(t)
	site := sim.New(sim.Config{Seed: 5, Clients: 5, RatePerSecond: -1})
	siteEnvironment(t, site, false).plus(kafka).plus(environment{"ROLLCALL_INTERVAL": "250ms"}).set(t)
	c, err := LoadConfig(NeedSite | NeedKafka)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, site: site, config: c, log: zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel))}
	w.cycle(func(cycle *pipeline.Cycle) {
		w.step(cycle)
		before := len(brokertest.Read(t, c.Kafka, topics.Events))
		got := rollcall(t, "check")
		if got.code != exitDone || !strings.Contains(got.out, "published so far: "+worldSite) {
			t.Errorf("exit code %d:\n%s", got.code, got.out)
		}
		if now := len(brokertest.Read(t, c.Kafka, topics.Events)); now != before {
			t.Errorf("a check published %d records", now-before)
		}
		if _, err := site.Connect(sim.SupportCustomer, "Ana"); err != nil {
			t.Fatal(err)
		}
		w.step(cycle) // would fail if the check had claimed the site
	})
	w.truth()
}

func startSurroundings(t *testing.T, before, after func(*surroundings)) *surroundings {
	t.Helper()
	s := &surroundings{t: t, site: sim.Config{Seed: 5, Clients: 12}}
	if before != nil {
		before(s)
	}
	s.running = sim.New(s.site)
	var kafka environment
	kafka, s.kafka = brokerEnvironment(t, s.broker)
	s.settings = siteEnvironment(t, s.running, s.secure).plus(kafka)
	brokertest.CreateTopics(t, s.kafka, "rollcall", 1)
	if after != nil {
		after(s)
	}
	s.settings.set(t)
	return s
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// hangingUp is the address of somebody who ends each connection at the first byte, as Kafka does where TLS meets a port
// without it.
func hangingUp(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // ended and awaited by the clean-up
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(conn, make([]byte, 1)) //nolint:errcheck // whatever comes
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// What differs from run to run, and what stands for it in the golden file.
var varying = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`(127\.0\.0\.[12]):\d+`), "$1:PORT"},
	{regexp.MustCompile(`\d{4}-\d{2}-\d{2}`), "DATE"},
	{regexp.MustCompile(`(in \d+ bytes and )\S+`), "${1}DURATION"},
	{regexp.MustCompile(`(1h0m|59m5)\ds`), "1h"}, // the site tells whole seconds
	{regexp.MustCompile(`\d+ bytes`), "N bytes"},
	{regexp.MustCompile(`(requests allowed to the account; )\d+`), "${1}N"},
}

func (s *surroundings) normal(text string) string {
	for _, v := range varying {
		text = v.what.ReplaceAllString(text, v.as)
	}
	return text
}
