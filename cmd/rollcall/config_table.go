package main

import "slices"

// Variable is one environment variable that Rollcall reads, as people are told about it.
type Variable struct {
	Name     string
	Default  string // used where the variable is not set, or set but empty
	Secret   bool   // what it holds is never printed
	PerSite  bool   // ROLLCALL_<SITE>_… overrides it for one of ROLLCALL_SITES
	Help     string // what it is for
	Accepted string // which values are legal

	emptyCounts bool // set but empty is a value of its own, not the same as not set
}

// Variables are all variables, in the order in which people should read about them.
func Variables() []Variable { return slices.Clone(variables) }

var variables = slices.Concat(siteVariables, kafkaVariables, processVariables)

const (
	acceptedName  = "1 to 100 of the characters A-Z a-z 0-9 . _ -"
	acceptedPEM   = "a file of certificates in PEM form"
	acceptedFile  = "a file that holds it; one line break at its end is no part of it"
	acceptedSince = "a duration above 0 such as 30s, 5m or 1h"
)

var siteVariables = []Variable{
	{Name: "ROLLCALL_URL", PerSite: true, Help: "the site to poll",
		Accepted: "https:// and a host, with a port if need be, and nothing after it; http:// only to this machine itself"},
	{Name: "ROLLCALL_SITES", Help: "several sites: a short name each, which then stands in the variables of that site (ROLLCALL_EMEA_URL); what a site has not of its own it takes from the variable without the name",
		Accepted: "short names with commas between them, such as emea,apac: letters, digits and . _ - (the last three are _ in variables)"},
	{Name: "ROLLCALL_SITE", PerSite: true, Help: "name of the site in records; the host of the URL if not set",
		Accepted: acceptedName},
	{Name: "ROLLCALL_CLIENT_ID", PerSite: true, Help: "the API account, which needs no more than read access to the command API",
		Accepted: "the OAuth client ID that the site shows for the API account"},
	{Name: "ROLLCALL_CLIENT_SECRET", PerSite: true, Secret: true, Help: "secret of the API account",
		Accepted: "the OAuth client secret that the site showed once, or ROLLCALL_CLIENT_SECRET_FILE"},
	{Name: "ROLLCALL_CLIENT_SECRET_FILE", PerSite: true, Secret: true, Help: "file with the secret of the API account, read again when it changes",
		Accepted: acceptedFile},
	{Name: "ROLLCALL_TYPES", Default: "all", PerSite: true, Help: "client types to ask for",
		Accepted: "all, or of representative, support_customer, presentation_attendee, push_agent those wanted, with commas between them"},
	{Name: "ROLLCALL_INTERVAL", Default: "10s", PerSite: true, Help: "from poll start to poll start",
		Accepted: "a duration such as 10s or 1m, from 250ms to 24h"},
	{Name: "ROLLCALL_MAX_DUTY", Default: "0.25", PerSite: true, Help: "never keep the appliance answering for more than this share of the time",
		Accepted: "a share above 0 and up to 1, such as 0.25"},
	{Name: "ROLLCALL_TIMEOUT", Default: "60s", PerSite: true, Help: "how long one request may take",
		Accepted: acceptedSince},
	{Name: "ROLLCALL_MAX_BYTES", Default: "1GiB", PerSite: true, Help: "largest answer accepted",
		Accepted: "a size such as 512MiB or 1GiB, or a number of bytes, from 1KiB to 1TiB"},
	{Name: "ROLLCALL_CA_FILE", PerSite: true, emptyCounts: true, Help: "further roots for the site's certificate",
		Accepted: acceptedPEM},
	{Name: "ROLLCALL_HOLD_PERCENT", Default: "50", PerSite: true, Help: "hold disconnects when at least this share of the clients vanishes at once",
		Accepted: "a whole number from 1 to 100"},
	{Name: "ROLLCALL_HOLD_MIN", Default: "10", PerSite: true, Help: "and at least this many of them",
		Accepted: "a whole number from 1"},
	{Name: "ROLLCALL_HOLD_POLLS", Default: "3", PerSite: true, Help: "release what is held after this many polls that confirm it",
		Accepted: "a whole number from 1"},
	{Name: "ROLLCALL_HOLD_MAX", Default: "5m", PerSite: true, Help: "or after this long, whichever comes first",
		Accepted: acceptedSince},
	{Name: "ROLLCALL_IGNORE", PerSite: true, emptyCounts: true, Help: "fields whose change alone is no state_change",
		Accepted: "names of state fields with commas between them, such as routing_idle,routing_busy"},
	{Name: "ROLLCALL_REDACT", Default: "start_session_url=drop", PerSite: true, emptyCounts: true, Help: "fields to leave out or make unreadable before anything leaves the process; set and empty: none",
		Accepted: "field=drop, field=mask or field=hmac, with commas between them, such as start_session_url=drop,private_ip=mask; hmac needs ROLLCALL_REDACT_KEY"},
	{Name: "ROLLCALL_REDACT_KEY", PerSite: true, Secret: true, Help: "key for the fields redacted with hmac",
		Accepted: "any secret text, or ROLLCALL_REDACT_KEY_FILE"},
	{Name: "ROLLCALL_REDACT_KEY_FILE", PerSite: true, Secret: true, Help: "file with the key for hmac",
		Accepted: acceptedFile},
	{Name: "ROLLCALL_CHECKPOINT", Default: "5m", PerSite: true, Help: "between checkpoint records",
		Accepted: acceptedSince},
}

