package sim

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// serveList answers get_connected_client_list: a summary per appliance, and unless only that is asked, everybody's type
// and id. A client with two connections counts on both appliances.
func (s *Site) serveList(w http.ResponseWriter, r *http.Request, form url.Values) {
	const root = "connected_client_list"
	q, complaint := readQuery(form)
	if complaint != "" {
		s.writeDocument(w, r, root, "\t<error>"+complaint+"</error>\n")
		return
	}
	_, backup := s.take(AtList) // the only fault there
	s.mu.Lock()
	clients := s.crowd.list(q.types)
	appliances := slices.Clone(s.appliances)
	s.mu.Unlock()
	if backup {
		clients = nil
	}
	var b strings.Builder
	b.WriteString("\t<connected_client_summary>\n")
	for _, a := range appliances {
		b.WriteString("\t\t<appliance_summary id=\"" + a.guid + "\">\n")
		for _, kind := range q.types {
			fmt.Fprintf(&b, "\t\t\t<count type=%q>%d</count>\n", kind, countAt(clients, kind, a.guid))
		}
		if len(q.types) == len(kinds) {
			b.WriteString("\t\t\t<count type=\"pinned_client\">0</count>\n")
		}
		b.WriteString("\t\t</appliance_summary>\n")
	}
	b.WriteString("\t</connected_client_summary>\n")
	if form.Get("summary_only") != "1" {
		for _, c := range clients {
			b.WriteString("\t<connected_client type=\"" + c.Type + "\" id=\"" + c.ID + "\"/>\n")
		}
	}
	s.writeDocument(w, r, root, b.String())
}

func countAt(clients []*Client, kind, appliance string) int {
	n := 0
	for _, c := range clients {
		if c.Type == kind && slices.ContainsFunc(c.Connections, func(l Connection) bool { return l.ApplianceID == appliance }) {
			n++
		}
	}
	return n
}

func (s *Site) serveInfo(w http.ResponseWriter, r *http.Request) {
	s.writeDocument(w, r, "api_information", "\t<api_version>1.24.1</api_version>\n"+
		"\t<timestamp>"+strconv.FormatInt(s.config.Now().Unix(), 10)+"</timestamp>\n"+
		"\t<permissions>\n"+
		"\t\t<permission name=\"perm_backup\">0</permission>\n"+
		"\t\t<permission name=\"perm_command\">"+s.config.Permission+"</permission>\n"+
		"\t\t<permission name=\"perm_reporting\">0</permission>\n"+
		"\t</permissions>\n")
}

// serveHealth answers check_health, for those who have a token.
func (s *Site) serveHealth(w http.ResponseWriter, r *http.Request) {
	healthy, role := s.health()
	message := ""
	if !healthy {
		message = "The appliance is not healthy."
	}
	s.mu.Lock()
	primary := s.appliances[0]
	s.mu.Unlock()
	var b []byte
	b = append(attribute(append(b, "\t<appliance"...), "id", primary.guid), '>')
	b = closing(append(b, primary.host...), "appliance")
	for _, e := range []Field{{"version", "24.1.2"}, {"success", flag(healthy)}, {"error_message", message}, {"failover_role", role}} {
		b = element(b, "\t", e.Name, e.Value)
	}
	s.writeDocument(w, r, "health_check", string(b))
}

// serveHealthPage answers GET /check_health, which asks for no credentials: only the status counts.
func (s *Site) serveHealthPage(w http.ResponseWriter) {
	if healthy, _ := s.health(); !healthy {
		writeHTML(w, http.StatusInternalServerError, "<html><body>Not healthy</body></html>\n")
		return
	}
	writeHTML(w, http.StatusOK, "<html><body>Healthy</body></html>\n")
}

// health is how the site says it is: whether it works, and its role in a failover pair.
func (s *Site) health() (healthy bool, role string) {
	switch f, _ := s.take(AtHealth); f {
	case Unhealthy:
		return false, "primary"
	case BackupRole:
		return true, "backup"
	}
	return true, "primary"
}
