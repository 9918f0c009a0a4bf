package poller

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"rollcall/internal/roster"
)

// pinnedClient is a type that the counts know and get_connected_clients does not.
const pinnedClient = "pinned_client"

// Count is the cheap second opinion: how many clients of the configured types the site says are connected. In a
// cluster it may be too high, since a client may be counted at each appliance that it is connected to. Every error is
// a *roster.Failure, unless ctx ended.
func (s *Site) Count(ctx context.Context) (int, error) {
	n, _, err := s.aside(ctx, s.question("get_connected_client_list", url.Values{"summary_only": {"1"}}), "connected_client_list")
	if err != nil {
		return 0, err
	}
	summary := n.kid("connected_client_summary")
	if summary == nil {
		return 0, malformed("get_connected_client_list: no <connected_client_summary> in the answer")
	}
	total := 0
	for _, appliance := range summary.elements() {
		for _, c := range appliance.elements() {
			if c.name != "count" || !s.counts(c.attr("type")) {
				continue
			}
			i, err := strconv.Atoi(c.own())
			if err != nil || i < 0 {
				return 0, malformed("get_connected_client_list: a count that is no number")
			}
			total += i
		}
	}
	return total, nil
}

func (s *Site) counts(kind string) bool {
	if len(s.types) == 0 {
		return kind != pinnedClient
	}
	return slices.Contains(s.types, roster.Type(kind))
}

// Info is what the site says of itself and of our account.
type Info struct {
	APIVersion string        // empty where it does not say
	Command    string        // perm_command: full_access, read_only or deny; empty where it does not say
	ServerTime time.Time     // the site's clock, in whole seconds; zero where it does not say
	Skew       time.Duration // by which the site's clock is ahead of ours, to a second or so
}

// Permission asks get_api_info: what the account may do, and how the site's clock stands.
func (s *Site) Permission(ctx context.Context) (Info, error) {
	n, sp, err := s.aside(ctx, url.Values{"action": {"get_api_info"}}, "api_information", "get_api_info")
	if err != nil {
		return Info{}, err
	}
	info := Info{APIVersion: n.kidText("api_version")}
	if p := n.kid("permissions"); p != nil {
		for _, k := range p.elements() {
			if k.attr("name") == "perm_command" {
				info.Command = k.own()
			}
		}
	}
	if t := n.kid("timestamp"); t != nil {
		if m := roster.ReadMoment(t.attr("ts"), t.own()); m.IsTime() {
			info.ServerTime = m.Time()
			info.Skew = info.ServerTime.Sub(sp.requested.Add(sp.received.Sub(sp.requested) / 2)).Round(time.Second)
		}
	}
	return info, nil
}

// Health is what the site says of how it stands.
type Health struct {
	Healthy      bool
	Message      string // error_message, where it is not
	FailoverRole string // none, primary or backup; a backup serves nobody, and its list of clients is empty
	Version      string
	Hostname     string // of the appliance that answered
}

// Health asks check_health.
func (s *Site) Health(ctx context.Context) (Health, error) {
	n, _, err := s.aside(ctx, url.Values{"action": {"check_health"}}, "health_check")
	if err != nil {
		return Health{}, err
	}
	h := Health{
		Healthy:      n.kidText("success") == "1",
		Message:      printable(n.kidText("error_message"), maxErrorText),
		FailoverRole: n.kidText("failover_role"),
		Version:      n.kidText("version"),
	}
	if a := n.kid("appliance"); a != nil {
		h.Hostname = cmp.Or(a.own(), a.attr("id"))
	}
	return h, nil
}
