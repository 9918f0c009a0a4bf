package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wrongConfigurations are mistakes that people make. What they are told stands in the golden file, whole.
var wrongConfigurations = []struct {
	name, reason string
	given        environment
}{
	{"nothing set", "the first start", nil},
	{"set but empty", "compose files pass on what is not there",
		environment{"ROLLCALL_URL": "", "ROLLCALL_CLIENT_ID": "", "ROLLCALL_CLIENT_SECRET": "", "ROLLCALL_KAFKA_BROKERS": ""}},
	{"no units", "numbers alone are ambiguous", enough.plus(environment{
		"ROLLCALL_INTERVAL": "10", "ROLLCALL_TIMEOUT": "1 minute", "ROLLCALL_MAX_BYTES": "1 gig"})},
	{"out of bounds", "each is a number, none is sensible", enough.plus(environment{
		"ROLLCALL_INTERVAL": "249ms", "ROLLCALL_TIMEOUT": "0s", "ROLLCALL_MAX_DUTY": "1.5", "ROLLCALL_MAX_BYTES": "99999999999999999999GiB",
		"ROLLCALL_HOLD_PERCENT": "101", "ROLLCALL_HOLD_MIN": "0", "ROLLCALL_HOLD_POLLS": "-1", "ROLLCALL_HOLD_MAX": "-5m",
		"ROLLCALL_CHECKPOINT": "0", "ROLLCALL_TOPIC_PARTITIONS": "0", "ROLLCALL_TOPIC_REPLICATION": "1000",
		"ROLLCALL_KAFKA_SESSION_TIMEOUT": "1ms"})},
	{"no numbers", "NaN is neither above nor below anything", enough.plus(environment{
		"ROLLCALL_MAX_DUTY": "NaN", "ROLLCALL_HOLD_PERCENT": "half", "ROLLCALL_HOLD_MIN": "1e3", "ROLLCALL_TOPIC_CREATE": "maybe"})},
	{"http", "the secret would be readable on the way", enough.plus(environment{"ROLLCALL_URL": "http://support.example.com"})},
	{"URL with a path", "people paste the address of the API", enough.plus(environment{"ROLLCALL_URL": "https://support.example.com/api/command"})},
	{"URL with a password", "it is not shown", enough.plus(environment{"ROLLCALL_URL": "https://me:pass@support.example.com"})},
	{"host instead of URL", "people paste the host", enough.plus(environment{"ROLLCALL_URL": "support.example.com"})},
	{"URL that is none", "its parser would show it", enough.plus(environment{"ROLLCALL_URL": "https://support.example.com:" + testSecret})},
	{"host that is no name", "an IPv6 address holds colons", enough.plus(environment{"ROLLCALL_URL": "https://[2001:db8::1]"})},
	{"names", "they become parts of keys and of topics", enough.plus(environment{
		"ROLLCALL_SITE": "Head Office", "ROLLCALL_TOPIC_PREFIX": "acme/rollcall", "ROLLCALL_IGNORE": "routing idle"})},
	{"lists", "each item counts", enough.plus(environment{
		"ROLLCALL_TYPES": "representative,jumpoint", "ROLLCALL_IGNORE": "a,,b", "ROLLCALL_KAFKA_BROKERS": "kafka-1,kafka-2:9092"})},
	{"broker with a password", "it is not shown", enough.plus(environment{"ROLLCALL_KAFKA_BROKERS": "me:pass@kafka:9092"})},
	{"all and more", "all leaves nothing to add", enough.plus(environment{"ROLLCALL_TYPES": "all,representative"})},
	{"choices", "each has its list", enough.plus(environment{
		"ROLLCALL_KAFKA_COMPRESSION": "brotli", "ROLLCALL_LOG_LEVEL": "verbose", "ROLLCALL_LOG_FORMAT": "text",
		"ROLLCALL_ADMIN_ADDR": "8080"})},
	{"slips of the pen", "a default nobody wanted would hold", enough.plus(environment{
		"ROLLCALL_INTERVALL": "10s", "ROLLCALL_KAFKA_BROKER": "kafka:9092", "ROLLCALL_KAFKA_SASL_USERNAME": "u",
		"ROLLCALL_KAFKA_TLS_CA_FILE": "ca.pem", "ROLLCALL_WEBHOOK": "https://example.com", "rollcall_types": "all"})},
	{"secret twice", "which of them holds?", enough.plus(environment{"ROLLCALL_CLIENT_SECRET_FILE": "testdata/config_errors.golden"})},
	{"secret in the place of its file", "it is not shown", oneSite.plus(kafka).plus(environment{
		"ROLLCALL_CLIENT_SECRET": "", "ROLLCALL_CLIENT_SECRET_FILE": testSecret})},
	{"several sites, none whole", "each is told by its own variables", environment{
		"ROLLCALL_SITES": "emea,apac", "ROLLCALL_KAFKA_BROKERS": "kafka:9092", "ROLLCALL_CLIENT_SECRET": testSecret,
		"ROLLCALL_EMEA_URL": "https://emea.example.com", "ROLLCALL_APAC_CLIENT_ID": "abc", "ROLLCALL_APAC_INTERVAL": "1"}},
	{"two sites of one name", "their records would be mixed up", enough.plus(environment{"ROLLCALL_SITES": "emea,apac"})},
	{"a site nobody named", "its variables would mean nothing", enough.plus(environment{
		"ROLLCALL_SITES": "emea", "ROLLCALL_APAC_URL": "https://apac.example.com",
		"ROLLCALL_EMAE_INTERVAL": "1m"})},
	{"sites that clash", "their variables would mean two things", enough.plus(environment{"ROLLCALL_SITES": "kafka,a-b,a_b"})},
	{"sites misspelt", "the variables of sites are no mistakes then", enough.plus(environment{
		"ROLLCALL_SITES": "emea,", "ROLLCALL_EMEA_URL": "https://emea.example.com"})},
	{"nothing at all", "zero is within no bounds", enough.plus(environment{
		"ROLLCALL_MAX_DUTY": "0", "ROLLCALL_HOLD_PERCENT": "0", "ROLLCALL_URL": "https://support.example.com:0"})},
	{"redaction", "all rules are told, and what may be a key is not shown", enough.plus(environment{
		"ROLLCALL_REDACT": "start_session_url,hostname=hash,id=drop,private_ip=hmac:" + testSecret})},
	{"redaction twice", "which of them holds?", enough.plus(environment{"ROLLCALL_REDACT": "hostname=mask,hostname=drop"})},
	{"redaction without a key", "the digests could be guessed", enough.plus(environment{"ROLLCALL_REDACT": "private_ip=hmac"})},
	{"redaction with an empty key", "it would be no key", enough.plus(environment{
		"ROLLCALL_REDACT": "private_ip=hmac", "ROLLCALL_REDACT_KEY_FILE": os.DevNull})},
	{"half a sign-in", "neither half is of any use", enough.plus(environment{
		"ROLLCALL_KAFKA_SASL": "plain", "ROLLCALL_KAFKA_PASSWORD": ""})},
	{"sign-in without a mechanism", "the password would not be used", enough.plus(environment{
		"ROLLCALL_KAFKA_USERNAME": "u", "ROLLCALL_KAFKA_PASSWORD": testSecret})},
	{"mechanism that is none", "each has its list", enough.plus(environment{
		"ROLLCALL_KAFKA_SASL": "gssapi", "ROLLCALL_KAFKA_USERNAME": "u", "ROLLCALL_KAFKA_PASSWORD": testSecret})},
	{"certificates without TLS", "the connection would be readable", enough.plus(environment{
		"ROLLCALL_KAFKA_CA_FILE": "ca.pem", "ROLLCALL_KAFKA_CERT_FILE": "cert.pem", "ROLLCALL_KAFKA_KEY_FILE": "key.pem"})},
	{"certificate without a key", "one is of no use without the other", enough.plus(environment{
		"ROLLCALL_KAFKA_TLS": "true", "ROLLCALL_KAFKA_CERT_FILE": "testdata/absent.pem"})},
	{"files that are not there", "each is named, but those with secrets", enough.plus(environment{
		"ROLLCALL_CA_FILE": "testdata/absent.pem", "ROLLCALL_KAFKA_TLS": "true", "ROLLCALL_KAFKA_CA_FILE": "testdata",
		"ROLLCALL_KAFKA_CERT_FILE": "config_errors_test.go", "ROLLCALL_KAFKA_KEY_FILE": "testdata/absent.pem"})},
	{"files that hold something else", "a program is no certificate", enough.plus(environment{
		"ROLLCALL_CA_FILE": "config_table.go", "ROLLCALL_KAFKA_TLS": "true", "ROLLCALL_KAFKA_CA_FILE": "config_table.go",
		"ROLLCALL_KAFKA_CERT_FILE": "config_table.go", "ROLLCALL_KAFKA_KEY_FILE": "config_table.go"})},
}

