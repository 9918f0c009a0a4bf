package sim

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shown is what an answer must say about the client.
func shown(c *Client, newestFirst bool) map[string][]string {
	m := map[string][]string{"@id": {c.ID}, "connected_since": {iso(c.ConnectedSince)}, "connected_since@ts": {strconv.FormatInt(c.ConnectedSince, 10)}}
	for _, f := range c.Fields {
		m[f.Name] = []string{f.Value}
	}
	if c.Type == Representative {
		m["lsids"] = append([]string{}, c.Sessions...)
	}
	for _, l := range c.Connections {
		m["connections"] = append(m["connections"], strings.Join([]string{l.ApplianceID, l.Purpose, flag(l.ReceiveTrafficNode),
			strconv.FormatInt(l.ConnectedSince, 10), iso(l.ConnectedSince), l.PrivateIP}, "|"))
	}
	for _, e := range c.Log[max(0, len(c.Log)-20):] {
		m["log"] = append(m["log"], strconv.FormatInt(e.TS, 10)+"|"+e.Message)
	}
	if newestFirst {
		slices.Reverse(m["log"])
	}
	return m
}

func iso(ts int64) string { return time.Unix(ts, 0).UTC().Format("2006-01-02T15:04:05-07:00") }

// read is what an answer says about a client, whatever the nesting.
func read(n *node) map[string][]string {
	m := map[string][]string{"@id": {n.attrs["id"]}}
	var walk func(*node)
	walk = func(n *node) {
		for _, e := range n.nodes {
			switch e.name.Local {
			case "client_connections":
				walk(e)
			case "client_connection":
				since := e.find("connected_since")
				m["connections"] = append(m["connections"], strings.Join([]string{e.find("appliance_id").text, e.find("purpose").text,
					e.find("receive_traffic_node").text, since.attrs["ts"], since.text, e.find("private_ip").text}, "|"))
			case "event_log":
				for _, event := range e.nodes {
					m["log"] = append(m["log"], event.attrs["ts"]+"|"+event.text)
				}
			case "support_session_lsids":
				m["lsids"] = []string{}
				for _, l := range e.nodes {
					m["lsids"] = append(m["lsids"], l.text)
				}
			default:
				m[e.name.Local] = append(m[e.name.Local], e.text)
				for name, value := range e.attrs {
					m[e.name.Local+"@"+name] = []string{value}
				}
			}
		}
	}
	walk(n)
	return m
}

func TestAnswersSayTheTruth(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, reason string
		config       Config
	}{
		{"flat", "the likely reading of the vendor's page", Config{}},
		{"nested", "the other reading of the page", Config{Nesting: Nested}},
		{"log inside", "the log of the inner element", Config{Nesting: LogInside}},
		{"log beside", "a log outside of client_connections", Config{Nesting: LogBeside}},
		{"cluster", "two connections each", Config{Cluster: true}},
		{"newest first", "nobody knows the direction", Config{NewestFirst: true, Namespace: "http://www.bomgar.com/namespaces/API/command"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.config.Seed, row.config.Clients = 7, 80
			s := New(quiet(row.config))
			s.Step(300)
			root := start(t, s).list(everybody)
			if want := s.config.Namespace; root.name.Space != want || root.name.Local != "connected_clients" {
				t.Fatalf("root is %v, want connected_clients in %s", root.name, want)
			}
			got := map[string]map[string][]string{}
			for _, n := range root.nodes {
				got[n.name.Local+n.attrs["id"]] = read(n)
			}
			want := map[string]map[string][]string{}
			for _, c := range s.Clients() {
				want["connected_"+c.Type+c.ID] = shown(c, row.config.NewestFirst)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

func TestAnswersHaveTheFormOfTheWire(t *testing.T) {
	t.Parallel()
	for _, clients := range []int{0, 3} { // a short answer is chunked as well
		c := start(t, New(quiet(Config{Clients: clients})))
		a := c.get(everybody)
		got := []string{a.header.Get("Content-Type"), strconv.FormatInt(a.length, 10), a.header.Get("Content-Encoding")}
		if diff := cmp.Diff([]string{"text/xml; charset=UTF-8", "-1", ""}, got); diff != "" {
			t.Errorf("content type, length, encoding of %d clients (-want +got):\n%s", clients, diff)
		}
		if !bytes.HasPrefix(a.body, []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<connected_clients ")) {
			t.Errorf("%d clients: begins with %.80q", clients, a.body)
		}
	}
}

func TestConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Clients: 2}))
	c := start(t, s)
	c.client.Transport = &http.Transport{} // would keep it
	res, err := c.client.Do(c.request(http.MethodGet, everybody, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if !res.Close {
		t.Error("the answer does not say Connection: close")
	}
	if got := s.Traffic().KeptAlive; got != 1 {
		t.Errorf("%d requests are known not to ask for the connection to be closed, want 1", got)
	}
}

func TestGzipIsForThoseWhoTakeIt(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, reason string
		noGzip       bool
		accept, want string
	}{
		{"asked", "honoured", false, "gzip", "gzip"},
		{"not asked", "nobody gets what he cannot read", false, "identity", ""},
		{"switched off", "some versions ignore it", true, "gzip", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, New(quiet(Config{Clients: 20, NoGzip: row.noGzip})))
			plain := c.get(everybody).body
			r := c.request(http.MethodGet, everybody, nil)
			r.Header.Set("Accept-Encoding", row.accept)
			a := c.do(r)
			if got := a.header.Get("Content-Encoding"); got != row.want {
				t.Fatalf("%s: Content-Encoding %q, want %q", row.reason, got, row.want)
			}
			body := a.body
			if row.want == "gzip" {
				z, err := gzip.NewReader(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(z); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(plain), string(body)); diff != "" {
				t.Errorf("%s (-plain +got):\n%s", row.reason, diff)
			}
		})
	}
}

