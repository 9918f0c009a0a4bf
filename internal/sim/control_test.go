package sim

import (
	"bufio"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`POST /sim/(\w+)`).FindAllStringSubmatch(Help, -1) {
		named[m[1]] = true
	}
	have := map[string]bool{}
	for name := range commands {
		have[name] = true
	}
	if diff := cmp.Diff(have, named); diff != "" {
		t.Errorf("commands (-there +in the help):\n%s", diff)
	}
	lines := bufio.NewScanner(strings.NewReader(Help + FaultHelp()))
	for lines.Scan() {
		if len(lines.Text()) > 120 {
			t.Errorf("too long for a terminal: %s", lines.Text())
		}
	}
	a := start(t, New(quiet(Config{}))).get("/sim")
	if got := string(a.body); got != Help+"\n"+FaultHelp() {
		t.Errorf("GET /sim says %q", got)
	}
}

func TestTheSiteIsSteeredOverHTTP(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Seed: 1}))
	c := start(t, s)
	rows := []struct {
		path, reason string
		status       int
		says         string
	}{
		{"/sim/connect?type=representative&name=Rita", "the first id", 200, "101"},
		{"/sim/connect?type=support_customer&name=Carl+%3C1%3E", "the next id", 200, "102"},
		{"/sim/connect?type=push_agent", "without a name", 200, "103"},
		{"/sim/connect?type=robot", "no such type", 400, `"robot" is not one of`},
		{"/sim/serve?customer=102&representative=101", "a session", 200, "ok"},
		{"/sim/serve?customer=102&representative=101", "is taken up once", 400, "no such client"},
		{"/sim/change?id=101&field=hostname&value=ws-1", "an element", 200, "ok"},
		{"/sim/change?id=101&field=a+b&value=x", "no name of an element", 400, "want the name of an element"},
		{"/sim/remove?id=101&field=platform", "absent", 200, "ok"},
		{"/sim/log?id=101&message=one&message=two", "two entries", 200, "ok"},
		{"/sim/log?id=999&message=one", "nobody", 400, "no such client"},
		{"/sim/disconnect?id=103", "gone", 200, "ok"},
		{"/sim/step?n=0", "nothing", 200, "ok"},
		{"/sim/step?n=many", "no number", 400, "want a number"},
		{"/sim/fail?fault=500&times=-1", "until healed", 200, "status 500"},
		{"/sim/fail?fault=gremlins", "no such fault", 400, "is no fault"},
		{"/sim/heal", "well again", 200, "ok"},
		{"/sim/rotate?secret=", "a secret is something", 400, "secret is missing"},
		{"/sim/dance", "no such command", 404, "POST /sim/step"},
	}
	for _, row := range rows {
		if a := c.post(row.path); a.status != row.status || !strings.Contains(string(a.body), row.says) {
			t.Errorf("%s: %s: %d %q, want %d with %q", row.path, row.reason, a.status, a.body, row.status, row.says)
		}
	}
	if a := c.get("/sim/restart"); a.status != http.StatusMethodNotAllowed {
		t.Errorf("a GET changed the site: %d", a.status)
	}
	var got []Client
	if err := json.Unmarshal(c.get("/sim/clients").body, &got); err != nil || len(got) != 2 {
		t.Fatalf("%d clients, %v", len(got), err)
	}
	rita := got[0]
	host, _ := rita.Field("hostname")
	_, platform := rita.Field("platform")
	if host != "ws-1" || platform || len(rita.Sessions) != 1 || len(rita.Log) != 3 {
		t.Errorf("Rita is %+v", rita)
	}
}

func TestSteeringReachesTheSite(t *testing.T) {
	t.Parallel()
	s := New(quiet(Config{Seed: 1, Clients: 20}))
	c := start(t, s)
	before := s.Clients()
	for _, path := range []string{"/sim/step?n=5", "/sim/restart", "/sim/failover"} {
		c.post(path)
		after := s.Clients()
		if cmp.Equal(before, after) {
			t.Errorf("%s changed nothing", path)
		}
		before = after
	}
	c.post("/sim/fail?fault=500&times=2")
	if a, b, d := c.get(everybody).status, c.get(everybody).status, c.get(everybody).status; a != 500 || b != 500 || d != 200 {
		t.Errorf("after two faults: %d %d %d", a, b, d)
	}
	c.post("/sim/fail?fault=500&times=-1")
	c.post("/sim/heal")
	c.post("/sim/revoke")
	if a := c.get(everybody); a.status != http.StatusUnauthorized {
		t.Errorf("healed and revoked: %d", a.status)
	}
	c.post("/sim/rotate?secret=new")
	c.signIn(DefaultClientID, "new")
}
