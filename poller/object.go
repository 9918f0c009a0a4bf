package poller

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/roster"
)

// form is how the text of a documented element is published.
type form int

const (
	asText     form = iota
	asNumber        // counts and offsets
	asFlag          // 0 or 1
	asMoment        // attribute ts, or the text
	asPlatform      // attribute id, and the text
	asList          // of <lsid>
)

// field is the name and the form of a documented element in a state. Its zero value is no field.
type field struct {
	name string
	form form
}

// maxExact is the largest integer that every reader of JSON reads as it is.
const maxExact = 1<<53 - 1

// object is a JSON object of a state under construction.
type object struct {
	redact Redaction
	fields roster.Fields
	lists  map[string][]string // fields that are lists of texts
	extra  map[string][]string // what the vendor's page does not know
	seen   map[string]bool
}

func newObject(r Redaction) *object {
	return &object{redact: r, fields: roster.Fields{}, lists: map[string][]string{}, extra: map[string][]string{},
		seen: map[string]bool{}}
}

// json is the object, with extra in it where there is any.
func (o *object) json() string {
	for name, texts := range o.lists {
		o.fields[name] = list(texts)
	}
	if len(o.extra) > 0 {
		extra := roster.Fields{}
		for name, texts := range o.extra {
			if len(texts) == 1 {
				extra[name] = roster.Quote(texts[0])
			} else {
				extra[name] = list(texts)
			}
		}
		o.fields["extra"] = string(extra.State())
	}
	return string(o.fields.State())
}

// list is a sorted JSON list of strings.
func list(texts []string) string {
	quoted := make([]string, 0, len(texts))
	for _, t := range slices.Sorted(slices.Values(texts)) {
		quoted = append(quoted, roster.Quote(t))
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// element takes an element that is a field of the object: documented ones in their form, others and those that are
// not shaped as documented under extra.
func (o *object) element(n *node, known map[string]field) error {
	f, documented := known[n.name]
	if documented && f.form != asList {
		if o.seen[n.name] {
			return fmt.Errorf("two elements <%s> in one", n.name)
		}
		o.seen[n.name] = true
	}
	if !documented || f.form != asList && !n.isLeaf() {
		o.unknown(n)
		return nil
	}
	o.attributes(n, n.name, consumed[f.form])
	if n.redact == drop {
		return nil
	}
	switch f.form {
	case asList:
		o.lsids(n, f.name)
	case asPlatform:
		o.fields[f.name] = o.platform(n)
	default:
		o.fields[f.name] = o.scalar(n, f.form)
	}
	return nil
}

// consumed are the attributes that are part of a form.
var consumed = map[form]string{asMoment: "ts", asPlatform: "id"}

func (o *object) scalar(n *node, f form) string {
	s := n.own()
	if f == asMoment {
		s = roster.ReadMoment(n.attr("ts"), s).String()
	}
	if n.redact != keep {
		return roster.Quote(o.redact.apply(n.redact, s))
	}
	switch f {
	case asFlag:
		if s == "0" || s == "1" {
			return strconv.FormatBool(s == "1")
		}
	case asNumber:
		if i, err := strconv.ParseInt(s, 10, 64); err == nil && -maxExact <= i && i <= maxExact {
			return strconv.FormatInt(i, 10)
		}
	}
	return roster.Quote(s)
}

// platform has a name wherever the element stands, an id wherever the attribute does.
func (o *object) platform(n *node) string {
	p := roster.Fields{"name": roster.Quote(o.redact.apply(n.redact, n.own()))}
	for _, a := range n.attrs {
		if a.name == "id" {
			p["id"] = roster.Quote(o.redact.apply(n.redact, a.trimmed()))
		}
	}
	return string(p.State())
}

// lsids takes a list; two of them in one client are one.
func (o *object) lsids(n *node, name string) {
	ids := o.lists[name]
	for _, k := range n.kids {
		switch {
		case k.name == "lsid" && k.isLeaf():
			o.attributes(k, name+"/lsid", "")
			if k.redact != drop {
				ids = append(ids, o.redact.apply(k.redact, k.own()))
			}
		case k.name != "":
			o.unknown(k)
		}
	}
	o.strayText(n, name)
	o.lists[name] = ids
}

// unknown keeps an element that the vendor's page does not know. Where anything in it is to be redacted, all is.
func (o *object) unknown(n *node) {
	o.attributes(n, n.name, "")
	if do := n.severest(); do != drop {
		o.keep(n.name, o.redact.apply(do, n.inner()))
	}
}

// attributes keeps those of an element but for one, under <element>@<name>.
func (o *object) attributes(n *node, element, but string) {
	for _, a := range n.attrs {
		if a.name != but && a.redact != drop {
			o.keep(element+"@"+a.name, o.redact.apply(a.redact, a.trimmed()))
		}
	}
}

// strayText keeps text beside elements, where none is expected.
func (o *object) strayText(n *node, element string) {
	if s := n.own(); s != "" && n.redact != drop {
		o.keep(element+"#text", o.redact.apply(n.redact, s))
	}
}

func (o *object) keep(name, text string) { o.extra[name] = append(o.extra[name], text) }
