package main

import (
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong with the configuration. It never holds a secret.
type Mistake struct {
	Variable string
	Wrong    string
	Accepted string // which values are legal; may be empty
}

// Mistakes are all things that are wrong with the configuration, each once. LoadConfig returns no other error for
// what people can get wrong.
type Mistakes []Mistake

func (m Mistakes) Error() string {
	var b strings.Builder
	if len(m) == 1 {
		b.WriteString("1 mistake in the configuration:")
	} else {
		fmt.Fprintf(&b, "%d mistakes in the configuration:", len(m))
	}
	for i, one := range m {
		fmt.Fprintf(&b, "\n  %s: %s", one.Variable, one.Wrong)
		saidNext := i+1 < len(m) && m[i+1].Variable == one.Variable && m[i+1].Accepted == one.Accepted
		if one.Accepted != "" && !saidNext {
			fmt.Fprintf(&b, "\n      accepted: %s", one.Accepted)
		}
	}
	return b.String()
}

func (m *Mistakes) add(s setting, format string, args ...any) {
	m.put(Mistake{Variable: s.name, Wrong: fmt.Sprintf(format, args...), Accepted: s.row.Accepted})
}

// put leaves out what was said already: sites that share a variable share the mistake in it.
func (m *Mistakes) put(one Mistake) {
	if !slices.Contains(*m, one) {
		*m = append(*m, one)
	}
}

// require complains where the setting has no value.
func (m *Mistakes) require(s setting) {
	if s.value() == "" {
		m.missing(s)
	}
}

// missing says how a setting that is needed came to have no value.
func (m *Mistakes) missing(s setting) {
	switch {
	case s.isSet:
		m.add(s, "set but empty")
	case s.name != s.row.Name:
		m.add(s, "not set, and neither is %s", s.row.Name)
	default:
		m.add(s, "not set")
	}
}

// about says whether a variable was complained about.
func (m *Mistakes) about(name string) bool {
	return slices.ContainsFunc(*m, func(one Mistake) bool { return one.Variable == name })
}

// parsed reads the value of a setting; where it has none, or is wrong, the result is zero.
func parsed[T any](m *Mistakes, s setting, parse func(string) (T, error)) T {
	var zero T
	if s.value() == "" {
		return zero
	}
	v, err := parse(s.value())
	if err != nil {
		m.add(s, "%v", err)
		return zero
	}
	return v
}

// shown is a value as a mistake may show it: quoted, so that it cannot play tricks with a terminal, not endless, and
// not at all where it might hold a password.
func shown(value string) string {
	if strings.Contains(value, "@") {
		return "the value"
	}
	const most = 60
	if r := []rune(value); len(r) > most {
		value = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", value)
}
