package poller

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// action is what becomes of a value that must not leave the process as it is; the severer wins.
type action int

const (
	keep action = iota
	keyed
	mask
	drop
)

var actions = map[string]action{"hmac": keyed, "mask": mask, "drop": drop}

const masked = "***"

// Redaction says which values are dropped, masked or replaced by a keyed digest while a client is built, by the
// vendor's element name at any depth. The zero value redacts nothing.
type Redaction struct {
	rules map[string]action
	key   []byte
}

// aliases are names that people may know from the records instead of from the vendor's page.
var aliases = map[string]string{"account_type": "type", "message": "event"}

// unredactable are the names that make up the identity of a client.
var unredactable = map[string]bool{"id": true, "connected_since": true, "ts": true}

// ParseRedaction reads "name=action,…". An action is drop (the field is absent), mask ("***") or hmac ("hmac:" and
// HMAC-SHA-256 of the text under the key, in hexadecimal); empty values stay empty. A name is a vendor's element
// name, or message for the text of events. A name of an element that holds others stands for all in it, but not
// for the event log inside client_connections. All mistakes are in the error.
func ParseRedaction(spec string, key []byte) (Redaction, error) {
	r := Redaction{rules: map[string]action{}, key: key}
	var errs []error
	for rule := range strings.SplitSeq(spec, ",") {
		if rule = strings.TrimSpace(rule); rule != "" {
			errs = append(errs, r.add(rule))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Redaction{}, err
	}
	return r, nil
}

func (r Redaction) add(rule string) error {
	name, what, _ := strings.Cut(rule, "=")
	name, what = strings.TrimSpace(name), strings.TrimSpace(what)
	do, known := actions[what]
	element := cmp.Or(aliases[name], name)
	switch {
	case name == "" || !known || strings.ContainsAny(name, "<>&:@/ "):
		return fmt.Errorf("redaction %q: want name=drop, name=mask or name=hmac, with the name of an element", rule)
	case unredactable[name]:
		return fmt.Errorf("redaction %q: %s is part of a client's identity and cannot be redacted", rule, name)
	case do == keyed && len(r.key) == 0:
		return fmt.Errorf("redaction %q: hmac needs a key", rule)
	}
	if _, twice := r.rules[element]; twice {
		return fmt.Errorf("redaction %q: there is already a rule for %s", rule, element)
	}
	r.rules[element] = do
	return nil
}

// Fingerprint is a digest of the rules and of the key, where one is used: it changes exactly when what is published
// of the same client does. It does not reveal the key.
func (r Redaction) Fingerprint() string {
	h := sha256.New()
	h.Write([]byte(r.String()))
	if slices.Contains(slices.Collect(maps.Values(r.rules)), keyed) {
		h.Write([]byte(r.digest("fingerprint of the redaction key")))
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// String is the rules in the order of their names, without the key.
func (r Redaction) String() string {
	var rules []string
	for _, name := range slices.Sorted(maps.Keys(r.rules)) {
		for word, do := range actions {
			if do == r.rules[name] {
				rules = append(rules, name+"="+word)
			}
		}
	}
	return strings.Join(rules, ",")
}

// GoString keeps the key out of %#v.
func (r Redaction) GoString() string { return "poller.Redaction(" + r.String() + ")" }

// mark notes at the element, and at all in it, what is to become of them.
func (r Redaction) mark(n *node, inherited action) {
	if n.name == "event_log" {
		inherited = keep // it may stand beside client_connections as well as in it
	}
	n.redact = max(inherited, r.rules[n.name])
	for i := range n.attrs {
		n.attrs[i].redact = max(n.redact, r.rules[n.attrs[i].name])
	}
	for _, k := range n.kids {
		r.mark(k, n.redact)
	}
}

// apply is what is published of a text that is not to be dropped.
func (r Redaction) apply(do action, text string) string {
	switch {
	case do == keep || text == "":
		return text
	case do == keyed:
		return r.digest(text)
	}
	return masked
}

func (r Redaction) digest(text string) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(text))
	return "hmac:" + hex.EncodeToString(mac.Sum(nil))
}

// severest is the severest action on the element or on anything in it.
func (n *node) severest() action {
	do := n.redact
	for _, k := range n.kids {
		do = max(do, k.severest())
		for _, a := range k.attrs {
			do = max(do, a.redact)
		}
	}
	return do
}
