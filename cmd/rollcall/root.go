package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rollcall",
		Short: "Takes attendance of the clients connected to a BeyondTrust Remote Support site",
		Long: `Rollcall polls the full list of clients connected to a BeyondTrust Remote Support site, works out who connected,
who left, what changed and which connection-log entries are new, and publishes that to Kafka, exactly once.

Try it without a site and without Kafka:   rollcall demo
Configuration is by environment variables; "rollcall check --offline" tells everything that is wrong with it at once.`,
		Args:                       knownCommand,
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2, // letters that may differ
		CompletionOptions:          cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return lookUp(cmd, err.Error()) })
	root.AddCommand(runCommand(), demoCommand(), simCommand(), checkCommand(), topicsCommand(), tailCommand(),
		stateCommand(), schemaCommand(), versionCommand())
	return root
}

// does makes a command of a function; an error of it that decides no exit code means that the command failed.
// Errors that cobra finds itself are usage errors.
func does(cmd *cobra.Command, f func(cmd *cobra.Command, args []string) error) *cobra.Command {
	if cmd.Args == nil {
		cmd.Args = noArguments
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return failed(f(cmd, args)) }
	return cmd
}

// knownCommand is asked where the first argument names no command.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	said := fmt.Sprintf("there is no command %q", args[0])
	if similar := root.SuggestionsFor(args[0]); len(similar) > 0 {
		said += ", did you mean " + strings.Join(similar, " or ") + "?"
	}
	return lookUp(root, said)
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return lookUp(cmd, fmt.Sprintf("%s takes flags alone, not %q", cmd.Name(), args[0]))
}

// lookUp is a usage error that says where to read on.
func lookUp(cmd *cobra.Command, wrong string) error {
	return usage(fmt.Errorf("%s (see %s --help)", wrong, cmd.CommandPath()))
}
