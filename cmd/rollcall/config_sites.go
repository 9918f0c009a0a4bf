package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"rollcall/poller"
)

// labelled are the settings of one site, under the label it has in ROLLCALL_SITES; none where there is only one site.
type labelled struct {
	label string
	siteSettings
}

var notInVariables = regexp.MustCompile(`[^A-Z0-9]`)

// startOf is how the variables of a site begin.
func startOf(label string) string {
	return envPrefix + "_" + notInVariables.ReplaceAllString(strings.ToUpper(label), "_")
}

// siteSettings reads what there is for each site, and gives the names of all variables that mean something, each with
// the label of the site it belongs to.
func (m *Mistakes) siteSettings(labels setting) (sites []labelled, known map[string]string, err error) {
	var common siteSettings
	if err := readSettings(envPrefix, &common); err != nil {
		return nil, nil, err
	}
	known = map[string]string{}
	for _, v := range variables {
		known[v.Name] = "all sites"
	}
	for _, label := range parsed(m, labels, itemsThat(siteLabel)) {
		var own siteSettings
		if err := readSettings(startOf(label), &own); err != nil {
			return nil, nil, err
		}
		if other, name := clash(known, own); name != "" {
			m.add(labels, "%s makes %s stand for two things, its own and that of %s", shown(label), name, other)
			continue
		}
		for _, s := range fieldsOf(&own) {
			known[s.name] = "the site " + shown(label)
		}
		sites = append(sites, labelled{label, own.over(common)})
	}
	if labels.value() == "" {
		sites = []labelled{{"", common}}
	}
	return sites, known, nil
}

// clash finds a variable of a site that means something already.
func clash(known map[string]string, own siteSettings) (owner, name string) {
	for _, s := range fieldsOf(&own) {
		if owner, ok := known[s.name]; ok {
			return owner, s.name
		}
	}
	return "", ""
}

// sites checks every site. Those without a URL are left out where no site is needed.
func (m *Mistakes) sites(all []labelled, need Need) []SiteConfig {
	var sites []SiteConfig
	named := map[string]string{}
	for _, one := range all {
		s := one.siteSettings
		c := m.site(one, need)
		if c.Name != "" {
			if other, ok := named[c.Name]; ok {
				at := s.Site
				at.name = startOf(one.label) + strings.TrimPrefix(s.Site.row.Name, envPrefix)
				m.add(at, "the sites %s and %s are both called %s in records", other, one.label, shown(c.Name))
			}
			named[c.Name] = one.label
		}
		if s.URL.value() != "" {
			sites = append(sites, c)
		}
	}
	return sites
}

func (m *Mistakes) site(one labelled, need Need) SiteConfig {
	s := one.siteSettings
	c := SiteConfig{
		ClientID:     parsed(m, s.ClientID, clientID),
		ClientSecret: m.secret(s.ClientSecret, s.ClientSecretFile),
		Types:        parsed(m, s.Types, clientTypes),
		Interval:     parsed(m, s.Interval, duration(250*time.Millisecond, 24*time.Hour)),
		MaxDuty:      parsed(m, s.MaxDuty, shareOfTime),
		Timeout:      parsed(m, s.Timeout, duration(aboveZero, endless)),
		MaxBytes:     parsed(m, s.MaxBytes, byteSize),
		Hold:         m.hold(s),
		Ignore:       parsed(m, s.Ignore, itemsThat(stateField)),
		RedactKey:    m.secret(s.RedactKey, s.RedactKeyFile),
		Redact:       s.Redact.value(),
		Checkpoint:   parsed(m, s.Checkpoint, duration(aboveZero, endless)),
	}
	c.Name, c.URL = m.nameAndURL(s)
	if need&NeedSite != 0 {
		m.require(s.URL)
		m.require(s.ClientID)
		m.requireSecret(c.ClientSecret, s.ClientSecret, s.ClientSecretFile)
		c.RootCAs = m.roots(s.CAFile)
	}
	m.redaction(c, s, need)
	return c
}

// redaction checks the rules, which the poller knows. Of a rule that is wrong only what stands before the first = is
// shown: somebody may have put the key behind it.
func (m *Mistakes) redaction(c SiteConfig, s siteSettings, need Need) {
	key := "any" // where no site is needed, the key may be out of reach
	if need&NeedSite != 0 {
		key = ""
		if c.RedactKey != nil {
			m.requireSecret(c.RedactKey, s.RedactKey, s.RedactKeyFile)
			key, _ = c.RedactKey() // an error was told just now
		}
	}
	legal := true
	for rule := range strings.SplitSeq(c.Redact, ",") {
		rule = strings.TrimSpace(rule)
		if _, err := poller.ParseRedaction(rule, []byte(key)); err != nil {
			legal = false
			name, _, _ := strings.Cut(rule, "=")
			m.add(s.Redact, "the rule for %s: %s", shown(name), strings.TrimPrefix(err.Error(), fmt.Sprintf("redaction %q: ", rule)))
		}
	}
	if _, err := poller.ParseRedaction(c.Redact, []byte(key)); legal && err != nil {
		m.add(s.Redact, "%v", err)
	}
}

// nameAndURL takes the name from the URL where it has none of its own.
func (m *Mistakes) nameAndURL(s siteSettings) (name, url string) {
	name = parsed(m, s.Site, matching(siteName))
	u := parsed(m, s.URL, siteURL)
	if u == nil {
		return name, ""
	}
	if s.Site.value() == "" {
		name = u.Hostname()
		if !siteName.MatchString(name) {
			m.add(s.Site, "not set, and the host of the URL is no legal name")
			name = ""
		}
	}
	return name, u.String()
}

func (m *Mistakes) hold(s siteSettings) HoldConfig {
	return HoldConfig{
		Percent: parsed(m, s.HoldPercent, whole(1, 100)),
		Min:     parsed(m, s.HoldMin, whole(1, 1<<31-1)),
		Polls:   parsed(m, s.HoldPolls, whole(1, 1<<31-1)),
		Max:     parsed(m, s.HoldMax, duration(aboveZero, endless)),
	}
}

// clientID refuses what cannot go into the Basic header beside the secret.
func clientID(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == ':' || r == 0x7f }) {
		return "", fmt.Errorf("it holds a space, a colon or a control character")
	}
	return s, nil
}