func TestWrongConfigurations(t *testing.T) {
	var b strings.Builder
	for _, row := range wrongConfigurations {
		t.Run(row.name, func(t *testing.T) {
			row.given.set(t)
			_, err := LoadConfig(NeedSite | NeedKafka)
			if mistakes := (Mistakes)(nil); !errors.As(err, &mistakes) {
				t.Fatalf("%s: error %v, want mistakes", row.reason, err)
			}
			if strings.Contains(err.Error(), testSecret) || strings.Contains(err.Error(), "pass@") {
				t.Errorf("the secret stands in the message:\n%v", err)
			}
			fmt.Fprintf(&b, "## %s: %s\n", row.name, row.reason)
			for _, name := range slices.Sorted(maps.Keys(row.given)) {
				if value, same := enough[name]; !same || value != row.given[name] {
					fmt.Fprintf(&b, "   %s=%s\n", name, row.given[name])
				}
			}
			fmt.Fprintf(&b, "%v\n\n", err)
		})
	}
	checkGolden(t, "testdata/config_errors.golden", b.String())
}

// checkGolden compares with a golden file, or writes it.
func checkGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// TestClientCertificateIsReadAgain: a renewed certificate is taken up at the next connection, and a pair that does not
// fit is told by the variable.
func TestClientCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writeKeyPair(t, cert, key)
	c := load(t, enough.plus(environment{
		"ROLLCALL_KAFKA_TLS": "true", "ROLLCALL_KAFKA_CA_FILE": cert,
		"ROLLCALL_KAFKA_CERT_FILE": cert, "ROLLCALL_KAFKA_KEY_FILE": key}), NeedKafka)
	if c.Kafka.TLS.RootCAs == nil {
		t.Error("the roots named are not used")
	}
	present := func() []byte {
		t.Helper()
		pair, err := c.Kafka.TLS.GetClientCertificate(&tls.CertificateRequestInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return pair.Certificate[0]
	}
	if d := cmp.Diff(first, present()); d != "" {
		t.Errorf("certificate (-want +got):\n%s", d)
	}
	second := writeKeyPair(t, cert, key)
	if d := cmp.Diff(second, present()); d != "" {
		t.Errorf("renewed certificate (-want +got):\n%s", d)
	}
	writeKeyPair(t, cert, filepath.Join(dir, "another.pem"))
	if _, err := LoadConfig(NeedKafka); err == nil || !strings.Contains(err.Error(), "ROLLCALL_KAFKA_KEY_FILE: the key cannot be used") {
		t.Errorf("error for a key of another certificate: %v", err)
	}
}

func writeKeyPair(t *testing.T, certFile, keyFile string) (der []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: der},
		keyFile:  {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return der
}