var kafkaVariables = []Variable{
	{Name: "ROLLCALL_KAFKA_BROKERS", Help: "brokers to begin with; the others are found through them",
		Accepted: "host:port, several with commas between them"},
	{Name: "ROLLCALL_KAFKA_TLS", Default: "false", Help: "speak TLS to the brokers",
		Accepted: "true or false"},
	{Name: "ROLLCALL_KAFKA_CA_FILE", Help: "further roots for the brokers' certificates",
		Accepted: acceptedPEM},
	{Name: "ROLLCALL_KAFKA_CERT_FILE", Help: "client certificate, read again when it changes",
		Accepted: acceptedPEM + ", together with ROLLCALL_KAFKA_KEY_FILE"},
	{Name: "ROLLCALL_KAFKA_KEY_FILE", Secret: true, Help: "key of the client certificate, read again when it changes",
		Accepted: "a file with the key in PEM form, not encrypted, together with ROLLCALL_KAFKA_CERT_FILE"},
	{Name: "ROLLCALL_KAFKA_SASL", Help: "how to sign in to the brokers; not at all if not set",
		Accepted: "plain, scram-sha-256 or scram-sha-512"},
	{Name: "ROLLCALL_KAFKA_USERNAME", Help: "user to sign in as",
		Accepted: "the user name, together with ROLLCALL_KAFKA_SASL"},
	{Name: "ROLLCALL_KAFKA_PASSWORD", Secret: true, Help: "password of that user",
		Accepted: "the password, or ROLLCALL_KAFKA_PASSWORD_FILE, together with ROLLCALL_KAFKA_SASL"},
	{Name: "ROLLCALL_KAFKA_PASSWORD_FILE", Secret: true, Help: "file with the password, read again when it changes",
		Accepted: acceptedFile},
	{Name: "ROLLCALL_KAFKA_COMPRESSION", Default: "lz4", Help: "compression of what is written",
		Accepted: "none, gzip, snappy, lz4 or zstd"},
	{Name: "ROLLCALL_KAFKA_SESSION_TIMEOUT", Default: "10s", Help: "how long an instance may be silent before another takes over its sites",
		Accepted: "a duration from 1s to 30m; brokers take 6s to 30m unless told otherwise"},
	{Name: "ROLLCALL_TOPIC_PREFIX", Default: "rollcall", Help: "start of the topics' names and of the transactional ids, and name of the consumer group",
		Accepted: "1 to 200 of the characters A-Z a-z 0-9 . _ -"},
	{Name: "ROLLCALL_TOPIC_PARTITIONS", Default: "1", Help: "partitions of the topics it creates",
		Accepted: "a whole number from 1 to 10000"},
	{Name: "ROLLCALL_TOPIC_REPLICATION", Help: "copies of each partition of the topics it creates; what the broker does by itself if not set",
		Accepted: "a whole number from 1 to 100"},
	{Name: "ROLLCALL_TOPIC_CREATE", Default: "true", Help: "create missing topics at start",
		Accepted: "true or false"},
}

var processVariables = []Variable{
	{Name: "ROLLCALL_ADMIN_ADDR", Default: "127.0.0.1:8080", Help: "where /healthz, /readyz, /metrics, /status and the page at / are served, without any sign-in",
		Accepted: "host:port, or :port for every address of this machine"},
	{Name: "ROLLCALL_LOG_LEVEL", Default: "info", Help: "least important lines to log",
		Accepted: "debug, info, warn or error"},
	{Name: "ROLLCALL_LOG_FORMAT", Default: "json", Help: "form of the log on standard error",
		Accepted: "json or console"},
}
