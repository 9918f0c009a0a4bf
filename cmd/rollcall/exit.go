package main

import (
	"errors"
	"fmt"
	"io"
)

// The exit codes of the program.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2 // usage or configuration
	exitRefused = 3 // the environment refuses or cannot be reached
)

// exitError is an error that decides the exit code.
type exitError struct {
	code int
	err  error // nil: everything was said already
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error   { return &exitError{exitUsage, err} }
func refused(err error) error { return &exitError{exitRefused, err} }

// failed gives err an exit code if it has none.
func failed(err error) error {
	var e *exitError
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &exitError{exitFailed, err}
}

// exitCode tells the person what went wrong, once, and the shell what it means.
func exitCode(err error, stderr io.Writer) int {
	if err == nil {
		return exitDone
	}
	code := exitUsage // what cobra found wrong with the arguments
	var e *exitError
	if errors.As(err, &e) {
		code = e.code
		if e.err == nil {
			return code
		}
	}
	fmt.Fprintf(stderr, "rollcall: %v\n", err)
	return code
}
