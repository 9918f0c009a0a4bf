package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"rollcall/internal/access"
	"rollcall/internal/broker"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
	"rollcall/internal/sim"
)

// demo is a simulated site, a broker and the daemon in one process.
type demo struct {
	clients   int
	rate      float64
	kafkaPort int // each port: 0, or another one where it is taken, is a free one
	sitePort  int
	pagePort  int
}

func demoCommand() *cobra.Command {
	d := demo{kafkaPort: 9092, sitePort: 8081, pagePort: 8080}
	cmd := does(&cobra.Command{
		Use:   "demo",
		Short: "The whole thing inside one process: a simulated site, a broker, and what Rollcall says",
		Long: `Runs Rollcall against a simulated site and a Kafka-compatible broker inside the process, and prints who is connected,
then each change, one line each, until Ctrl-C. Needs nothing and leaves nothing behind.`,
		Example: "  rollcall demo\n  rollcall demo --clients 200 --rate 5",
	}, func(cmd *cobra.Command, _ []string) error {
		return d.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	})
	cmd.Flags().IntVar(&d.clients, "clients", 12, "clients connected at the start")
	cmd.Flags().Float64Var(&d.rate, "rate", 0.7, "things that happen per second")
	return cmd
}

const demoSite = "support.example.com"

func (d demo) run(ctx context.Context, stdout, stderr io.Writer) error {
	log, err := NewLogger(stderr, "warn", "console")
	if err != nil {
		return err
	}
	kafka, err := d.startBroker()
	if err != nil {
		return err
	}
	defer kafka.Close()
	site := sim.New(sim.Config{Seed: uint64(time.Now().UnixNano()), Clients: d.clients, Cluster: true})
	server, err := onPort(d.sitePort, func(port int) (*sim.Server, error) {
		return site.Start(fmt.Sprintf("127.0.0.1:%d", port), false)
	})
	if err != nil {
		return err
	}
	defer server.Close()
	page, err := onPort(d.pagePort, func(port int) (net.Listener, error) {
		return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	})
	if err != nil {
		return err
	}
	daemon, err := newDaemon(demoConfig(server.URL, kafka.Kafka()), log)
	if err != nil {
		return err
	}
	defer live(ctx, site, d.rate)()
	printBanner(stdout, page.Addr().String(), kafka.Kafka().Brokers[0], server.URL)
	return daemon.runAndTail(ctx, page, stdout)
}

// startBroker takes the port of Kafka, so that the commands to look further are short.
func (d demo) startBroker() (*broker.Broker, error) {
	return onPort(d.kafkaPort, func(port int) (*broker.Broker, error) { return broker.Start(broker.Config{Port: port}) })
}

// onPort opens something on a port, or on a free one where that is taken.
func onPort[T any](port int, open func(int) (T, error)) (T, error) {
	if opened, err := open(port); err == nil || port == 0 {
		return opened, err
	}
	return open(0)
}

// demoConfig is the configuration of the contract's defaults, but faster.
func demoConfig(url string, kafka access.Kafka) Config {
	return Config{
		Sites: []SiteConfig{{
			Name: demoSite, URL: url, ClientID: sim.DefaultClientID,
			ClientSecret: func() (string, error) { return sim.DefaultClientSecret, nil },
			Types:        []string{"all"}, Interval: time.Second, MaxDuty: 0.25, Timeout: 10 * time.Second, MaxBytes: 1 << 30,
			Hold:   HoldConfig{Percent: 50, Min: 10, Polls: 3, Max: 5 * time.Minute},
			Redact: "start_session_url=drop", Checkpoint: time.Minute,
		}},
		Kafka: kafka, Compression: "lz4", Prefix: "rollcall", Partitions: 1, CreateTopics: true, SessionTimeout: 10 * time.Second,
	}
}

func printBanner(w io.Writer, page, kafka, site string) {
	fmt.Fprintf(w, `A simulated site, a Kafka-compatible broker and Rollcall run in this process. Ctrl-C ends them.

  page   http://%[1]s/
  tail   ROLLCALL_KAFKA_BROKERS=%[2]s go run ./cmd/rollcall tail --all --json
  state  ROLLCALL_KAFKA_BROKERS=%[2]s go run ./cmd/rollcall state
  kcat   kcat -C -b %[2]s -t rollcall.events -X isolation.level=read_committed
  steer  curl -X POST '%[3]s/sim/connect?type=support_customer&name=Ana'
         curl -X POST '%[3]s/sim/fail?fault=truncated&times=3'    (curl %[3]s/sim tells the rest)

`, page, kafka, site)
}

// runAndTail runs the daemon and prints what it publishes, leaving out the logs that clients had before we looked.
func (d *daemon) runAndTail(ctx context.Context, page net.Listener, w io.Writer) error {
	reader, err := replay.Open(replayConfig(d.config, zap.NewNop()))
	if err != nil {
		return err
	}
	defer reader.Close()
	if err := d.topics(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return d.run(ctx, page) })
	group.Go(func() error {
		return reader.Tail(ctx, replay.From{}, func(r replay.Record) error {
			if r.Type == roster.LogEvent && r.Op == roster.Read {
				return nil
			}
			_, err := fmt.Fprintln(w, replay.Line(r))
			return err
		})
	})
	return group.Wait()
}
