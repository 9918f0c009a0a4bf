package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/schemas"
)

func schemaCommand() *cobra.Command {
	return does(&cobra.Command{
		Use:     "schema [NAME]",
		Short:   "Prints the JSON Schema of a record type; without a name lists them",
		Example: "  rollcall schema\n  rollcall schema state_change",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return lookUp(cmd, "schema prints one schema at a time")
			}
			return nil
		},
	}, func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			fmt.Fprintln(cmd.OutOrStdout(), strings.Join(schemas.Names(), "\n"))
			return nil
		}
		schema, err := schemas.Schema(args[0])
		if err != nil {
			return usage(fmt.Errorf("%w; there are %s", err, strings.Join(schemas.Names(), ", ")))
		}
		_, err = cmd.OutOrStdout().Write(schema)
		return err
	})
}
