package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"rollcall/internal/replay"
)

// finding is one thing that was checked.
type finding struct {
	Check  string `json:"check"`
	Site   string `json:"site,omitempty"` // empty: about Kafka or the configuration
	Result string `json:"result"`
	Detail string `json:"detail,omitempty"`
	Advice string `json:"advice,omitempty"` // what to do; empty where nothing is to be done
}

// configurationCheck is what comes before everything else, and is about no peer.
const configurationCheck = "configuration"

// The results of a check.
const (
	checkOK      = "ok"
	checkWarning = "warning" // it will work, but somebody should know
	checkFailed  = "failed"
	checkSkipped = "skipped" // nothing can be said because of an earlier failure
)

func checkCommand() *cobra.Command {
	var offline, asJSON bool
	cmd := does(&cobra.Command{
		Use:   "check",
		Short: "Tells what is wrong with the configuration and the surroundings",
		Long: `Validates the configuration, all of it at once, then tries everything live: DNS, TLS, token, permission, clock, one
poll, failover role, rate limit, brokers, sign-in, topics, reading, and the right to write in a transaction. It publishes
nothing and disturbs no instance that runs.
Exit code 0: it can run; 2: the configuration is wrong; 3: the environment refuses or cannot be reached.`,
		Example: "  rollcall check --offline\n  rollcall check --json | jq '.[] | select(.result!=\"ok\")'",
	}, func(cmd *cobra.Command, _ []string) error {
		findings, code := check(cmd.Context(), offline)
		if err := printFindings(cmd.OutOrStdout(), findings, asJSON); err != nil {
			return err
		}
		if code != exitDone {
			return &exitError{code: code}
		}
		return nil
	})
	cmd.Flags().BoolVar(&offline, "offline", false, "stop after the configuration")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as a JSON array")
	return cmd
}

// check gives what was found, and the exit code for it.
func check(ctx context.Context, offline bool) ([]finding, int) {
	c, err := LoadConfig(NeedSite | NeedKafka)
	if err != nil {
		return wrongConfiguration(err), exitUsage
	}
	d, err := newDaemon(c, zap.NewNop())
	if err != nil {
		return wrongConfiguration(err), exitUsage
	}
	found := &findings{list: []finding{{Check: configurationCheck, Result: checkOK, Detail: sitesText(d.siteNames())}}}
	if offline {
		return found.list, exitDone
	}
	for _, site := range c.Sites {
		found.site = site.Name
		found.checkSite(ctx, d.sites[site.Name])
	}
	found.site = ""
	found.checkKafka(ctx, d)
	if found.anyFailed() {
		return found.list, exitRefused
	}
	return found.list, exitDone
}

func wrongConfiguration(err error) []finding {
	var mistakes Mistakes
	if !errors.As(err, &mistakes) {
		return []finding{{Check: configurationCheck, Result: checkFailed, Detail: err.Error()}}
	}
	var out []finding
	for _, m := range mistakes {
		advice := ""
		if m.Accepted != "" {
			advice = "accepted: " + m.Accepted
		}
		out = append(out, finding{Check: configurationCheck, Result: checkFailed, Detail: m.Variable + ": " + m.Wrong, Advice: advice})
	}
	return out
}

func sitesText(names []string) string {
	if len(names) == 1 {
		return "1 site: " + names[0]
	}
	return fmt.Sprintf("%d sites: %v", len(names), names)
}

// findings collects what is found.
type findings struct {
	site string
	list []finding
}

func (f *findings) add(check, result, detail, advice string) {
	f.list = append(f.list, finding{Check: check, Site: f.site, Result: result, Detail: detail, Advice: advice})
}

// try adds a failure where there is an error, and says whether there is none.
func (f *findings) try(check string, err error, advice string) bool {
	if err == nil {
		return true
	}
	f.add(check, checkFailed, err.Error(), advice)
	return false
}

// skipAfter says which of the steps could not be made because one of them failed.
func (f *findings) skipAfter(steps []string, failed string) {
	for _, c := range steps[slices.Index(steps, failed)+1:] {
		f.add(c, checkSkipped, "needs "+failed+" first", "")
	}
}

func (f *findings) anyFailed() bool {
	for _, one := range f.list {
		if one.Result == checkFailed {
			return true
		}
	}
	return false
}

func printFindings(w io.Writer, list []finding, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	for i, f := range list {
		if f.Check != configurationCheck && (f.Site != list[i-1].Site || list[i-1].Check == configurationCheck) {
			fmt.Fprintf(w, "\n%s\n", cmp.Or(f.Site, "Kafka"))
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-8s %-14s %s", f.Result, f.Check, replay.Harmless(f.Detail)), " "))
		saidNext := i+1 < len(list) && list[i+1].Check == f.Check && list[i+1].Advice == f.Advice && list[i+1].Site == f.Site
		if f.Advice != "" && !saidNext {
			fmt.Fprintf(w, "%-8s %-14s -> %s\n", "", "", replay.Harmless(f.Advice))
		}
	}
	return nil
}
