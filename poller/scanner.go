package poller

import (
	"encoding/xml"
	"fmt"
	"io"
)

// kind tells tokens apart.
type kind int

const (
	startTag kind = iota
	endTag
	charData
)

// token is what a document is made of, once it has been found to be well-formed: names are local names, namespace
// declarations are gone, and so are comments and instructions.
type token struct {
	kind  kind
	name  string
	attrs []attr
	text  []byte // valid until the next token
}

type attr struct {
	name, value string
	redact      action
}

// scanner reads XML 1.0 with namespaces as encoding/xml does, and refuses what that lets pass. The list, each with
// its row in the tests: a declaration that is not first, not complete, or (with spaces around "=") of another
// encoding; instructions named like it; attributes without white space between them, twice by their name or by
// their namespace; prefixes that are bound to nothing or that must not be bound; names with stray colons or with a
// local part that is no name; references to surrogates; characters that XML does not allow, and broken UTF-8, in
// comments and instructions; text, references and CDATA outside of the root, a second root, an end without a
// start. DTDs are legal XML and refused: nothing that we read has one, and all that is dangerous in XML needs one.
type scanner struct {
	in     *input
	d      *xml.Decoder
	start  int64 // offset of the current token, without byte order mark
	open   []xml.Name
	scope  scope
	rooted bool // a root was seen
}

func newScanner(in *input) *scanner {
	in.skipBOM()
	s := &scanner{in: in, d: xml.NewDecoder(in)}
	s.d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) { return nil, wrongEncoding(charset) }
	return s
}

// next gives the next token; io.EOF after the end of a complete document.
func (s *scanner) next() (token, error) {
	for {
		s.in.forget(int(s.d.InputOffset() - s.start))
		s.start = s.d.InputOffset()
		raw, err := s.d.RawToken()
		if err != nil {
			return token{}, s.fault(err)
		}
		t, shown, err := s.check(raw)
		if err != nil {
			return token{}, malformed("byte %d: %w", s.start, err)
		}
		if shown {
			return t, nil
		}
	}
}

// check takes what the decoder accepted and refuses what it should not have. Comments and instructions are checked
// and not shown.
func (s *scanner) check(raw xml.Token) (t token, shown bool, err error) {
	src := s.in.token[:s.d.InputOffset()-s.start]
	switch x := raw.(type) {
	case xml.StartElement:
		t, err = s.startElement(x, src)
		return t, true, err
	case xml.EndElement:
		return token{kind: endTag, name: x.Name.Local}, true, s.endElement(x)
	case xml.CharData:
		if len(s.open) == 0 {
			return t, false, checkOutside(src)
		}
		return token{kind: charData, text: x}, true, checkReferences(src)
	case xml.Comment:
		return t, false, checkChars(x)
	case xml.ProcInst:
		return t, false, checkInstruction(x, src, s.start == 0)
	}
	return t, false, errDTD
}

func (s *scanner) startElement(x xml.StartElement, src []byte) (token, error) {
	if len(s.open) == 0 && s.rooted {
		return token{}, errSecondRoot
	}
	s.rooted = true
	if len(s.open) >= maxDepth {
		return token{}, fmt.Errorf("elements nested more than %d deep", maxDepth)
	}
	if err := checkStartTag(x, src); err != nil {
		return token{}, err
	}
	attrs, err := s.scope.enter(x, len(s.open))
	if err != nil {
		return token{}, err
	}
	s.open = append(s.open, x.Name)
	return token{kind: startTag, name: x.Name.Local, attrs: attrs}, nil
}

func (s *scanner) endElement(x xml.EndElement) error {
	last := len(s.open) - 1
	if last < 0 {
		return fmt.Errorf("</%s> ends nothing", quoteName(x.Name))
	}
	if s.open[last] != x.Name {
		return fmt.Errorf("<%s> is ended by </%s>", quoteName(s.open[last]), quoteName(x.Name))
	}
	s.scope.leave(last)
	s.open = s.open[:last]
	return nil
}

// fault says why the decoder gave up.
func (s *scanner) fault(err error) error {
	switch {
	case s.in.err != nil:
		return s.in.err
	case err == io.EOF && s.rooted && len(s.open) == 0: //nolint:errorlint // an error that wraps io.EOF is not the end
		return io.EOF
	case s.in.ended && len(s.open) > 0:
		return malformed("the answer ends early, after %d bytes, inside <%s>", s.in.bytes, quoteName(s.open[len(s.open)-1]))
	case s.in.ended:
		return malformed("the answer ends early, after %d bytes", s.in.bytes)
	}
	return malformed("byte %d: %s", s.start, decoderText(err))
}
