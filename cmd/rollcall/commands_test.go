package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/broker/brokertest"
	"rollcall/internal/sim"
	"rollcall/schemas"
	"rollcall/schemas/schematest"
)

func TestUsageErrorsSayWhatIsWrong(t *testing.T) {
	environment{}.set(t)
	for _, row := range []struct {
		name, reason string
		args         []string
		code         int
		says         string
	}{
		{"unknown command", "a typing error", []string{"demp"}, exitUsage, `there is no command "demp", did you mean demo?`},
		{"command that is none", "nothing is like it", []string{"frobnicate"}, exitUsage, "(see rollcall --help)"},
		{"unknown flag", "a typing error", []string{"run", "--ones"}, exitUsage, "--ones (see rollcall run --help)"},
		{"flag without its value", "it would be the next argument", []string{"state", "--site"}, exitUsage, "--site (see rollcall state --help)"},
		{"flag with a wrong value", "it is a number", []string{"demo", "--clients", "many"}, exitUsage, `"many"`},
		{"argument too many", "it would be passed over in silence", []string{"run", "now"}, exitUsage, `run takes flags alone, not "now"`},
		{"unknown schema", "the names that there are help", []string{"schema", "conect"}, exitUsage, "connect"},
		{"two schemas", "one document is printed", []string{"schema", "gap", "hold"}, exitUsage, "one schema at a time"},
		{"nothing configured", "all that is missing at once", []string{"run"}, exitUsage, "ROLLCALL_KAFKA_BROKERS"},
		{"no Kafka to follow", "tail needs nothing of a site", []string{"tail"}, exitUsage, "1 mistake"},
		{"no Kafka to read", "state needs nothing of a site", []string{"state"}, exitUsage, "1 mistake"},
		{"no Kafka to create topics in", "printing them needs none", []string{"topics", "--apply"}, exitUsage, "1 mistake"},
		{"impossible site", "nobody connects backwards", []string{"sim", "--rate", "-1"}, exitUsage, "--rate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := rollcall(t, row.args...)
			if got.code != row.code || !strings.Contains(got.errors, row.says) {
				t.Errorf("%s: exit code %d, want %d; says %q, want %s in it", row.reason, got.code, row.code, got.errors, row.says)
			}
		})
	}
}

func TestRunIsRefusedAtTheStart(t *testing.T) {
	for _, row := range []struct {
		name   string
		broker broker.Config
		change environment
	}{
		{"by the site", broker.Config{}, environment{"ROLLCALL_CLIENT_SECRET": wrongPassword}},
		{"by Kafka", broker.Config{Users: []broker.User{{Mechanism: access.Plain, Name: "rollcall", Password: rightPassword}}},
			environment{"ROLLCALL_KAFKA_PASSWORD": wrongPassword}},
	} {
		t.Run(row.name, func(t *testing.T) {
			kafka, _ := brokerEnvironment(t, row.broker)
			settings := siteEnvironment(t, sim.New(sim.Config{Clients: 3}), false).plus(kafka).plus(row.change)
			settings.plus(environment{"ROLLCALL_ADMIN_ADDR": "127.0.0.1:0"}).set(t)
			got := rollcall(t, "run")
			if got.code != exitRefused || strings.Contains(got.errors, wrongPassword) {
				t.Errorf("exit code %d, want %d:\n%s", got.code, exitRefused, got.errors)
			}
		})
	}
}

// A Kafka that is down at the start is waited for.
func TestRunWaitsForKafka(t *testing.T) {
	siteEnvironment(t, sim.New(sim.Config{Clients: 3}), false).plus(environment{
		"ROLLCALL_KAFKA_BROKERS": closedPort(t), "ROLLCALL_ADMIN_ADDR": "127.0.0.1:0"}).set(t)
	u := begin(t, "run")
	u.complains("Kafka cannot be reached, trying again")
	if got := u.end(); got.code != exitDone {
		t.Errorf("exit code %d, want %d:\n%s", got.code, exitDone, got.errors)
	}
}

// What only reads Kafka says so where it cannot.
func TestReadersAreRefused(t *testing.T) {
	unreachable := environment{"ROLLCALL_KAFKA_BROKERS": closedPort(t)}
	nothing, _, _ := sharedEnvironment(t)
	guarded, _ := brokerEnvironment(t, broker.Config{Users: []broker.User{{Mechanism: access.Plain, Name: "rollcall", Password: rightPassword}}})
	locked := guarded.plus(environment{"ROLLCALL_KAFKA_PASSWORD": wrongPassword})
	for _, row := range []struct {
		name  string
		given environment
		says  string
	}{
		{"Kafka is down", unreachable, "connection refused"},
		{"nothing was published", nothing, "nothing was published yet"},
		{"a wrong password", locked, "SASL"},
	} {
		for _, args := range [][]string{{"tail"}, {"state"}, {"state", "--site", worldSite}} {
			t.Run(row.name+", "+strings.Join(args, " "), func(t *testing.T) {
				row.given.set(t)
				got := rollcall(t, args...)
				if got.code != exitRefused || !strings.Contains(got.errors, row.says) || strings.Contains(got.errors, wrongPassword) {
					t.Errorf("exit code %d, want %d; says %q, want %s in it", got.code, exitRefused, got.errors, row.says)
				}
			})
		}
	}
}

