package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"rollcall/internal/roster"
	"rollcall/poller"
)

const (
	dialWithin    = 10 * time.Second
	skewTolerated = 5 * time.Second     // beyond it, times of the site and ours do not fit together
	expirySoon    = 14 * 24 * time.Hour // for a certificate
	hourlyBudget  = 15000               // requests of an API account, as the vendor documents them
)

// siteSteps are the checks of a site, each of which needs those before it.
var siteSteps = []string{"url", "dns", "tls", "token", "permission", "clock", "poll", "failover", "budget"}

// checkSite goes the way of a poll, step by step, and stops where it ends.
func (f *findings) checkSite(ctx context.Context, w *watched) {
	address, err := url.Parse(w.config.URL)
	if !f.try("url", err, "") {
		f.skipAfter(siteSteps, "url")
		return
	}
	if !f.checkWay(ctx, address, w) || !f.checkAccount(ctx, w) {
		return
	}
	f.checkPoll(ctx, w)
	f.checkFailover(ctx, w)
	f.checkBudget(w)
}

// checkAccount signs in and asks what the account may do, and what time it is there.
func (f *findings) checkAccount(ctx context.Context, w *watched) bool {
	info, err := w.source.Permission(ctx)
	switch {
	case err != nil && isAboutToken(err):
		f.add("token", checkFailed, err.Error(), adviceFor(err))
		f.skipAfter(siteSteps, "token")
		return false
	case err != nil:
		f.add("token", checkOK, "the site gave one", "")
		f.add("permission", checkFailed, err.Error(), adviceFor(err))
		f.skipAfter(siteSteps, "permission")
		return false
	}
	f.add("token", checkOK, "the site gave one", "")
	if info.Command == "deny" {
		f.add("permission", checkFailed, "the API account may not use the command API (perm_command is deny)",
			"on the site, give the API account read-only access to the command API")
		f.skipAfter(siteSteps, "permission")
		return false
	}
	f.addPermission(info.Command)
	f.addClock(info)
	return true
}

// isAboutToken says whether an error is about the token, as package poller words it, or about what it was wanted for.
func isAboutToken(err error) bool {
	var failure *roster.Failure
	return errors.As(err, &failure) && (failure.Reason == roster.ReasonAuth || strings.Contains(err.Error(), "sign in"))
}

func (f *findings) addPermission(command string) {
	switch command {
	case "":
		f.add("permission", checkOK, "the site does not say what the account may do: the poll shows it", "")
	case "full_access":
		f.add("permission", checkWarning, "the API account has full access to the command API", "it works; read-only access is enough")
	default:
		f.add("permission", checkOK, "the API account has "+command+" access to the command API", "")
	}
}

func (f *findings) addClock(info poller.Info) {
	way := "ahead of"
	if info.Skew < 0 {
		way = "behind"
	}
	skew := info.Skew.Abs()
	if skew > time.Minute {
		skew = skew.Round(time.Minute)
	}
	switch {
	case info.ServerTime.IsZero():
		f.add("clock", checkSkipped, "the site does not tell its time", "")
	case skew > skewTolerated:
		f.add("clock", checkWarning, fmt.Sprintf("the site's clock is %v %s this machine's", skew, way),
			"records hold times of both: let both take their time from the network (NTP)")
	default:
		f.add("clock", checkOK, fmt.Sprintf("the clocks of the site and of this machine agree to %v", skewTolerated), "")
	}
}

// adviceFor says what to do about a failed request.
func adviceFor(err error) string {
	var failure *roster.Failure
	if !errors.As(err, &failure) {
		return ""
	}
	switch failure.Reason {
	case roster.ReasonAuth:
		return "check ROLLCALL_CLIENT_ID and ROLLCALL_CLIENT_SECRET, and that the API account is enabled on the site"
	case roster.ReasonTimeout:
		return "is the site up, and may this machine reach it? A slow site needs a longer ROLLCALL_TIMEOUT"
	case roster.ReasonRateLimit:
		return "other programs use the same API account: give Rollcall an account of its own"
	case roster.ReasonMalformed:
		return "is ROLLCALL_URL the address of a BeyondTrust Remote Support site? A proxy or a maintenance page in between answers so too"
	case roster.ReasonRejected:
		return "the site understood the request and refused it: check the permissions of the API account"
	}
	return "is ROLLCALL_URL the address of a BeyondTrust Remote Support site, and is the site well?"
}

func (f *findings) checkPoll(ctx context.Context, w *watched) {
	began := time.Now()
	snap, err := w.source.Snapshot(ctx)
	if err != nil {
		advice := adviceFor(err)
		if reason := new(roster.Failure); errors.As(err, &reason) && reason.Reason == roster.ReasonMalformed {
			advice = "the site answers, but not with a whole list: try again; if that does not help, something between it and here cuts the answer, or says something else"
		}
		f.add("poll", checkFailed, err.Error(), advice)
		return
	}
	took := time.Since(began)
	detail := fmt.Sprintf("%s in %d bytes and %v", clientCounts(snap.Roster), snap.Bytes, took.Round(time.Millisecond))
	if took.Seconds() > w.config.MaxDuty*w.config.Interval.Seconds() {
		f.add("poll", checkWarning, detail, "at this speed ROLLCALL_MAX_DUTY makes polls rarer than ROLLCALL_INTERVAL")
		return
	}
	f.add("poll", checkOK, detail, "")
}

func clientCounts(r *roster.Roster) string {
	counts := map[roster.Type]int{}
	for _, c := range r.Clients {
		counts[c.Key.Type]++
	}
	var parts []string
	for t, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, t))
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, ", ")
}

func (f *findings) checkFailover(ctx context.Context, w *watched) {
	health, err := w.source.Health(ctx)
	switch {
	case err != nil:
		f.add("failover", checkWarning, err.Error(), "whether this is the backup of a failover pair is not known; polls do not need it")
	case health.FailoverRole == "backup":
		f.add("failover", checkFailed, "this is the backup of a failover pair, which serves nobody",
			"let ROLLCALL_URL name the address that follows the primary role")
	case !health.Healthy:
		f.add("failover", checkWarning, "the site says that it is not healthy: "+health.Message, "ask whoever looks after the site")
	default:
		f.add("failover", checkOK, strings.TrimSpace("role "+health.FailoverRole+", version "+health.Version), "")
	}
}

// checkBudget holds the polls of an hour against the budget of the account.
func (f *findings) checkBudget(w *watched) {
	hourly := int(time.Hour / w.config.Interval)
	detail := fmt.Sprintf("%d polls an hour of %d requests allowed to the account", hourly, hourlyBudget)
	if limit := w.source.RateLimit(); limit.Known {
		detail += fmt.Sprintf("; %d of %d left now", limit.Remaining, limit.Limit)
	}
	if hourly > hourlyBudget/2 {
		f.add("budget", checkWarning, detail, "a longer ROLLCALL_INTERVAL leaves room for others that use the account")
		return
	}
	f.add("budget", checkOK, detail, "")
}
