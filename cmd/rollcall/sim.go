package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"rollcall/internal/sim"
)

// simFlags are the flags of `rollcall sim`.
type simFlags struct {
	listen string
	tls    bool
	caFile string
	rate   float64
	site   sim.Config
	newest bool
}

func simCommand() *cobra.Command {
	var f simFlags
	cmd := does(&cobra.Command{
		Use:   "sim",
		Short: "The simulated site alone, for trying automations",
		Long: `Runs a simulated BeyondTrust Remote Support site until Ctrl-C: people sign in and out, sessions start and end, nodes
reconnect, and everything that can go wrong with a site goes wrong when told to. Point Rollcall at it, and your automation at
Rollcall's records.

  rollcall sim --clients 30 --rate 2
  ROLLCALL_URL=http://127.0.0.1:8081 ROLLCALL_SITE=simulated ROLLCALL_CLIENT_ID=rollcall \
    ROLLCALL_CLIENT_SECRET='` + sim.DefaultClientSecret + `' ROLLCALL_KAFKA_BROKERS=localhost:9092 rollcall run
  curl -X POST 'http://127.0.0.1:8081/sim/connect?type=support_customer&name=Ana'
  curl -X POST 'http://127.0.0.1:8081/sim/fail?fault=truncated&times=3'

` + sim.Help + "\n" + sim.FaultHelp(),
		Example: "  rollcall sim --clients 1500 --rate 5 --seed 7\n  rollcall sim --tls --ca-file /tmp/sim-ca.pem",
	}, func(cmd *cobra.Command, _ []string) error { return f.run(cmd) })
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8081", "address to listen on; port 0 takes a free one")
	flags.BoolVar(&f.tls, "tls", false, "serve HTTPS under a certificate made at the start")
	flags.StringVar(&f.caFile, "ca-file", "", "with --tls: write the certificate to trust to this file")
	flags.IntVar(&f.site.Clients, "clients", 30, "clients connected at the start, up to 100,000 or so")
	flags.Uint64Var(&f.site.Seed, "seed", 1, "the life of the site follows from it")
	flags.Float64Var(&f.rate, "rate", 1, "things that happen per second; 0: only what it is told to")
	flags.BoolVar(&f.site.Cluster, "cluster", false, "every client also holds a connection to a traffic node")
	flags.BoolVar(&f.newest, "newest-first", false, "event logs begin with the newest entry")
	flags.StringVar(&f.site.ClientID, "client-id", sim.DefaultClientID, "client ID of the API account")
	return cmd
}

func (f *simFlags) run(cmd *cobra.Command) error {
	f.site.NewestFirst = f.newest
	f.site.ClientSecret = cmp.Or(os.Getenv("ROLLCALL_CLIENT_SECRET"), sim.DefaultClientSecret)
	if f.site.Clients < 0 || f.rate < 0 {
		return usage(fmt.Errorf("--clients and --rate cannot be below zero"))
	}
	site := sim.New(f.site)
	server, err := site.Start(f.listen, f.tls)
	if err != nil {
		return refused(err)
	}
	defer server.Close()
	if f.caFile != "" && server.CA != nil {
		if err := os.WriteFile(f.caFile, server.CA, 0o644); err != nil { //nolint:gosec // a certificate is public
			return err
		}
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "simulated site at %s, steered at %s/sim (GET it for help); Ctrl-C ends it\n", server.URL, server.URL)
	fmt.Fprintf(out, "ROLLCALL_URL=%s ROLLCALL_CLIENT_ID=%s ROLLCALL_CLIENT_SECRET='%s'\n", server.URL, f.site.ClientID, f.site.ClientSecret)
	site.Live(cmd.Context(), f.rate)
	return nil
}

// live lets the site live beside something else; stop ends that.
func live(ctx context.Context, site *sim.Site, rate float64) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { // ended and awaited by stop
		defer close(done)
		site.Live(ctx, rate)
	}()
	return func() { cancel(); <-done }
}
