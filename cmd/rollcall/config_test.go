package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/access"
)

// environment is what a row sets; everything else that begins with ROLLCALL_ is unset for the test.
type environment map[string]string

// plus gives both, the later winning.
func (e environment) plus(more environment) environment {
	sum := environment{}
	for _, one := range []environment{e, more} {
		for name, value := range one {
			sum[name] = value
		}
	}
	return sum
}

func (e environment) set(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(strings.ToUpper(name), envPrefix+"_") {
			t.Setenv(name, "") // has it put back afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range e {
		t.Setenv(name, value)
	}
}

const testSecret = "s3cr+t/%="

var (
	oneSite = environment{
		"ROLLCALL_URL":           "https://support.example.com",
		"ROLLCALL_CLIENT_ID":     "abc",
		"ROLLCALL_CLIENT_SECRET": testSecret,
	}
	kafka  = environment{"ROLLCALL_KAFKA_BROKERS": "kafka-1:9092"}
	enough = oneSite.plus(kafka)
)

func load(t *testing.T, e environment, need Need) Config {
	t.Helper()
	e.set(t)
	c, err := LoadConfig(need)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// withoutFunctions leaves the secrets out, which the tests ask for themselves.
var withoutFunctions = cmpopts.IgnoreTypes(Secret(nil), (func() (string, error))(nil))

func TestDefaults(t *testing.T) {
	want := Config{
		Sites: []SiteConfig{{
			Name: "support.example.com", URL: "https://support.example.com", ClientID: "abc",
			Types: []string{"all"}, Interval: 10 * time.Second, MaxDuty: 0.25, Timeout: time.Minute, MaxBytes: 1 << 30,
			Hold:   HoldConfig{Percent: 50, Min: 10, Polls: 3, Max: 5 * time.Minute},
			Redact: "start_session_url=drop", Checkpoint: 5 * time.Minute,
		}},
		Kafka:       access.Kafka{Brokers: []string{"kafka-1:9092"}},
		Compression: "lz4", Prefix: "rollcall", Partitions: 1, CreateTopics: true, SessionTimeout: 10 * time.Second,
		AdminAddr: "127.0.0.1:8080", LogLevel: "info", LogFormat: "json",
	}
	got := load(t, enough, NeedSite|NeedKafka)
	if d := cmp.Diff(want, got, withoutFunctions); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
	checkSecret(t, got.Sites[0].ClientSecret, testSecret)
}

func checkSecret(t *testing.T, s Secret, want string) {
	t.Helper()
	if s == nil {
		t.Fatalf("no secret, want %q", want)
	}
	if got, err := s(); err != nil || got != want {
		t.Errorf("secret is %q (%v), want %q", got, err, want)
	}
}

// TestEverythingSet gives every variable a value that is not its default, and sees each arrive.
func TestEverythingSet(t *testing.T) {
	got := load(t, environment{
		"ROLLCALL_URL": "https://Support.Example.com:8443/", "ROLLCALL_SITE": "hq",
		"ROLLCALL_CLIENT_ID": "abc", "ROLLCALL_CLIENT_SECRET": testSecret,
		"ROLLCALL_TYPES": "push_agent, representative", "ROLLCALL_INTERVAL": "250ms", "ROLLCALL_MAX_DUTY": "1",
		"ROLLCALL_TIMEOUT": "5s", "ROLLCALL_MAX_BYTES": "2MB", "ROLLCALL_HOLD_PERCENT": "100",
		"ROLLCALL_HOLD_MIN": "1", "ROLLCALL_HOLD_POLLS": "2", "ROLLCALL_HOLD_MAX": "1s",
		"ROLLCALL_IGNORE": "routing_idle,routing_busy", "ROLLCALL_REDACT": "private_ip=hmac",
		"ROLLCALL_REDACT_KEY": "key", "ROLLCALL_CHECKPOINT": "1m",
		"ROLLCALL_KAFKA_BROKERS": "a:1, [::1]:2", "ROLLCALL_KAFKA_TLS": "true", "ROLLCALL_KAFKA_SASL": "SCRAM-SHA-512",
		"ROLLCALL_KAFKA_USERNAME": "u", "ROLLCALL_KAFKA_PASSWORD": "p", "ROLLCALL_KAFKA_COMPRESSION": "zstd",
		"ROLLCALL_KAFKA_SESSION_TIMEOUT": "6s", "ROLLCALL_TOPIC_PREFIX": "acme.rollcall",
		"ROLLCALL_TOPIC_PARTITIONS": "6", "ROLLCALL_TOPIC_REPLICATION": "3", "ROLLCALL_TOPIC_CREATE": "false",
		"ROLLCALL_ADMIN_ADDR": ":0", "ROLLCALL_LOG_LEVEL": "debug", "ROLLCALL_LOG_FORMAT": "console",
	}, NeedSite|NeedKafka)
	if got.Kafka.TLS == nil {
		t.Error("no TLS")
	}
	checkSecret(t, got.Sites[0].RedactKey, "key")
	checkSecret(t, got.Kafka.SASL.Password, "p")
	got.Kafka.TLS = nil
	want := Config{
		Sites: []SiteConfig{{
			Name: "hq", URL: "https://support.example.com:8443", ClientID: "abc",
			Types: []string{"representative", "push_agent"}, Interval: 250 * time.Millisecond, MaxDuty: 1,
			Timeout: 5 * time.Second, MaxBytes: 2_000_000,
			Hold:   HoldConfig{Percent: 100, Min: 1, Polls: 2, Max: time.Second},
			Ignore: []string{"routing_idle", "routing_busy"}, Redact: "private_ip=hmac", Checkpoint: time.Minute,
		}},
		Kafka: access.Kafka{Brokers: []string{"a:1", "[::1]:2"},
			SASL: access.SASL{Mechanism: access.SCRAMSHA512, Username: "u"}},
		Compression: "zstd", Prefix: "acme.rollcall", Partitions: 6, Replication: 3, SessionTimeout: 6 * time.Second,
		AdminAddr: ":0", LogLevel: "debug", LogFormat: "console",
	}
	if d := cmp.Diff(want, got, withoutFunctions); d != "" {
		t.Errorf("configuration (-want +got):\n%s", d)
	}
}

func TestSeveralSites(t *testing.T) {
	got := load(t, environment{
		"ROLLCALL_SITES": "emea,ap-south", "ROLLCALL_CLIENT_ID": "common", "ROLLCALL_CLIENT_SECRET": "common secret",
		"ROLLCALL_INTERVAL": "1m", "ROLLCALL_IGNORE": "routing_idle",
		"ROLLCALL_EMEA_URL": "https://emea.example.com", "ROLLCALL_EMEA_INTERVAL": "5s",
		"ROLLCALL_EMEA_CLIENT_SECRET": "emea secret", "ROLLCALL_EMEA_REDACT": "", "ROLLCALL_EMEA_TIMEOUT": "",
		"ROLLCALL_AP_SOUTH_URL": "https://apac.example.com", "ROLLCALL_AP_SOUTH_SITE": "apac",
		"ROLLCALL_AP_SOUTH_CLIENT_ID": "own", "ROLLCALL_AP_SOUTH_IGNORE": "",
	}, NeedSite)
	type view struct {
		Name, URL, ClientID, Redact, Secret string
		Interval, Timeout                   time.Duration
		Ignore                              []string
	}
	want := []view{
		{"emea.example.com", "https://emea.example.com", "common", "", "emea secret", 5 * time.Second, time.Minute, []string{"routing_idle"}},
		{"apac", "https://apac.example.com", "own", "start_session_url=drop", "common secret", time.Minute, time.Minute, nil},
	}
	var views []view
	for _, s := range got.Sites {
		secret, err := s.ClientSecret()
		if err != nil {
			t.Error(err)
		}
		views = append(views, view{s.Name, s.URL, s.ClientID, s.Redact, secret, s.Interval, s.Timeout, s.Ignore})
	}
	if d := cmp.Diff(want, views); d != "" {
		t.Errorf("sites (-want +got):\n%s", d)
	}
}

// TestSecretOfOneSite: a secret and its file are one thing, whoever has one of them takes neither from the others.
func TestSecretOfOneSite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from the file"), 0o600); err != nil {
		t.Fatal(err)
	}
	sites := environment{"ROLLCALL_SITES": "emea", "ROLLCALL_EMEA_URL": "https://emea.example.com", "ROLLCALL_CLIENT_ID": "abc",
		"ROLLCALL_EMEA_REDACT": "hostname=hmac"}
	for _, row := range []struct {
		name, reason, want string
		given              environment
	}{
		{"a file over a text", "the site's own counts", "from the file", environment{
			"ROLLCALL_CLIENT_SECRET": "common", "ROLLCALL_EMEA_CLIENT_SECRET_FILE": file,
			"ROLLCALL_REDACT_KEY": "common", "ROLLCALL_EMEA_REDACT_KEY_FILE": file}},
		{"a text over a file", "the site's own counts", "own", environment{
			"ROLLCALL_CLIENT_SECRET_FILE": "testdata/absent", "ROLLCALL_EMEA_CLIENT_SECRET": "own",
			"ROLLCALL_REDACT_KEY_FILE": "testdata/absent", "ROLLCALL_EMEA_REDACT_KEY": "own"}},
		{"a common file", "there is no other", "from the file", environment{
			"ROLLCALL_CLIENT_SECRET_FILE": file, "ROLLCALL_REDACT_KEY_FILE": file}},
	} {
		t.Run(row.name, func(t *testing.T) {
			site := load(t, sites.plus(row.given), NeedSite).Sites[0]
			checkSecret(t, site.ClientSecret, row.want)
			checkSecret(t, site.RedactKey, row.want)
		})
	}
}

