package poller

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/roster"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read reads a document that must be accepted.
func read(t *testing.T, doc string, terms Terms) *roster.Snapshot {
	t.Helper()
	snap, err := Read(strings.NewReader(doc), terms)
	if err != nil {
		t.Fatalf("refused: %v\n%s", err, doc)
	}
	return snap
}

// golden compares with a golden file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// pretty shows a roster as people can read it.
func pretty(t *testing.T, r *roster.Roster) string {
	t.Helper()
	var b bytes.Buffer
	for _, c := range r.Clients {
		b.WriteString(c.Key.In("support.example.com") + "\n")
		if err := json.Indent(&b, c.AppendWithLog(nil), "", "  "); err != nil {
			t.Fatalf("client %v: %v", c.Key, err)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func file(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestVendorPage reads every element of the vendor's page, for all four kinds of client.
func TestVendorPage(t *testing.T) {
	t.Parallel()
	snap := read(t, file(t, "vendor.xml"), Terms{})
	golden(t, "vendor.golden", pretty(t, snap.Roster))
	if snap.Roster.Window != 2 {
		t.Errorf("window = %d, want the length of the longest log, 2", snap.Roster.Window)
	}
	if len(snap.Unknown) > 0 {
		t.Errorf("Unknown = %q, want none", snap.Unknown)
	}
	if want := int64(len(file(t, "vendor.xml"))); snap.Bytes != want {
		t.Errorf("Bytes = %d, want %d", snap.Bytes, want)
	}
}

// TestValues: how the text of an element is published. Absent, empty and Unknown are three things.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, client, want string }{
		{"absent", "", `{}`},
		{"empty", "<hostname></hostname>", `{"hostname":""}`},
		{"white space is empty", "<hostname> \r\n\t </hostname>", `{"hostname":""}`},
		{"Unknown", "<hostname>Unknown</hostname>", `{"hostname":"Unknown"}`},
		{"white space around and inside", "<hostname>\n a  b </hostname>", `{"hostname":"a  b"}`},
		{"other spaces are text", "<hostname>\u00a0a\u2003</hostname>", "{\"hostname\":\"\u00a0a\u2003\"}"},
		{"a carriage return is a line feed", "<hostname>a\r\nb\rc&#13;d</hostname>", `{"hostname":"a\nb\nc\rd"}`},
		{"characters that HTML minds", "<hostname>&lt;b&gt;&amp;\u2028</hostname>", "{\"hostname\":\"<b>&\u2028\"}"},
		{"flags", "<routing_idle>0</routing_idle><routing_busy>1</routing_busy>", `{"routing_busy":true,"routing_idle":false}`},
		{"flags that are none", "<routing_idle>true</routing_idle><routing_busy/>", `{"routing_busy":"","routing_idle":"true"}`},
		{"numbers", "<timezone_offset>-18000</timezone_offset><support_session_count>007</support_session_count>",
			`{"support_session_count":7,"timezone_offset":-18000}`},
		{"numbers that are none", "<timezone_offset>1e3</timezone_offset><support_session_count/>",
			`{"support_session_count":"","timezone_offset":"1e3"}`},
		{"the largest number", "<timezone_offset>-9007199254740991</timezone_offset>", `{"timezone_offset":-9007199254740991}`},
		{"a larger number", "<timezone_offset>-9007199254740992</timezone_offset>", `{"timezone_offset":"-9007199254740992"}`},
		{"the smallest number that fits nowhere", "<timezone_offset>-9223372036854775808</timezone_offset>", `{"timezone_offset":"-9223372036854775808"}`},
		{"platform", `<platform id="win">Windows</platform>`, `{"platform":{"id":"win","name":"Windows"}}`},
		{"platform without id", `<platform>Windows</platform>`, `{"platform":{"name":"Windows"}}`},
		{"platform, empty", `<platform id=""/>`, `{"platform":{"id":"","name":""}}`},
		{"no sessions", "<support_session_lsids/>", `{"support_session_lsids":[]}`},
		{"sessions in two lists", "<support_session_lsids><lsid>b</lsid></support_session_lsids><support_session_lsids><lsid>a</lsid></support_session_lsids>",
			`{"support_session_lsids":["a","b"]}`},
		{"no connections", "<client_connections/>", `{"client_connections":[]}`},
		{"only a log", "<client_connections><event_log/></client_connections>", `{"client_connections":[]}`},
		{"a log alone is no list of connections", `<event_log><event ts="1">a</event></event_log>`, `{}`},
		{"times of a connection", `<client_connections><client_connection><connected_since ts="soon">2026-11-23T10:45:00+01:00</connected_since></client_connection></client_connections>`,
			`{"client_connections":[{"connected_since":"2026-11-23T09:45:00Z"}]}`},
		{"the order of connections is that of the text", "<client_connections><client_connection><appliance_id>a b</appliance_id></client_connection>" +
			"<client_connection><appliance_id>a</appliance_id></client_connection></client_connections>",
			`{"client_connections":[{"appliance_id":"a"},{"appliance_id":"a b"}]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			doc := clients(agent(row.client))
			got := read(t, doc, Terms{}).Roster.Clients[0].State
			if diff := cmp.Diff(roster.State(row.want), got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			checkAgainstOracle(t, []byte(doc))
		})
	}
}

// TestIdentity: what a client is told apart by.
func TestIdentity(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, client, want string }{
		{"ts", `<connected_push_agent id="9"><connected_since ts=" 60 ">1999-01-01T00:00:00Z</connected_since></connected_push_agent>`, "s/push_agent/9@60"},
		{"text", `<connected_push_agent id="9"><connected_since>1970-01-01T00:01:00+00:00</connected_since></connected_push_agent>`, "s/push_agent/9@60"},
		{"no time", `<connected_push_agent id="9"><connected_since ts="">Unknown</connected_since></connected_push_agent>`, "s/push_agent/9@Unknown"},
		{"nothing", `<connected_push_agent id=" 9&#9;"/>`, "s/push_agent/9@"},
		{"a new kind", `<connected_web_visitor id="w"/>`, "s/web_visitor/w@"},
		{"a new kind of another name", `<kiosk id="5"/>`, "s/kiosk/5@"},
		{"a prefix alone", `<connected_ id="5"/>`, "s/connected_/5@"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := read(t, clients(row.client), Terms{}).Roster.Clients[0]
			if got := c.Key.In("s"); got != row.want || c.State != "{}" {
				t.Errorf("%s with the state %s, want %s with none", got, c.State, row.want)
			}
		})
	}
}

// TestLogOrder: oldest first, whichever way the site writes.
func TestLogOrder(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, written, want string }{
		{"oldest first", "1a 2b 2c 3d", "1a 2b 2c 3d"},
		{"newest first: equal times are turned around too", "3d 2c 2b 1a", "1a 2b 2c 3d"},
		{"all at one time: as written", "2a 2b 2c", "2a 2b 2c"},
		{"in no order: equal times as written", "2b 1a 3d 2c", "1a 2b 2c 3d"},
		{"mostly falling is not falling", "3d 2b 1a 2c", "1a 2b 2c 3d"},
		{"one entry", "1a", "1a"},
		{"equal entries are several", "1a 1a 1a", "1a 1a 1a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var doc strings.Builder
			for e := range strings.FieldsSeq(row.written) {
				doc.WriteString(`<event ts="` + e[:1] + `">` + e[1:] + "</event>")
			}
			snap := read(t, clients(agent("<event_log>"+doc.String()+"</event_log>")), Terms{})
			var got []string
			for _, e := range snap.Roster.Clients[0].Log {
				got = append(got, strconv.FormatInt(e.TS.Unix, 10)+e.Message)
			}
			if diff := cmp.Diff(strings.Fields(row.want), got); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if snap.Roster.Window != len(got) {
				t.Errorf("window %d, want %d", snap.Roster.Window, len(got))
			}
		})
	}
}

// TestTypesAskedFor: clients of a type that was not asked for are no part of the roster, and told.
func TestTypesAskedFor(t *testing.T) {
	t.Parallel()
	snap := read(t, file(t, "vendor.xml"), Terms{Types: []roster.Type{roster.PushAgent, roster.SupportCustomer}})
	var got []string
	for _, c := range snap.Roster.Clients {
		got = append(got, c.Key.ID)
	}
	if diff := cmp.Diff([]string{"9", "102"}, got); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"connected_presentation_attendee", "connected_representative"}, snap.Unknown); diff != "" {
		t.Errorf("Unknown (-want +got):\n%s", diff)
	}
}

// TestUnknownIsKept: what the vendor's page does not know, or knows in another shape, is kept and never fails.
func TestUnknownIsKept(t *testing.T) {
	t.Parallel()
	snap := read(t, file(t, "odd.xml"), Terms{})
	golden(t, "odd.golden", pretty(t, snap.Roster))
	if diff := cmp.Diff([]string{"@total", "event@code", "kiosk", "server_time"}, snap.Unknown); diff != "" {
		t.Errorf("Unknown (-want +got):\n%s", diff)
	}
	if snap.Roster.Window != 4 {
		t.Errorf("window = %d, want 4", snap.Roster.Window)
	}
}
