package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"rollcall/internal/replay"
	"rollcall/internal/roster"
)

func stateCommand() *cobra.Command {
	var only string
	cmd := does(&cobra.Command{
		Use:   "state",
		Short: "Prints who is connected now, as last published",
		Long: `Prints who is connected now, as last published, and how old that is. It reads the topics, not the site.
Needs ROLLCALL_KAFKA_BROKERS and nothing of a site.`,
		Example: "  rollcall state\n  rollcall state --site support.example.com",
	}, func(cmd *cobra.Command, _ []string) error {
		reader, err := openReader()
		if err != nil {
			return err
		}
		defer reader.Close()
		sites := []string{only}
		if only == "" {
			if sites, err = reader.Sites(cmd.Context()); err != nil {
				return refusedByKafka(err)
			}
		}
		if len(sites) == 0 {
			fmt.Fprintln(cmd.ErrOrStderr(), "nothing was published yet")
		}
		for _, site := range sites {
			if err := printState(cmd.Context(), cmd.OutOrStdout(), reader, site); err != nil {
				return err
			}
		}
		return nil
	})
	cmd.Flags().StringVar(&only, "site", "", "only this site")
	return cmd
}

func printState(ctx context.Context, w io.Writer, reader *replay.Reader, site string) error {
	standing, err := reader.Standing(ctx, site)
	if err != nil {
		return refusedByKafka(err)
	}
	if standing == nil {
		return fmt.Errorf("nothing was ever published of a site %q", site)
	}
	who, err := reader.Roster(ctx, site)
	if err != nil {
		return refusedByKafka(err)
	}
	asOf := standing.Poll.ReceivedAt
	fmt.Fprintf(w, "%s: %s; last poll written down at %s, %v ago\n", site, clientCounts(who), asOf.Format(time.RFC3339),
		time.Since(asOf).Round(time.Second))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TYPE\tID\tCONNECTED SINCE\tNAME\tHOST")
	for _, c := range who.Clients {
		printClient(t, c)
	}
	return t.Flush()
}

func printClient(w io.Writer, c *roster.Client) {
	name, host := replay.Names([]byte(c.State))
	for i, text := range []string{string(c.Key.Type), c.Key.ID, c.Key.Since.String(), name, host} {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, replay.Harmless(text))
	}
	fmt.Fprintln(w)
}