func TestNeed(t *testing.T) {
	outOfReach := environment{"ROLLCALL_CLIENT_SECRET": "", "ROLLCALL_CLIENT_SECRET_FILE": "testdata/absent"}
	for _, row := range []struct {
		name, reason string
		given        environment
		need         Need
		sites        int
		fails        bool
	}{
		{"nothing for nothing", "demo and sim need no configuration", nil, 0, 0, false},
		{"Kafka without a site", "tail needs no site", kafka, NeedKafka, 0, false},
		{"a site without Kafka", "a dry run touches no Kafka", oneSite, NeedSite, 1, false},
		{"no Kafka where it is needed", "run publishes", oneSite, NeedSite | NeedKafka, 0, true},
		{"no site where it is needed", "run polls", kafka, NeedSite | NeedKafka, 0, true},
		{"secret out of reach, not needed", "tail may run as somebody else", enough.plus(outOfReach), NeedKafka, 1, false},
		{"secret out of reach, needed", "run would fail at its first poll", enough.plus(outOfReach), NeedSite, 0, true},
		{"wrong though not needed", "what is set is checked", kafka.plus(environment{"ROLLCALL_INTERVAL": "10"}), NeedKafka, 0, true},
		{"no key where no site is needed", "tail redacts nothing", kafka.plus(environment{"ROLLCALL_REDACT": "hostname=hmac"}), NeedKafka, 0, false},
		{"a wrong rule all the same", "what is set is checked", kafka.plus(environment{"ROLLCALL_REDACT": "hostname=hash"}), NeedKafka, 0, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.given.set(t)
			c, err := LoadConfig(row.need)
			if fails := err != nil; fails != row.fails || len(c.Sites) != row.sites {
				t.Errorf("%s: %d sites, error %v; want %d sites, an error: %v", row.reason, len(c.Sites), err, row.sites, row.fails)
			}
		})
	}
}

