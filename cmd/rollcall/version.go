package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and commit are set by the linker in releases; otherwise the build information of Go tells what it knows.
var version, commit string

func versionCommand() *cobra.Command {
	return does(&cobra.Command{Use: "version", Short: "Prints version, commit and Go version"},
		func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), versionText())
			return nil
		})
}

func versionNumber() string {
	v, _ := versionAndCommit()
	return v
}

func versionText() string {
	v, c := versionAndCommit()
	return fmt.Sprintf("rollcall %s (commit %s, %s)", v, c, runtime.Version())
}

func versionAndCommit() (v, c string) {
	v, c = version, commit
	if info, ok := debug.ReadBuildInfo(); ok {
		v = cmp.Or(v, info.Main.Version)
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				c = cmp.Or(c, s.Value)
			}
		}
	}
	return cmp.Or(v, "(devel)"), cmp.Or(c, "unknown")
}
