package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const controlPath = "/sim"

// Help says how the site is steered over HTTP; FaultHelp lists what can be made to go wrong.
const Help = `The simulated site answers as a BeyondTrust Remote Support site does:

  POST /oauth2/token       a token for the client id and secret, as Basic credentials
  GET  /api/command        get_connected_clients, get_connected_client_list, get_api_info, check_health
  GET  /check_health       without credentials

It is steered by further requests, without credentials:

  GET  /sim                                        this text
  GET  /sim/clients                                who is connected, as JSON, with the complete logs
  POST /sim/step?n=1                               let n things happen
  POST /sim/connect?type=support_customer&name=Ana somebody connects; answers with the id
  POST /sim/disconnect?id=101                      somebody leaves
  POST /sim/serve?customer=101&representative=102  a representative takes a customer's session
  POST /sim/change?id=101&field=hostname&value=x   an element of a client changes
  POST /sim/remove?id=101&field=hostname           an element of a client goes
  POST /sim/log?id=101&message=text                an entry of the connection log (message= may be repeated)
  POST /sim/restart                                everybody leaves and comes back under another id
  POST /sim/failover                               the same, on the standby appliance
  POST /sim/revoke                                 all tokens become invalid
  POST /sim/rotate?secret=new                      the client secret is replaced
  POST /sim/fail?fault=truncated&times=3           the next 3 answers fail that way (times=-1: until healed)
  POST /sim/heal                                   all is well again
`

// FaultHelp lists the faults, one a line, as they are named in /sim/fail.
func FaultHelp() string {
	var b strings.Builder
	b.WriteString("Faults:\n\n")
	for _, f := range Faults() {
		fmt.Fprintf(&b, "  %-20s %s\n", f, f.Says())
	}
	return b.String()
}

// A command is one request that steers the site; it gives what to answer.
type command func(*Site, url.Values) (string, error)

var commands = map[string]command{
	"step":       (*Site).controlStep,
	"connect":    (*Site).controlConnect,
	"disconnect": func(s *Site, q url.Values) (string, error) { return found(s.Disconnect(q.Get("id"))) },
	"serve": func(s *Site, q url.Values) (string, error) {
		return found(s.Serve(q.Get("customer"), q.Get("representative")))
	},
	"change":   (*Site).controlChange,
	"remove":   func(s *Site, q url.Values) (string, error) { return found(s.Remove(q.Get("id"), q.Get("field"))) },
	"log":      func(s *Site, q url.Values) (string, error) { return found(s.Log(q.Get("id"), q["message"]...)) },
	"restart":  always((*Site).Restart),
	"failover": always((*Site).Failover),
	"revoke":   always((*Site).RevokeTokens),
	"rotate":   (*Site).controlRotate,
	"fail":     (*Site).controlFail,
	"heal":     always((*Site).Heal),
}

func (s *Site) serveControl(w http.ResponseWriter, r *http.Request) {
	name := strings.Trim(strings.TrimPrefix(r.URL.Path, controlPath), "/")
	act, known := commands[name]
	switch {
	case name == "":
		writeText(w, http.StatusOK, Help+"\n"+FaultHelp())
	case name == "clients":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Clients()) // a caller who has gone needs no answer
	case !known:
		writeText(w, http.StatusNotFound, Help)
	case r.Method != http.MethodPost:
		writeText(w, http.StatusMethodNotAllowed, "this changes the site: use POST\n")
	default:
		if err := r.ParseForm(); err != nil {
			writeText(w, http.StatusBadRequest, err.Error()+"\n")
			return
		}
		answer, err := act(s, r.Form)
		if err != nil {
			writeText(w, http.StatusBadRequest, err.Error()+"\n")
			return
		}
		writeText(w, http.StatusOK, answer+"\n")
	}
}

func (s *Site) controlStep(q url.Values) (string, error) {
	n, err := countOf(q, "n")
	if err != nil || n < 0 || n > 1_000_000 {
		return "", fmt.Errorf("n is %q: want a number up to 1000000", q.Get("n"))
	}
	s.Step(n)
	return "ok", nil
}

func (s *Site) controlConnect(q url.Values) (string, error) {
	return s.Connect(q.Get("type"), q["name"]...)
}

func (s *Site) controlChange(q url.Values) (string, error) {
	field := q.Get("field")
	if field == "" || strings.ContainsAny(field, " <>&\"'/=") {
		return "", fmt.Errorf("field is %q: want the name of an element", field)
	}
	return found(s.Change(q.Get("id"), field, q.Get("value")))
}

func (s *Site) controlRotate(q url.Values) (string, error) {
	if q.Get("secret") == "" {
		return "", fmt.Errorf("secret is missing")
	}
	s.RotateSecret(q.Get("secret"))
	return "ok", nil
}

func (s *Site) controlFail(q url.Values) (string, error) {
	f, err := ParseFault(q.Get("fault"))
	if err != nil {
		return "", err
	}
	times, err := countOf(q, "times")
	if err != nil {
		return "", err
	}
	s.Fail(f, times)
	return f.Says(), nil
}

// countOf reads a number; 1 where it is not given.
func countOf(q url.Values, name string) (int, error) {
	if !q.Has(name) {
		return 1, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return 0, fmt.Errorf("%s is %q: want a number", name, q.Get(name))
	}
	return n, nil
}

func found(ok bool) (string, error) {
	if !ok {
		return "", fmt.Errorf("no such client is connected")
	}
	return "ok", nil
}

func always(act func(*Site)) command {
	return func(s *Site, _ url.Values) (string, error) {
		act(s)
		return "ok", nil
	}
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.WriteHeader(code)
	_, _ = fmt.Fprint(w, text)
}
