package main

import (
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
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(runCommand(), demoCommand(), simCommand(), checkCommand(), topicsCommand(), tailCommand(),
		stateCommand(), schemaCommand(), versionCommand())
	return root
}

// does makes a command of a function; an error of it that decides no exit code means that the command failed.
// Errors that cobra finds itself are usage errors.
func does(cmd *cobra.Command, f func(cmd *cobra.Command, args []string) error) *cobra.Command {
	if cmd.Args == nil {
		cmd.Args = cobra.NoArgs
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return failed(f(cmd, args)) }
	return cmd
}
