package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"rollcall/internal/replay"
)

func tailCommand() *cobra.Command {
	var asJSON, all bool
	cmd := does(&cobra.Command{
		Use:   "tail",
		Short: "Follows the events topic, one readable line each",
		Long: `Follows the events topic, read-committed, one readable line each, until Ctrl-C. It begins with what is published
from now on, or with --all at the oldest record there is. Needs ROLLCALL_KAFKA_BROKERS and nothing of a site.`,
		Example: "  rollcall tail\n  rollcall tail --all --json | jq 'select(.type==\"disconnect\")'",
	}, func(cmd *cobra.Command, _ []string) error {
		reader, err := openReader()
		if err != nil {
			return err
		}
		defer reader.Close()
		var broken error // of standard output, which is not Kafka's fault
		show := printRecord(cmd.OutOrStdout(), asJSON)
		err = reader.Tail(cmd.Context(), replay.From{End: !all}, func(r replay.Record) error {
			broken = show(r)
			return broken
		})
		if err == nil || broken != nil {
			return broken
		}
		return refusedByKafka(err)
	})
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each record as published, one JSON object a line")
	cmd.Flags().BoolVar(&all, "all", false, "begin at the oldest record there is")
	return cmd
}

func printRecord(w io.Writer, asJSON bool) func(replay.Record) error {
	return func(r replay.Record) error {
		var err error
		if asJSON {
			_, err = fmt.Fprintf(w, "%s\n", r.Raw)
		} else {
			_, err = fmt.Fprintln(w, replay.Line(r))
		}
		return err
	}
}

// openReader is the way in of the commands that only read Kafka.
func openReader() (*replay.Reader, error) {
	c, err := LoadConfig(NeedKafka)
	if err != nil {
		return nil, usage(err)
	}
	return replay.Open(replayConfig(c, zap.NewNop()))
}
