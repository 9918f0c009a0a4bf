package poller

import (
	"encoding/xml"
	"fmt"
)

const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// scope is the namespace prefixes that are bound, innermost last. Which namespace anything is in means nothing to us;
// that a prefix is bound decides whether the document is one.
type scope []binding

type binding struct {
	prefix string
	depth  int // of the element that declares it
}

// enter takes the declarations of a start tag at a depth, checks all its prefixes, and gives its other attributes by
// their local names. Two with the same local name are refused, although XML allows them where the namespaces differ:
// nobody could say which one a record means.
func (s *scope) enter(x xml.StartElement, depth int) ([]attr, error) {
	if err := s.declare(x.Attr, depth); err != nil {
		return nil, err
	}
	if !s.bound(x.Name.Space) || x.Name.Space == "xmlns" {
		return nil, fmt.Errorf("the prefix of <%s> is not bound", quoteName(x.Name))
	}
	var attrs []attr
	for _, a := range x.Attr {
		if isDeclaration(a.Name) {
			continue
		}
		if !s.bound(a.Name.Space) {
			return nil, fmt.Errorf("the prefix of attribute %s is not bound", quoteName(a.Name))
		}
		for _, other := range attrs {
			if other.name == a.Name.Local {
				return nil, fmt.Errorf("two attributes %s of <%s>", quoteName(a.Name), quoteName(x.Name))
			}
		}
		attrs = append(attrs, attr{name: a.Name.Local, value: a.Value})
	}
	return attrs, nil
}

func isDeclaration(n xml.Name) bool { return n.Space == "xmlns" || n.Space == "" && n.Local == "xmlns" }

func (s *scope) declare(attrs []xml.Attr, depth int) error {
	for i, a := range attrs {
		if !isDeclaration(a.Name) {
			continue
		}
		for _, b := range attrs[:i] {
			if b.Name == a.Name {
				return fmt.Errorf("%s is declared twice", quoteName(a.Name))
			}
		}
		prefix := a.Name.Local
		if a.Name.Space == "" {
			prefix = "" // the default namespace
		}
		if err := checkBinding(prefix, a.Value); err != nil {
			return err
		}
		*s = append(*s, binding{prefix, depth})
	}
	return nil
}

// checkBinding is section 3 of Namespaces in XML 1.0: what is reserved, and that only the default can be undone.
func checkBinding(prefix, uri string) error {
	switch {
	case prefix == "xml" && uri == xmlNamespace:
		return nil
	case prefix == "xml", prefix == "xmlns", uri == xmlNamespace, uri == xmlnsNamespace:
		return fmt.Errorf("the reserved prefix or namespace of %q is bound anew", "xmlns:"+printable(prefix, maxQuote))
	case prefix != "" && uri == "":
		return fmt.Errorf("the prefix %s is bound to nothing", printable(prefix, maxQuote))
	}
	return nil
}

func (s *scope) bound(prefix string) bool {
	for i := len(*s) - 1; i >= 0; i-- {
		if (*s)[i].prefix == prefix {
			return true
		}
	}
	return prefix == "" || prefix == "xml"
}

// leave forgets what the element at a depth declared.
func (s *scope) leave(depth int) {
	for len(*s) > 0 && (*s)[len(*s)-1].depth >= depth {
		*s = (*s)[:len(*s)-1]
	}
}
