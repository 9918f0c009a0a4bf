package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"rollcall/internal/access"
	"rollcall/internal/replay"
	"rollcall/internal/roster"
	"rollcall/sink"
)

func topicsCommand() *cobra.Command {
	var apply bool
	cmd := does(&cobra.Command{
		Use:     "topics",
		Short:   "Prints the topics it needs with their settings; --apply creates them",
		Example: "  rollcall topics\n  rollcall topics --apply",
	}, func(cmd *cobra.Command, _ []string) error {
		need := NeedKafka
		if !apply {
			need = 0
		}
		c, err := LoadConfig(need)
		if err != nil {
			return usage(err)
		}
		if !apply {
			return printTopics(cmd.OutOrStdout(), layout(c).Plan())
		}
		created, err := layout(c).Create(cmd.Context())
		for _, name := range created {
			fmt.Fprintln(cmd.OutOrStdout(), "created", name)
		}
		if err != nil {
			return refusedByKafka(err)
		}
		return reportTopics(cmd.Context(), cmd.OutOrStdout(), layout(c))
	})
	cmd.Flags().BoolVar(&apply, "apply", false, "create the topics that are missing; changes none that exist")
	return cmd
}

// refusedByKafka is an error of Kafka as people are told of it.
func refusedByKafka(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return nil // somebody wanted it to end
	case errors.Is(err, roster.ErrUnreadable):
		return err // Kafka is well; what stands in it is not
	case errors.Is(err, replay.ErrNoTopic):
		return refused(fmt.Errorf("%w: nothing was published yet, or under another ROLLCALL_TOPIC_PREFIX", err))
	}
	return refused(fmt.Errorf("ask Kafka: %s (rollcall check tells what to do)", libraryCall.ReplaceAllString(err.Error(), "")))
}

func layout(c Config) sink.Layout {
	return sink.Layout{Kafka: c.Kafka, Topics: access.TopicsOf(c.Prefix), Partitions: c.Partitions, Replication: c.Replication}
}

func printTopics(w io.Writer, topics []sink.Topic) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TOPIC\tPARTITIONS\tREPLICATION\tSETTINGS")
	for _, topic := range topics {
		replication := "broker's default"
		if topic.Replication > 0 {
			replication = fmt.Sprint(topic.Replication)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\tcleanup.policy=%s\n", topic.Name, topic.Partitions, replication, topic.Policy)
	}
	return t.Flush()
}

// reportTopics says how the topics stand. Topics that cannot serve are an error.
func reportTopics(ctx context.Context, w io.Writer, l sink.Layout) error {
	reports, err := l.Inspect(ctx)
	if err != nil {
		return refusedByKafka(err)
	}
	for _, r := range reports {
		fmt.Fprintf(w, "%s  %s\n", r.Name, verdictOn(r))
	}
	return unfit(reports)
}

func verdictOn(r sink.TopicReport) string {
	switch remarks := append(append([]string{}, r.Faults...), r.Doubts...); {
	case !r.Exists:
		return "missing"
	case len(remarks) > 0:
		return strings.Join(remarks, "; ")
	}
	return "as it must be"
}

// unfit refuses topics that are missing or cannot serve.
func unfit(reports []sink.TopicReport) error {
	var wrong []string
	for _, r := range reports {
		if !r.Exists || len(r.Faults) > 0 {
			wrong = append(wrong, "topic "+r.Name+": "+verdictOn(r))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return refused(fmt.Errorf("%s (see rollcall topics)", strings.Join(wrong, "; ")))
}

// ensureTopics creates what is missing, if it may, says whether it did, and refuses topics that cannot serve. An error
// that is no refusal means that Kafka did not answer.
func ensureTopics(ctx context.Context, c Config, log *zap.Logger) (created bool, err error) {
	l := layout(c)
	if c.CreateTopics {
		names, err := l.Create(ctx)
		if err != nil {
			return false, err
		}
		if created = len(names) > 0; created {
			log.Info("topics created", zap.Strings("topics", names))
		}
	}
	reports, err := l.Inspect(ctx)
	if err != nil {
		return created, err
	}
	for _, r := range reports {
		for _, doubt := range r.Doubts {
			log.Warn("topic setting in doubt", zap.String("topic", r.Name), zap.String("doubt", doubt))
		}
	}
	return created, unfit(reports)
}
