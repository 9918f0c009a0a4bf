package main

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/roster"
	"rollcall/poller"
)

// The parsers say what is wrong; what would be right, the table of variables says.

func duration(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil && isNumber(s):
			return 0, fmt.Errorf("%s has no unit", shown(s))
		case err != nil:
			return 0, fmt.Errorf("%s is no duration", shown(s))
		case d < least:
			return 0, fmt.Errorf("%s is too short", shown(s))
		case d > most:
			return 0, fmt.Errorf("%s is too long", shown(s))
		}
		return d, nil
	}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func whole(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%s is no whole number that can be used", shown(s))
		case n < least:
			return 0, fmt.Errorf("%s is too small", shown(s))
		case n > most:
			return 0, fmt.Errorf("%s is too large", shown(s))
		}
		return n, nil
	}
}

func shareOfTime(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0 && f <= 1) { // written so that NaN fails too
		return 0, fmt.Errorf("%s is no share above 0 and up to 1", shown(s))
	}
	return f, nil
}

var (
	sizePattern = regexp.MustCompile(`^([0-9]+) ?([KMGT]?)(I?)B?$`)
	sizeUnits   = " KMGT"
)

func byteSize(s string) (int64, error) {
	parts := sizePattern.FindStringSubmatch(strings.ToUpper(s))
	if parts == nil || parts[2] == "" && parts[3] != "" {
		return 0, fmt.Errorf("%s is no size", shown(s))
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	base := 1000.0
	if parts[3] != "" {
		base = 1024
	}
	exact := float64(n) * math.Pow(base, float64(max(0, strings.Index(sizeUnits, parts[2]))))
	if err != nil || exact > 1<<40 {
		return 0, fmt.Errorf("%s is too large", shown(s))
	}
	if exact < 1<<10 {
		return 0, fmt.Errorf("%s is too small", shown(s))
	}
	return int64(exact), nil
}

func boolean(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("%s is neither true nor false", shown(s))
}

func oneOf(legal ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if !slices.Contains(legal, strings.ToLower(s)) {
			return "", fmt.Errorf("%s is none of those", shown(s))
		}
		return strings.ToLower(s), nil
	}
}

// items takes a list apart at its commas. White space around an item means nothing; an item that is empty is a slip.
func items(s string) ([]string, error) {
	var list []string
	for item := range strings.SplitSeq(s, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			return nil, fmt.Errorf("%s has a comma too many", shown(s))
		}
		if slices.Contains(list, item) {
			return nil, fmt.Errorf("%s is named twice", shown(item))
		}
		list = append(list, item)
	}
	return list, nil
}

// itemsThat takes a list apart and holds each item against the pattern.
func itemsThat(pattern *regexp.Regexp) func(string) ([]string, error) {
	return func(s string) ([]string, error) {
		list, err := items(s)
		if err != nil {
			return nil, err
		}
		for _, item := range list {
			if !pattern.MatchString(item) {
				return nil, fmt.Errorf("%s is no such name", shown(item))
			}
		}
		return list, nil
	}
}

func matching(pattern *regexp.Regexp) func(string) (string, error) {
	return func(s string) (string, error) {
		if !pattern.MatchString(s) {
			return "", fmt.Errorf("%s is no legal name", shown(s))
		}
		return s, nil
	}
}

// clientTypes gives the types in the vendor's order, so that writing them in another order asks for nothing else.
func clientTypes(s string) ([]string, error) {
	list, err := items(s)
	if err != nil || slices.Equal(list, []string{"all"}) {
		return list, err
	}
	var ordered []string
	for _, t := range roster.Types {
		if slices.Contains(list, string(t)) {
			ordered = append(ordered, string(t))
		}
	}
	for _, item := range list {
		switch {
		case item == "all":
			return nil, errors.New("all leaves nothing to name beside it")
		case !slices.Contains(ordered, item):
			return nil, fmt.Errorf("%s is no client type", shown(item))
		}
	}
	return ordered, nil
}

// siteURL gives scheme and host, without anything after them. What is wrong with a URL is said without showing it: it
// may hold a password.
func siteURL(s string) (*url.URL, error) {
	if strings.Contains(s, "@") {
		return nil, errors.New("it holds a user name or a password, which belong in ROLLCALL_CLIENT_ID and ROLLCALL_CLIENT_SECRET")
	}
	u, err := poller.ParseURL(s)
	if err != nil {
		return nil, err
	}
	if u.Port() != "" && !isPort(u.Port(), 1) || strings.HasSuffix(u.Host, ":") {
		return nil, errors.New("its port is no number from 1 to 65535")
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

func isPort(s string, least int) bool {
	_, err := whole(least, 65535)(s)
	return err == nil && !strings.HasPrefix(s, "+")
}

func listenAddress(s string) (string, error) {
	if _, port, err := net.SplitHostPort(s); err != nil || !isPort(port, 0) {
		return "", fmt.Errorf("%s is no host:port", shown(s))
	}
	return s, nil
}

func brokerList(s string) ([]string, error) {
	list, err := items(s)
	if err != nil {
		return nil, err
	}
	for _, b := range list {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || strings.Contains(host, "/") || !isPort(port, 1) {
			return nil, fmt.Errorf("%s is no host:port", shown(b))
		}
	}
	return list, nil
}
