package main

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Variables that begin with our prefix and are none of the configuration: those of the tests, one reserved for later,
// and what Kubernetes puts into every container beside a Service whose name begins with "rollcall".
var notOurs = regexp.MustCompile(`^ROLLCALL_(TEST_.*|ADMIN_TOKEN|([A-Z0-9_]+_)?` +
	`(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?))$`)

// unknown complains about every variable that begins with our prefix and means nothing: most are slips of the pen, and
// to pass over them is to run with a default that nobody wanted.
func (m *Mistakes) unknown(known map[string]string) {
	var found []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if _, ok := known[name]; !ok && strings.HasPrefix(strings.ToUpper(name), envPrefix+"_") && !notOurs.MatchString(name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	for _, name := range found {
		if siteOf(name) != "" && m.about("ROLLCALL_SITES") {
			continue // it may well be of a site that is only badly named there
		}
		m.put(Mistake{Variable: fmt.Sprintf("%.100s", name), Wrong: "there is no such variable; " + advice(name, known)})
	}
}

// advice says what may have been meant.
func advice(name string, known map[string]string) string {
	upper := strings.ToUpper(name)
	best, least := "", len(upper)
	for _, candidate := range slices.Sorted(maps.Keys(known)) {
		if d := distance(upper, candidate); d < least {
			best, least = candidate, d
		}
	}
	if least <= 2 {
		return "did you mean " + best + "?"
	}
	if label := siteOf(upper); label != "" {
		return fmt.Sprintf("if it is about a site, name %s in ROLLCALL_SITES", label)
	}
	if least <= (len(upper)-len(envPrefix))/3 {
		return "did you mean " + best + "?"
	}
	return "README.md lists those there are"
}

// siteOf is the label of the site that a variable would be about, if it ends like the variable of a site and does not
// begin like one that no site has.
func siteOf(name string) string {
	for _, group := range []string{"KAFKA", "TOPIC", "ADMIN", "LOG"} {
		if strings.HasPrefix(name, envPrefix+"_"+group+"_") {
			return ""
		}
	}
	for _, v := range siteVariables {
		label, ok := strings.CutSuffix(strings.TrimPrefix(name, envPrefix+"_"), strings.TrimPrefix(v.Name, envPrefix))
		if v.PerSite && ok && label != "" {
			return strings.ToLower(label)
		}
	}
	return ""
}

// distance is the least number of letters to insert, delete, replace or swap with their neighbour to make b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
