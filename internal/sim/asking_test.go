package sim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// quiet is a Config without limits that get in the way of tests.
func quiet(c Config) Config {
	c.RatePerSecond, c.RatePerHour = -1, -1
	return c
}

// noon is a clock that stands still until it is moved.
type clock struct{ at time.Time }

func noon() *clock                   { return &clock{time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time      { return c.at }
func (c *clock) add(d time.Duration) { c.at = c.at.Add(d) }

// caller asks a site over HTTP as a poller would.
type caller struct {
	t      *testing.T
	url    string
	client *http.Client
	token  string
}

func start(t *testing.T, s *Site) *caller {
	t.Helper()
	v, err := s.Start("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &caller{t: t, url: v.URL, client: &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       20 * time.Second,
	}}
	c.token = c.signIn(DefaultClientID, DefaultClientSecret)
	return c
}

// answer is all that came back; err is what went wrong on the wire.
type answer struct {
	status int
	header http.Header
	length int64
	body   []byte
	err    error
}

func (c *caller) do(r *http.Request) answer {
	res, err := c.client.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, res.ContentLength, body, err}
}

func (c *caller) request(method, path string, body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	return r
}

func (c *caller) get(path string) answer { return c.do(c.request(http.MethodGet, path, nil)) }

func (c *caller) post(path string) answer { return c.do(c.request(http.MethodPost, path, nil)) }

const everybody = "/api/command?action=get_connected_clients&include_connections=1"

func (c *caller) askToken(id, secret, grant string) answer {
	r := c.request(http.MethodPost, "/oauth2/token", strings.NewReader(url.Values{"grant_type": {grant}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	return c.do(r)
}

func (c *caller) signIn(id, secret string) string {
	c.t.Helper()
	a := c.askToken(id, secret, "client_credentials")
	var got struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int    `json:"expires_in"`
	}
	if err := json.Unmarshal(a.body, &got); err != nil || a.status != http.StatusOK || got.Token == "" || got.Type != "Bearer" || got.Expires <= 0 {
		c.t.Fatalf("token endpoint answered %d %q (%v)", a.status, a.body, err)
	}
	return got.Token
}

// node is an element as a generic reader sees it.
type node struct {
	name  xml.Name
	attrs map[string]string
	text  string
	nodes []*node
}

// parse reads a document to its very end, strictly.
func parse(document []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(document))
	var root *node
	var open []*node
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && len(open) == 0 && root != nil {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			n := &node{name: tok.Name, attrs: map[string]string{}}
			for _, a := range tok.Attr {
				if _, twice := n.attrs[a.Name.Local]; twice {
					return nil, fmt.Errorf("attribute %s twice", a.Name.Local)
				}
				n.attrs[a.Name.Local] = a.Value
			}
			if len(open) > 0 {
				top := open[len(open)-1]
				top.nodes = append(top.nodes, n)
			} else if root != nil {
				return nil, errors.New("a second root")
			} else {
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(tok)
			} else if len(bytes.TrimSpace(tok)) > 0 {
				return nil, fmt.Errorf("text outside of the root: %q", tok)
			}
		case xml.Directive:
			return nil, fmt.Errorf("a directive: %q", tok)
		}
	}
}

// list asks for clients and gives the root of the answer, which must be a good one.
func (c *caller) list(path string) *node {
	c.t.Helper()
	a := c.get(path)
	if a.err != nil || a.status != http.StatusOK {
		c.t.Fatalf("GET %s: %d %v", path, a.status, a.err)
	}
	root, err := parse(a.body)
	if err != nil {
		c.t.Fatalf("GET %s: %v in\n%.600s", path, err, a.body)
	}
	return root
}

func (n *node) all(name string) []*node {
	var some []*node
	for _, one := range n.nodes {
		if one.name.Local == name {
			some = append(some, one)
		}
	}
	return some
}

// find follows the names downward; the first of each name counts. It is an empty node where there is none.
func (n *node) find(names ...string) *node {
	for _, name := range names {
		some := n.all(name)
		if len(some) == 0 {
			return &node{}
		}
		n = some[0]
	}
	return n
}

func (n *node) ids() []string {
	var ids []string
	for _, one := range n.nodes {
		ids = append(ids, one.attrs["id"])
	}
	slices.Sort(ids)
	return ids
}

// truth are the ids of those clients that fit.
func truth(s *Site, fits func(*Client) bool) []string {
	var ids []string
	for _, c := range s.Clients() {
		if fits(c) {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func anyone(*Client) bool { return true }
