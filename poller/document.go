package poller

import (
	"fmt"
	"io"
	"slices"

	"rollcall/internal/roster"
)

// element reads the rest of an element whose start tag was just given. count is how many elements it may hold.
func (s *scanner) element(start token, count *int) (*node, error) {
	if *count--; *count < 0 {
		return nil, malformed("byte %d: a client of more than %d elements", s.start, maxElements)
	}
	n := &node{name: start.name, attrs: start.attrs}
	var run []byte // text so far: CDATA and comments split it
	for {
		t, err := s.next()
		if err != nil {
			return nil, err
		}
		if t.kind == charData {
			run = append(run, t.text...)
			continue
		}
		n.addText(run)
		run = run[:0]
		if t.kind == endTag {
			return n, nil
		}
		kid, err := s.element(t, count)
		if err != nil {
			return nil, err
		}
		n.kids = append(n.kids, kid)
	}
}

// root reads up to the start of the root element. What is no XML at all is told by its first bytes.
func (s *scanner) root(names ...string) (token, error) {
	if err := s.in.strange(); err != nil {
		return token{}, err
	}
	t, err := s.next()
	if err != nil {
		return token{}, err
	}
	if t.name == "error" {
		n, err := s.whole(t)
		if err != nil {
			return token{}, err
		}
		return token{}, siteError(n)
	}
	if slices.Contains(names, t.name) {
		return t, nil
	}
	return token{}, malformed("the root element is <%s>, not <%s>", printable(t.name, maxQuote), names[0])
}

// whole reads the rest of a root element, and the rest of the document.
func (s *scanner) whole(root token) (*node, error) {
	count := maxElements
	n, err := s.element(root, &count)
	if err != nil {
		return nil, err
	}
	return n, s.end()
}

// end reads what follows the root: white space, comments and instructions.
func (s *scanner) end() error {
	_, err := s.next()
	if err == io.EOF { //nolint:errorlint // an error that wraps io.EOF is not the end
		return nil
	}
	return err
}

// readSmall reads a document that is no list of clients: its root has one of the names.
func readSmall(r io.Reader, names ...string) (*node, error) {
	s := newScanner(newInput(r, maxSmall))
	root, err := s.root(names...)
	if err != nil {
		return nil, err
	}
	n, err := s.whole(root)
	if err != nil {
		return nil, err
	}
	if e := n.kid("error"); e != nil {
		return nil, siteError(e)
	}
	return n, nil
}

// siteError is what the site says instead of an answer.
func siteError(n *node) error {
	text := printable(n.allText(), maxErrorText)
	if text == "" {
		text = "(no text)"
	}
	return &roster.Failure{Reason: roster.ReasonRejected, Err: fmt.Errorf("the site answers with an error: %s", text)}
}
