package poller

import (
	"encoding/json"
	"errors"
	"slices"
	"sort"
	"strconv"
	"strings"

	"rollcall/internal/roster"
)

// The oracle reads a whole document into a tree with encoding/xml and answers with maps, slowly and obviously. It shares
// nothing with the reader but the vocabulary.

// oracleClient is a client with its state as a value that JSON can hold.
type oracleClient struct {
	Key   roster.Key
	State map[string]any
	Log   []roster.Entry
}

// oracle reads a document.
func oracle(doc []byte) ([]oracleClient, error) {
	root, err := parse(doc)
	if err != nil {
		return nil, err
	}
	if root.name != "connected_clients" || root.words() != "" {
		return nil, errors.New("not a list of clients")
	}
	var all []oracleClient
	seen := map[roster.Key]bool{}
	for _, e := range root.elements() {
		kind := e.name
		if rest := strings.TrimPrefix(e.name, "connected_"); rest != "" {
			kind = rest
		}
		switch {
		case e.name == "error":
			return nil, errors.New("an error")
		case e.attrs["id"] == "" && kind != e.name:
			return nil, errors.New("no id")
		case e.attrs["id"] == "":
			continue
		}
		c, err := oracleRead(e, roster.Type(kind))
		if err != nil {
			return nil, err
		}
		if seen[c.Key] {
			return nil, errors.New("twice")
		}
		seen[c.Key] = true
		all = append(all, c)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Key.Compare(all[j].Key) < 0 })
	return all, nil
}

// oracleExtra are the things that nobody knows, by name.
type oracleExtra map[string][]string

func (x oracleExtra) into(state map[string]any) {
	extra := map[string]any{}
	for name, texts := range x {
		sort.Strings(texts)
		if extra[name] = texts[0]; len(texts) > 1 {
			extra[name] = asAny(texts)
		}
	}
	if len(extra) > 0 {
		state["extra"] = extra
	}
}

func asAny[T any](list []T) []any {
	values := []any{}
	for _, v := range list {
		values = append(values, v)
	}
	return values
}

func (x oracleExtra) add(name, text string) { x[name] = append(x[name], text) }

// strange keeps the attributes of an element but for one, and its text where it should have none.
func (x oracleExtra) strange(e *tree, prefix, but string, mayHaveText bool) {
	for name, value := range e.attrs {
		if name != but {
			x.add(prefix+"@"+name, value)
		}
	}
	if !mayHaveText && e.words() != "" {
		x.add(prefix+"#text", e.words())
	}
}

var (
	oracleTexts = strings.Fields(`hostname user_id type username public_display_name private_display_name
		start_session_url support_license name non_interactive lsid`)
	oracleNumbers = strings.Fields("timezone_offset presentation_count support_session_count")
	oracleFlags   = strings.Fields("showing_on_rep_list routing_idle routing_busy routing_enabled routing_available")
)

func oracleRead(e *tree, kind roster.Type) (oracleClient, error) {
	c := oracleClient{Key: roster.Key{Type: kind, ID: e.attrs["id"]}, State: map[string]any{}}
	x := oracleExtra{}
	x.strange(e, "", "id", false)
	var lsids []string
	var connections []map[string]any
	var log []roster.Entry
	listed, once := false, map[string]bool{}
	for _, k := range e.elements() {
		plain := len(k.elements()) == 0
		known := slices.Contains(slices.Concat(oracleTexts, oracleNumbers, oracleFlags, []string{"platform", "connected_since"}), k.name)
		if known && once[k.name] {
			return c, errors.New("an element twice")
		}
		once[k.name] = true
		switch {
		case k.name == "connected_since":
			if !plain {
				return c, errors.New("not a time")
			}
			x.strange(k, k.name, "ts", true)
			c.Key.Since = roster.ReadMoment(k.attrs["ts"], k.words())
		case k.name == "client_connections":
			listed = true
			if err := oracleConnections(k, x, x, &connections, &log); err != nil {
				return c, err
			}
		case k.name == "event_log":
			oracleLog(k, x, &log)
		case k.name == "support_session_lsids":
			lsids = append(lsids, oracleSessions(k, x)...)
			sort.Strings(lsids)
			c.State[k.name] = asAny(lsids)
		case !known || !plain:
			oracleUnknown(k, x)
		case k.name == "platform":
			x.strange(k, k.name, "id", true)
			p := map[string]any{"name": k.words()}
			if id, ok := k.attrs["id"]; ok {
				p["id"] = id
			}
			c.State["platform"] = p
		default:
			x.strange(k, k.name, "", true)
			c.State[strings.Replace(k.name, "type", "account_type", 1)] = oracleValue(k.name, k.words())
		}
	}
	if listed {
		c.State["client_connections"] = oracleSorted(connections)
	}
	x.into(c.State)
	sort.SliceStable(log, func(i, j int) bool { return roster.CompareEntries(log[i], log[j]) < 0 })
	c.Log = log
	return c, nil
}

