package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"rollcall/internal/pipeline"
	"rollcall/sink"
)

func runCommand() *cobra.Command {
	var once, dry bool
	cmd := does(&cobra.Command{
		Use:   "run",
		Short: "Polls every configured site it owns and publishes; the daemon",
		Long: `Polls every configured site it owns and publishes what changed.

Any number of instances with the same topic prefix share the sites; what one owns, the others leave alone. It ends with
exit code 0 at SIGTERM or Ctrl-C, and with 3 when a site or Kafka refuses its credentials at the start.`,
		Example: "  rollcall run\n  rollcall run --once\n  rollcall run --dry-run | jq .type",
	}, func(cmd *cobra.Command, _ []string) error {
		need := NeedSite | NeedKafka
		if dry {
			need = NeedSite
		}
		d, err := configuredDaemon(cmd, need)
		if err != nil {
			return err
		}
		defer d.log.Sync()
		switch {
		case dry:
			return d.dryRun(cmd.Context(), cmd, once)
		case once:
			return d.once(cmd.Context())
		}
		return d.serve(cmd.Context())
	})
	cmd.Flags().BoolVar(&once, "once", false, "publish one accepted poll per site, then exit")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "print records as JSON lines on standard output; touch no Kafka and no state")
	return cmd
}

func configuredDaemon(cmd *cobra.Command, need Need) (*daemon, error) {
	c, err := LoadConfig(need)
	if err != nil {
		return nil, usage(err)
	}
	log, err := NewLogger(cmd.ErrOrStderr(), c.LogLevel, c.LogFormat)
	if err != nil {
		return nil, usage(err)
	}
	return newDaemon(c, log)
}

// serve runs the daemon on the configured admin address.
func (d *daemon) serve(ctx context.Context) error {
	admin, err := net.Listen("tcp", d.config.AdminAddr)
	if err != nil {
		return usage(fmt.Errorf("ROLLCALL_ADMIN_ADDR: %w", err))
	}
	return d.run(ctx, admin)
}

// dryRun polls all sites at once and prints.
func (d *daemon) dryRun(ctx context.Context, cmd *cobra.Command, once bool) error {
	lines := sink.NewLines(cmd.OutOrStdout())
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range d.sites {
		group.Go(func() error {
			cycle := w.newCycle(d.observe(w), d.log)
			cycle.Publisher, cycle.Memory = lines, pipeline.NoMemory{}
			if once {
				return refusedIfFatal(cycle.Once(ctx))
			}
			return refusedIfFatal(cycle.Run(ctx))
		})
	}
	err := group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
