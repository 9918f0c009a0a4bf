package poller

import (
	"slices"
	"strings"
)

// node is an element, or where it has no name a run of text in one.
type node struct {
	name   string
	attrs  []attr
	kids   []*node
	text   string
	redact action // what is to become of its text
}

// addText appends a run of text, if it is one.
func (n *node) addText(run []byte) {
	if len(run) > 0 {
		n.kids = append(n.kids, &node{text: string(run)})
	}
}

// own is the text directly in the element, without white space around it.
func (n *node) own() string {
	var b strings.Builder
	for _, k := range n.kids {
		if k.name == "" {
			b.WriteString(k.text)
		}
	}
	return strings.Trim(b.String(), blank)
}

// allText is the text in the element and in all elements in it.
func (n *node) allText() string {
	var b strings.Builder
	var walk func(*node)
	walk = func(n *node) {
		b.WriteString(n.text)
		for _, k := range n.kids {
			walk(k)
		}
		b.WriteByte(' ')
	}
	walk(n)
	return strings.Trim(b.String(), blank)
}

// elements are the elements directly in this one.
func (n *node) elements() []*node {
	return slices.DeleteFunc(slices.Clone(n.kids), func(k *node) bool { return k.name == "" })
}

// isLeaf says whether the element holds nothing but text.
func (n *node) isLeaf() bool {
	return !slices.ContainsFunc(n.kids, func(k *node) bool { return k.name != "" })
}

// kid is the first element with a name directly in this one, or nil.
func (n *node) kid(name string) *node {
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// kidText is the text of such an element, empty where there is none.
func (n *node) kidText(name string) string {
	if k := n.kid(name); k != nil {
		return k.own()
	}
	return ""
}

// holds says whether an element with one of the names is in this one, at any depth.
func (n *node) holds(names ...string) bool {
	return slices.ContainsFunc(n.kids, func(k *node) bool {
		return k.name != "" && (slices.Contains(names, k.name) || k.holds(names...))
	})
}

// attr is the value of an attribute without white space around it.
func (n *node) attr(name string) string {
	for _, a := range n.attrs {
		if a.name == name {
			return a.trimmed()
		}
	}
	return ""
}

func (a attr) trimmed() string { return strings.Trim(a.value, blank) }

// inner is what the element holds, in the one way in which we write it: its text where it holds nothing else;
// otherwise XML with local names, sorted attributes, and, where there is no text beside them, sorted elements, since
// no order is promised.
func (n *node) inner() string {
	if n.isLeaf() {
		return n.own()
	}
	parts := make([]string, 0, len(n.kids))
	mixed := n.own() != ""
	for _, k := range n.kids {
		switch {
		case k.name != "":
			parts = append(parts, k.outer())
		case mixed:
			parts = append(parts, escapeXML.Replace(k.text))
		}
	}
	if !mixed {
		slices.Sort(parts)
	}
	return strings.Trim(strings.Join(parts, ""), blank)
}

var escapeXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;")

func (n *node) outer() string {
	tag := n.name
	attrs := slices.Clone(n.attrs)
	slices.SortFunc(attrs, func(a, b attr) int { return strings.Compare(a.name, b.name) })
	for _, a := range attrs {
		tag += " " + a.name + `="` + escapeXML.Replace(a.trimmed()) + `"`
	}
	inner := n.inner()
	if n.isLeaf() {
		inner = escapeXML.Replace(inner)
	}
	if inner == "" {
		return "<" + tag + "/>"
	}
	return "<" + tag + ">" + inner + "</" + n.name + ">"
}
