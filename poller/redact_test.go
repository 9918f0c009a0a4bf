package poller

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

func parseRedaction(t *testing.T, spec string) Redaction {
	t.Helper()
	r, err := ParseRedaction(spec, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// HMAC-SHA-256 under "key" of the texts of TestRedaction, by openssl dgst -sha256 -hmac key.
const (
	hmacJane  = "hmac:715bdae7c971e8bb0d38f0ecc4e82728d630e9cdc712ef51aae5dbb54c09fac0"
	hmacInner = "hmac:0489ac852c2574a30c9dcc35abcb2085003dede18331820e0df4c259516d9c27"
)

// TestRedaction: what is left of a client. The rows share one client, but for those that bring their own.
func TestRedaction(t *testing.T) {
	t.Parallel()
	const jane = `<name>Jane</name><hostname/><routing_busy>1</routing_busy><platform id="win">Windows</platform>` +
		`<new><name>Jane</name><b>2</b></new><client_connections><client_connection><private_ip>10.0.0.1</private_ip>` +
		`<connected_since ts="60">x</connected_since></client_connection><event_log><event ts="1">Jane came</event></event_log></client_connections>`
	const rest = `"client_connections":[{"connected_since":"1970-01-01T00:01:00Z","private_ip":"10.0.0.1"}]`
	const extra = `"extra":{"new":"<b>2</b><name>Jane</name>"}`
	const plat = `"platform":{"id":"win","name":"Windows"}`
	for _, row := range []struct{ name, spec, client, state, message string }{
		{"nothing", "", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"drop, in what is unknown too", "name=drop", jane, `{` + rest + `,"hostname":"",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"mask", "name=mask", jane, `{` + rest + `,"extra":{"new":"***"},"hostname":"","name":"***",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"hmac", "name=hmac", jane, `{` + rest + `,"extra":{"new":"` + hmacInner + `"},"hostname":"","name":"` + hmacJane + `",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"empty stays empty", "hostname=mask", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"a flag", "routing_busy=mask", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":"***"}`, "Jane came"},
		{"both parts of a platform", "platform=mask", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane","platform":{"id":"***","name":"***"},"routing_busy":true}`, "Jane came"},
		{"in a connection", "private_ip=mask", jane, `{"client_connections":[{"connected_since":"1970-01-01T00:01:00Z","private_ip":"***"}],` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"all connections, not their log", "client_connections=mask", jane, `{"client_connections":[{"connected_since":"***","private_ip":"***"}],` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"no connections, but their log", "client_connections=drop", jane, `{` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"no connection", "client_connection=drop", jane, `{"client_connections":[],` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "Jane came"},
		{"messages", "message=mask", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "***"},
		{"no messages", "message=drop", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, ""},
		{"no log", "event_log=drop", jane, `{` + rest + `,` + extra + `,"hostname":"","name":"Jane",` + plat + `,"routing_busy":true}`, "no log"},
		{"several", "name=drop, new = drop ,private_ip=drop,hostname=drop,", jane, `{"client_connections":[{"connected_since":"1970-01-01T00:01:00Z"}],` + plat + `,"routing_busy":true}`, "Jane came"},
		{"by the name in records", "account_type=mask", "<type>Normal</type>", `{"account_type":"***"}`, "no log"},
		{"attributes of that name", "secret=mask", `<hostname secret="s">h</hostname>`, `{"extra":{"hostname@secret":"***"},"hostname":"h"}`, "no log"},
		{"attributes go with their element", "hostname=drop", `<hostname alias="s">h</hostname>`, `{}`, "no log"},
		{"an unknown element whose attribute is redacted", "secret=mask", `<new><a secret="s"/></new>`, `{"extra":{"new":"***"}}`, "no log"},
		{"an unknown element itself", "new=mask", `<new n="1">x</new>`, `{"extra":{"new":"***","new@n":"***"}}`, "no log"},
		{"a list", "lsid=mask", "<support_session_lsids><lsid>1</lsid><lsid>2</lsid></support_session_lsids>", `{"support_session_lsids":["***","***"]}`, "no log"},
		{"a list as a whole", "support_session_lsids=drop", "<support_session_lsids><lsid>1</lsid>x</support_session_lsids>", `{}`, "no log"},
		{"the members of a list", "lsid=drop", "<support_session_lsids><lsid>1</lsid></support_session_lsids>", `{"support_session_lsids":[]}`, "no log"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := read(t, clients(agent(row.client)), Terms{Redact: parseRedaction(t, row.spec)}).Roster.Clients[0]
			if diff := cmp.Diff(roster.State(row.state), c.State); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			message := "no log"
			if len(c.Log) > 0 {
				message = c.Log[0].Message
			}
			if message != row.message {
				t.Errorf("message %q, want %q", message, row.message)
			}
		})
	}
}

// TestRedactionLeavesNothing: no rule of a name lets the text of that element through, in any notation.
func TestRedactionLeavesNothing(t *testing.T) {
	t.Parallel()
	const secret = "5ecret"
	for name := range clientFields {
		for _, format := range []string{"<%[1]s>%[2]s</%[1]s>", "<new><%[1]s>%[2]s</%[1]s></new>", "<%[1]s><b>%[2]s</b></%[1]s>",
			"<%[1]s id='%[2]s'/>", "<%[1]s other='%[2]s'>x</%[1]s>", "<new %[1]s='%[2]s'/>", "<client_connections><%[1]s>%[2]s</%[1]s></client_connections>",
			"<client_connections><client_connection><%[1]s>%[2]s</%[1]s></client_connection></client_connections>",
			"<event_log><event><%[1]s>%[2]s</%[1]s></event></event_log>", "<client_connections %[1]s='%[2]s'/>", "<event_log %[1]s='%[2]s'/>"} {
			for _, action := range []string{"drop", "mask", "hmac"} {
				doc := clients(agent(fmt.Sprintf(format, name, secret)))
				c := read(t, doc, Terms{Redact: parseRedaction(t, name+"="+action)}).Roster.Clients[0]
				if published := string(c.AppendWithLog(nil)); strings.Contains(published, secret) {
					t.Errorf("%s=%s lets the text through:\n%s\n%s", name, action, doc, published)
				}
			}
		}
	}
}

// TestRedactionMistakes: all are told at once, each with what is accepted.
func TestRedactionMistakes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, spec, want string }{
		{"no action", "name", `redaction "name": want name=drop, name=mask or name=hmac, with the name of an element`},
		{"unknown action", "name=hide", `redaction "name=hide": want name=drop, name=mask or name=hmac, with the name of an element`},
		{"no name", "=drop", `redaction "=drop": want name=drop, name=mask or name=hmac, with the name of an element`},
		{"no key", "name=hmac", `redaction "name=hmac": hmac needs a key`},
		{"the id", "id=mask", `redaction "id=mask": id is part of a client's identity and cannot be redacted`},
		{"connected_since", "connected_since=drop", `redaction "connected_since=drop": connected_since is part of a client's identity and cannot be redacted`},
		{"two rules", "name=drop,name=mask", `redaction "name=mask": there is already a rule for name`},
		{"two rules, two names", "type=drop,account_type=mask", `redaction "account_type=mask": there is already a rule for type`},
		{"several mistakes", "id=drop,a=b", `redaction "id=drop": id is part of a client's identity and cannot be redacted` + "\n" +
			`redaction "a=b": want name=drop, name=mask or name=hmac, with the name of an element`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseRedaction(row.spec, nil)
			if err == nil {
				err = errors.New("accepted")
			}
			if diff := cmp.Diff(row.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFingerprint: it changes exactly when what is published does, and shows no key.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	of := func(spec, key string) string {
		r, err := ParseRedaction(spec, []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{r.String(), fmt.Sprintf("%v %+v %#v", r, r, r)} {
			if strings.Contains(shown, "k3y") {
				t.Errorf("the key is shown: %s", shown)
			}
		}
		return r.Fingerprint()
	}
	same := [][2]string{
		{of("a=drop,b=mask", ""), of(" b = mask, a=drop ", "k3y")}, // order, blanks, and a key that nobody uses
		{of("type=drop", ""), of("account_type=drop", "")},
		{of("", ""), Redaction{}.Fingerprint()},
	}
	for i, pair := range same {
		if pair[0] != pair[1] {
			t.Errorf("pair %d: %s and %s, want the same", i, pair[0], pair[1])
		}
	}
	different := []string{of("", ""), of("a=drop", ""), of("a=mask", ""), of("b=mask", ""), of("a=hmac", "k3y"), of("a=hmac", "k3y2")}
	seen := map[string]bool{}
	for _, f := range different {
		if seen[f] || len(f) != 32 {
			t.Errorf("fingerprint %s, want 32 digits that stand for one redaction", f)
		}
		seen[f] = true
	}
}