func oracleSessions(e *tree, x oracleExtra) (lsids []string) {
	x.strange(e, e.name, "", false)
	for _, k := range e.elements() {
		if k.name == "lsid" && len(k.elements()) == 0 {
			lsids = append(lsids, k.words())
			x.strange(k, e.name+"/lsid", "", true)
		} else {
			oracleUnknown(k, x)
		}
	}
	return lsids
}

func oracleUnknown(e *tree, x oracleExtra) {
	x.strange(e, e.name, "", true)
	x.add(e.name, e.content())
}

func oracleValue(name, s string) any {
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case slices.Contains(oracleNumbers, name) && err == nil && n >= -9007199254740991 && n <= 9007199254740991:
		return float64(n)
	case (slices.Contains(oracleFlags, name) || name == "receive_traffic_node") && (s == "0" || s == "1"):
		return s == "1"
	}
	return s
}

func oracleConnections(e *tree, client, owner oracleExtra, found *[]map[string]any, log *[]roster.Entry) error {
	owner.strange(e, e.name, "", false)
	return oracleInside(e, client, owner, found, log)
}

func oracleInside(e *tree, client, owner oracleExtra, found *[]map[string]any, log *[]roster.Entry) error {
	var err error
	for _, k := range e.elements() {
		switch {
		case k.name == "client_connection" || k.name == "client_connections" && hasConnectionField(k):
			err = oracleConnection(k, client, found, log)
		case k.name == "event_log":
			oracleLog(k, client, log)
		case k.name == "client_connections", deep(k, "client_connection"), deep(k, "event_log"):
			err = oracleConnections(k, client, owner, found, log)
		default:
			oracleUnknown(k, owner)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func deep(e *tree, name string) bool {
	return slices.ContainsFunc(e.elements(), func(k *tree) bool { return k.name == name || deep(k, name) })
}

var oracleConnectionFields = strings.Fields("appliance_id purpose receive_traffic_node connected_since private_ip")

func hasConnectionField(e *tree) bool {
	return slices.ContainsFunc(e.elements(), func(k *tree) bool { return slices.Contains(oracleConnectionFields, k.name) })
}

func oracleConnection(e *tree, client oracleExtra, found *[]map[string]any, log *[]roster.Entry) error {
	c, x, rest := map[string]any{}, oracleExtra{}, &tree{}
	x.strange(e, "", "", false)
	once := map[string]bool{}
	for _, k := range e.elements() {
		switch {
		case !slices.Contains(oracleConnectionFields, k.name):
			rest.kids = append(rest.kids, k)
			continue
		case once[k.name]:
			return errors.New("an element twice in a connection")
		case len(k.elements()) > 0:
			oracleUnknown(k, x)
		case k.name == "connected_since":
			x.strange(k, k.name, "ts", true)
			c[k.name] = roster.ReadMoment(k.attrs["ts"], k.words()).String()
		default:
			x.strange(k, k.name, "", true)
			c[k.name] = oracleValue(k.name, k.words())
		}
		once[k.name] = true
	}
	if err := oracleInside(rest, client, x, found, log); err != nil {
		return err
	}
	x.into(c)
	*found = append(*found, c)
	return nil
}

func oracleSorted(connections []map[string]any) []any {
	order := func(c map[string]any) string {
		all, _ := json.Marshal(c)
		a, _ := c["appliance_id"].(string)
		p, _ := c["purpose"].(string)
		return a + "\x00" + p + "\x00" + string(all)
	}
	sort.Slice(connections, func(i, j int) bool { return order(connections[i]) < order(connections[j]) })
	return asAny(connections)
}

func oracleLog(e *tree, client oracleExtra, all *[]roster.Entry) {
	client.strange(e, e.name, "", false)
	var log []roster.Entry
	for _, k := range e.elements() {
		if k.name != "event" {
			oracleUnknown(k, client)
			continue
		}
		log = append(log, roster.Entry{TS: roster.ReadMoment(k.attrs["ts"], ""), Message: k.content()})
	}
	falls, rises := false, false
	for i := 1; i < len(log); i++ {
		order := roster.CompareEntries(log[i-1], log[i])
		falls, rises = falls || order > 0, rises || order < 0
	}
	if falls && !rises {
		slices.Reverse(log)
	}
	sort.SliceStable(log, func(i, j int) bool { return roster.CompareEntries(log[i], log[j]) < 0 })
	*all = append(*all, log...)
}