func TestTheQueryChoosesClients(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Seed: 3, Clients: 40}))
	c := start(t, s)
	of := func(types ...string) func(*Client) bool {
		return func(c *Client) bool { return slices.Contains(types, c.Type) }
	}
	rows := []struct {
		query, reason string
		want          []string
	}{
		{"", "all is what type stands for", truth(s, anyone)},
		{"&type=all", "all by name", truth(s, anyone)},
		{"&type=push_agent", "one type", truth(s, of(PushAgent))},
		{"&type=support_customer,representative", "two types", truth(s, of(SupportCustomer, Representative))},
		{"&id=101,103,99999", "those of the ids who are there", []string{"101", "103"}},
		{"&id=101,140&type=representative", "both must fit", []string{"101"}},
		{"&id=99999", "nobody", nil},
	}
	for _, row := range rows {
		if diff := cmp.Diff(row.want, c.list(everybody+row.query).ids()); diff != "" {
			t.Errorf("%q: %s (-want +got):\n%s", row.query, row.reason, diff)
		}
	}
	for _, wrong := range []string{"&type=robot", "&id=1" + strings.Repeat(",1", 100)} {
		if root := c.list(everybody + wrong); root.find("error").text == "" || len(root.nodes) != 1 {
			t.Errorf("%.20q is answered with %d elements and no error", wrong, len(root.nodes))
		}
	}
}

func TestConnectionsComeOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	c := start(t, New(quiet(Config{Clients: 10})))
	for _, query := range []string{"", "&include_connections=0"} {
		for _, n := range c.list("/api/command?action=get_connected_clients" + query).nodes {
			for _, e := range n.nodes {
				if e.name.Local == "connected_since" || e.name.Local == "client_connections" {
					t.Errorf("%q: client %s has %s", query, n.attrs["id"], e.name.Local)
				}
			}
		}
	}
}

func TestTheCommandTakesFormsButNoMultipart(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Clients: 10}))
	c := start(t, s)
	ask := func(contentType, body string) answer {
		r := c.request(http.MethodPost, "/api/command", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return c.do(r)
	}
	root, err := parse(ask("application/x-www-form-urlencoded", "action=get_connected_clients&type=push_agent").body)
	if err != nil || len(root.nodes) == 0 {
		t.Errorf("a form is answered with %v, %v", root, err)
	}
	if a := ask("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nget_connected_clients\r\n--x--\r\n"); a.status != http.StatusUnsupportedMediaType {
		t.Errorf("multipart is answered with %d %q", a.status, a.body)
	}
}

func TestTheOtherCommands(t *testing.T) {
	t.Parallel()
	at := noon()
	s := New(quiet(Config{Seed: 1, Clients: 50, Cluster: true, Now: at.now}))
	c := start(t, s)

	summary := c.list("/api/command?action=get_connected_client_list&summary_only=1")
	primary := summary.find("connected_client_summary", "appliance_summary")
	got := map[string]string{}
	for _, n := range primary.nodes {
		got[n.attrs["type"]] = n.text
	}
	want := map[string]string{"pinned_client": "0"}
	for _, kind := range kinds {
		want[kind] = strconv.Itoa(len(truth(s, func(c *Client) bool { return c.Type == kind })))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("everybody is connected to the primary appliance (-want +got):\n%s", diff)
	}
	if got := len(summary.find("connected_client_summary").nodes); got != 3 {
		t.Errorf("the summary has %d appliances, want the primary and two traffic nodes", got)
	}
	if got := summary.all("connected_client"); len(got) != 0 {
		t.Errorf("a summary lists %d clients", len(got))
	}
	if got := c.list("/api/command?action=get_connected_client_list&type=push_agent").all("connected_client"); len(got) != 10 {
		t.Errorf("the list has %d Jumpoints, want 10", len(got))
	}
	info := c.list("/api/command?action=get_api_info")
	if info.name.Local != "api_information" || info.find("timestamp").text != strconv.FormatInt(at.at.Unix(), 10) {
		t.Errorf("get_api_info says %v at %s", info.name, info.find("timestamp").text)
	}
	if health := c.list("/api/command?action=check_health"); health.find("success").text != "1" || health.find("failover_role").text != "primary" {
		t.Errorf("check_health says success %q, role %q", health.find("success").text, health.find("failover_role").text)
	}
	if root := c.list("/api/command?action=dance"); root.name.Local != "error" {
		t.Errorf("an unknown action is answered with %v", root.name)
	}
	c.token = ""
	if a := c.get("/check_health"); a.status != http.StatusOK {
		t.Errorf("GET /check_health: %d, want 200 without credentials", a.status)
	}
	if a := c.get("/nowhere"); a.status != http.StatusNotFound {
		t.Errorf("GET /nowhere: %d", a.status)
	}
}

func TestClustersGiveEverybodyATrafficNode(t *testing.T) {
	t.Parallel()
	for cluster, want := range map[bool][]string{false: {"primary0"}, true: {"primary0", "traffic1"}} {
		s := New(Config{Seed: 2, Clients: 30, Cluster: cluster})
		s.Step(200)
		for _, c := range s.Clients() {
			var got []string
			for _, l := range c.Connections {
				got = append(got, l.Purpose+flag(l.ReceiveTrafficNode))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("cluster %t, client %s (-want +got):\n%s", cluster, c.ID, diff)
			}
		}
	}
}
