package sim

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Traffic is what the site was asked, for tests of those who ask.
type Traffic struct {
	Requests  map[string]int // by action of the command API, else by path; control requests are not counted
	Tokens    int            // given out
	AtOnce    int            // most requests answered at the same time
	KeptAlive int            // requests that did not ask for the connection to be closed
}

// Traffic is what the site was asked so far.
func (s *Site) Traffic() Traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.traffic
	t.Requests = maps.Clone(t.Requests)
	return t
}

// ServeHTTP answers as the site does.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == controlPath || strings.HasPrefix(r.URL.Path, controlPath+"/") {
		s.serveControl(w, r)
		return
	}
	w.Header().Set("Connection", "close")
	form, err := parameters(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
		return
	}
	defer s.count(r, form)()
	limited := r.URL.Path == "/oauth2/token" || strings.HasPrefix(r.URL.Path, "/api/")
	if limited && !s.allow(w) {
		return
	}
	switch r.URL.Path {
	case "/oauth2/token":
		if !s.failInstead(AtToken, w, r) {
			s.serveToken(w, r)
		}
	case "/api/command":
		s.serveCommand(w, r, form)
	case "/check_health":
		s.serveHealthPage(w)
	case "/login":
		writeHTML(w, http.StatusOK, loginPage)
	default:
		writeHTML(w, http.StatusNotFound, notFoundPage)
	}
}

// parameters reads query and form. The command API takes no multipart.
func parameters(r *http.Request) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") {
		return nil, fmt.Errorf("%s is not supported", kind)
	}
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("read parameters: %w", err)
	}
	return r.Form, nil
}

// count notes the request; what it gives back notes its end.
func (s *Site) count(r *http.Request, form url.Values) func() {
	what := r.URL.Path
	if what == "/api/command" {
		what = form.Get("action")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.traffic.Requests == nil {
		s.traffic.Requests = make(map[string]int)
	}
	s.traffic.Requests[what]++
	if !r.Close {
		s.traffic.KeptAlive++
	}
	s.running++
	s.traffic.AtOnce = max(s.traffic.AtOnce, s.running)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running--
	}
}

func (s *Site) serveCommand(w http.ResponseWriter, r *http.Request, form url.Values) {
	action := form.Get("action")
	where := AtCommand
	if action == "get_connected_clients" {
		where = AtCommand | AtClients
	}
	if s.failInstead(where, w, r) {
		return
	}
	if !s.admits(r) {
		denyAccess(w)
		return
	}
	if s.config.Permission == Deny && action != "get_api_info" {
		s.writeError(w, r, "Permission denied.")
		return
	}
	switch action {
	case "get_connected_clients":
		s.serveClients(w, r, form)
	case "get_connected_client_list":
		s.serveList(w, r, form)
	case "get_api_info":
		s.serveInfo(w, r)
	case "check_health":
		s.serveHealth(w, r)
	default:
		s.writeError(w, r, "The requested action is unknown.")
	}
}

func (s *Site) serveClients(w http.ResponseWriter, r *http.Request, form url.Values) {
	q, complaint := readQuery(form)
	if complaint != "" {
		s.writeDocument(w, r, "connected_clients", "\t<error>"+complaint+"</error>\n")
		return
	}
	sp := s.spoiled()
	s.mu.Lock()
	clients := s.crowd.list(q.types)
	s.mu.Unlock()
	if q.ids != nil {
		clients = slices.DeleteFunc(clients, func(c *Client) bool { return !slices.Contains(q.ids, c.ID) })
	}
	d := drawing{connections: form.Get("include_connections") == "1", newestFirst: s.config.NewestFirst, nesting: s.config.Nesting}
	s.writeClients(w, r, clients, d, sp)
}

// query says which clients are asked for.
type query struct {
	types []string
	ids   []string // nil: all
}

const maxIDs = 100

// readQuery reads type and id; what is wrong with them comes back as the complaint of the site.
func readQuery(form url.Values) (query, string) {
	q := query{types: kinds}
	if asked := form.Get("type"); asked != "" && asked != "all" {
		wanted := strings.Split(asked, ",")
		for _, t := range wanted {
			if t != "all" && !slices.Contains(kinds, t) {
				return q, "The type parameter is invalid."
			}
		}
		if !slices.Contains(wanted, "all") {
			q.types = slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return !slices.Contains(wanted, k) })
		}
	}
	if form.Has("id") {
		q.ids = strings.Split(form.Get("id"), ",")
		if len(q.ids) > maxIDs {
			return q, fmt.Sprintf("A maximum of %d ids is supported.", maxIDs)
		}
	}
	return q, ""
}

// writeDocument answers with a small document.
func (s *Site) writeDocument(w http.ResponseWriter, r *http.Request, root, inside string) {
	p := s.openPage(w, r, spoil{})
	_, _ = p.WriteString(declaration + "<" + root)
	_, _ = p.Write(attribute(nil, "xmlns", s.config.Namespace))
	_, _ = p.WriteString(">\n" + inside + "</" + root + ">\n")
	p.done()
}

// writeError answers with the document that says only what is wrong, under a status that says all is well.
func (s *Site) writeError(w http.ResponseWriter, r *http.Request, message string) {
	p := s.openPage(w, r, spoil{})
	_, _ = p.WriteString(declaration + "<error")
	_, _ = p.Write(attribute(nil, "xmlns", s.config.Namespace))
	_, _ = p.WriteString(">" + string(escape(nil, message)) + "</error>\n")
	p.done()
}

const (
	loginPage       = "<!DOCTYPE html>\n<html><head><title>Login</title></head><body><form action=\"/login\" method=\"post\"><input name=\"user\"><br></form></body></html>\n"
	maintenancePage = "<html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>\n"
	notFoundPage    = "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"
)

func writeHTML(w http.ResponseWriter, status int, page string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, page)
}