// TestForeignVariables: what others set in our environment is no mistake.
func TestForeignVariables(t *testing.T) {
	load(t, enough.plus(environment{
		"ROLLCALL_SERVICE_HOST": "10.0.0.1", "ROLLCALL_PORT": "tcp://10.0.0.1:8080", // a Service called rollcall
		"ROLLCALL_PORT_8080_TCP_ADDR": "10.0.0.1", "ROLLCALL_SERVICE_PORT_HTTP": "8080",
		"ROLLCALL_SIM_PORT_8080_TCP": "tcp://10.0.0.2:8080", // one called rollcall-sim
		"ROLLCALL_TEST_KAFKA":        "127.0.0.1:9092",
	}), NeedSite|NeedKafka)
}

// TestTableIsComplete: each variable that is read is told about, and each that is told about is read.
func TestTableIsComplete(t *testing.T) {
	var read, told, readPerSite, toldPerSite []string
	for _, settings := range []any{&siteSettings{}, &sharedSettings{}} {
		names, err := namesOf(envPrefix, settings)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, names...)
		if _, ok := settings.(*siteSettings); ok {
			readPerSite = names
		}
	}
	for _, v := range Variables() {
		told = append(told, v.Name)
		if v.PerSite {
			toldPerSite = append(toldPerSite, v.Name)
		}
		if v.Help == "" || v.Accepted == "" {
			t.Errorf("%s is in the table without a word", v.Name)
		}
		if v.Secret && v.Default != "" {
			t.Errorf("%s is a secret with a default", v.Name)
		}
	}
	for _, pair := range [][2][]string{{read, told}, {readPerSite, toldPerSite}} {
		slices.Sort(pair[0])
		slices.Sort(pair[1])
		if d := cmp.Diff(pair[0], pair[1]); d != "" {
			t.Errorf("variables (-read +in the table):\n%s", d)
		}
	}
}

func TestSecretFileIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first\n")
	c := load(t, enough.plus(environment{"ROLLCALL_CLIENT_SECRET": "", "ROLLCALL_CLIENT_SECRET_FILE": file}), NeedSite)
	secret := c.Sites[0].ClientSecret
	checkSecret(t, secret, "first")
	write("two lines\r\n\r\n")
	checkSecret(t, secret, "two lines\r\n")
	write(" kept as it is ")
	checkSecret(t, secret, " kept as it is ")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := secret(); err == nil || strings.Contains(err.Error(), file) {
		t.Errorf("error for a file that is gone: %v, want one without its path", err)
	}
}