// One accepted poll per site, then what reads it back: state and tail.
func TestRunOnceThenRead(t *testing.T) {
	kafka, _, _ := sharedEnvironment(t)
	site := sim.New(sim.Config{Seed: 5, Clients: 5})
	id, err := site.Connect(sim.SupportCustomer, "\x1b[31mred\u202e")
	if err != nil {
		t.Fatal(err)
	}
	site.Change(id, "name", "\u202ered")
	siteEnvironment(t, site, true).plus(kafka).plus(environment{"ROLLCALL_INTERVAL": "250ms"}).set(t)

	if got := rollcall(t, "run", "--once"); got.code != exitDone {
		t.Fatalf("run --once: exit code %d:\n%s", got.code, got.errors)
	}
	got := rollcall(t, "state")
	if got.code != exitDone || !strings.Contains(got.out, worldSite) || !strings.Contains(got.out, `\u202ered`) {
		t.Errorf("state: exit code %d:\n%q", got.code, got.out)
	}
	if got := rollcall(t, "state", "--site", "elsewhere"); got.code != exitFailed || !strings.Contains(got.errors, "elsewhere") {
		t.Errorf("state of an unknown site: exit code %d, says %q", got.code, got.errors)
	}
	for _, args := range [][]string{{"tail", "--all"}, {"tail", "--all", "--json"}} {
		u := begin(t, args...)
		u.shows("support_customer")
		if got := u.end(); got.code != exitDone || strings.ContainsAny(got.out, "\x1b") {
			t.Errorf("%v: exit code %d:\n%q", args, got.code, got.out)
		}
	}
	site.Fail(sim.Status500, -1)
	if got := rollcall(t, "run", "--once"); got.code != exitFailed || !strings.Contains(got.errors, "no poll accepted") {
		t.Errorf("run --once with a site that fails: exit code %d, says %q", got.code, got.errors)
	}
}

func TestDryRunPrintsRecordsAndTouchesNoKafka(t *testing.T) {
	siteEnvironment(t, sim.New(sim.Config{Seed: 5, Clients: 5}), false).set(t) // no broker is configured
	got := rollcall(t, "run", "--dry-run", "--once")
	if got.code != exitDone || strings.Count(got.out, "\n") < 6 {
		t.Fatalf("exit code %d, %d lines:\n%s", got.code, strings.Count(got.out, "\n"), got.errors)
	}
	for line := range strings.Lines(got.out) {
		schematest.Event(t, []byte(line))
	}
}

func TestTopics(t *testing.T) {
	kafka, access, topics := sharedEnvironment(t)
	kafka.set(t)
	if got := rollcall(t, "topics"); got.code != exitDone || !strings.Contains(got.out, topics.Clients) {
		t.Errorf("topics: exit code %d:\n%s", got.code, got.out)
	}
	if brokertest.Exists(t, access, topics.Clients) {
		t.Error("printing the topics created them")
	}
	for _, created := range []bool{true, false} {
		got := rollcall(t, "topics", "--apply")
		if got.code != exitDone || strings.Contains(got.out, "created "+topics.Clients) != created {
			t.Errorf("topics --apply: exit code %d, want topics created: %v\n%s%s", got.code, created, got.out, got.errors)
		}
	}
	if !brokertest.Exists(t, access, topics.Clients) {
		t.Error("topics --apply created nothing")
	}
	brokertest.CreateTopic(t, access, "wrong-"+topics.Clients, 1)
	t.Setenv("ROLLCALL_TOPIC_PREFIX", "wrong-"+strings.TrimSuffix(topics.Clients, ".clients"))
	if got := rollcall(t, "topics", "--apply"); got.code != exitRefused || !strings.Contains(got.errors, "cleanup.policy") {
		t.Errorf("topics --apply over a topic that cannot serve: exit code %d, says %q", got.code, got.errors)
	}
}

func TestSchemas(t *testing.T) {
	environment{}.set(t)
	listed := strings.Fields(rollcall(t, "schema").out)
	if !slices.Equal(listed, schemas.Names()) {
		t.Errorf("listed %q, want %q", listed, schemas.Names())
	}
	for _, name := range listed {
		if got := rollcall(t, "schema", name); got.code != exitDone || !json.Valid([]byte(got.out)) {
			t.Errorf("schema %s: exit code %d, no JSON", name, got.code)
		}
	}
}

func TestCheckOffline(t *testing.T) {
	siteEnvironment(t, sim.New(sim.Config{}), false).plus(environment{"ROLLCALL_KAFKA_BROKERS": "nowhere.invalid:9092"}).set(t)
	got := rollcall(t, "check", "--offline", "--json")
	var list []finding
	if err := json.Unmarshal([]byte(got.out), &list); err != nil || got.code != exitDone || len(list) != 1 || list[0].Result != checkOK {
		t.Errorf("check --offline --json: exit code %d, %v:\n%s", got.code, err, got.out)
	}
}

func TestVersion(t *testing.T) {
	if got := rollcall(t, "version"); got.code != exitDone || !strings.HasPrefix(got.out, "rollcall ") || !strings.Contains(got.out, "go1.") {
		t.Errorf("version: exit code %d, %q", got.code, got.out)
	}
}

func TestSimServesAndIsSteered(t *testing.T) {
	environment{}.set(t)
	ca := t.TempDir() + "/ca.pem"
	u := begin(t, "sim", "--listen", "127.0.0.1:0", "--tls", "--ca-file", ca, "--clients", "3", "--rate", "0")
	u.shows("simulated site at https://")
	if pem, err := os.ReadFile(ca); err != nil || !strings.Contains(string(pem), "CERTIFICATE") {
		t.Errorf("the certificate to trust: %v", err)
	}
	if got := u.end(); got.code != exitDone {
		t.Errorf("exit code %d: %s", got.code, got.errors)
	}
	if help := rollcall(t, "sim", "--help").out; !strings.Contains(help, "truncated") || !strings.Contains(help, "/sim/connect") {
		t.Errorf("the help does not say how to steer the site:\n%s", help)
	}
}
