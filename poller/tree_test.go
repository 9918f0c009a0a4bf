package poller

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
)

// tree is an element; one without a name is text.
type tree struct {
	name  string
	attrs map[string]string
	kids  []*tree
	text  string
}

// parse gives the root of a document that encoding/xml accepts.
func parse(doc []byte) (*tree, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	top := &tree{}
	open := []*tree{top}
	for {
		token, err := d.Token()
		if err == io.EOF { //nolint:errorlint // an error that wraps io.EOF is not the end
			break
		}
		if err != nil {
			return nil, err
		}
		in := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			e := &tree{name: t.Name.Local, attrs: map[string]string{}}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.attrs[a.Name.Local] = strings.Trim(a.Value, blank)
				}
			}
			in.kids = append(in.kids, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			in.kids = append(in.kids, &tree{text: string(t)})
		}
	}
	if roots := top.elements(); len(roots) == 1 {
		return roots[0], nil
	}
	return nil, errors.New("not one root")
}

func (e *tree) elements() (found []*tree) {
	for _, k := range e.kids {
		if k.name != "" {
			found = append(found, k)
		}
	}
	return found
}

// words is the text directly in an element.
func (e *tree) words() string {
	s := ""
	for _, k := range e.kids {
		s += k.text
	}
	return strings.Trim(s, blank)
}

// content is the text of an element, or its inner XML.
func (e *tree) content() string {
	if len(e.elements()) == 0 {
		return e.words()
	}
	var parts []string
	for _, k := range e.kids {
		switch {
		case k.name != "":
			parts = append(parts, k.markup())
		case e.words() != "":
			parts = append(parts, escaped(k.text))
		}
	}
	if e.words() == "" {
		sort.Strings(parts)
	}
	return strings.Trim(strings.Join(parts, ""), blank)
}

func escaped(s string) string {
	for _, pair := range [][2]string{{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {`"`, "&quot;"}, {"\r", "&#13;"}} {
		s = strings.ReplaceAll(s, pair[0], pair[1])
	}
	return s
}

func (e *tree) markup() string {
	var attrs []string
	for name := range e.attrs {
		attrs = append(attrs, name)
	}
	sort.Strings(attrs)
	tag := e.name
	for _, name := range attrs {
		tag += fmt.Sprintf(` %s="%s"`, name, escaped(e.attrs[name]))
	}
	content := e.content()
	if len(e.elements()) == 0 {
		content = escaped(content)
	}
	if content == "" {
		return "<" + tag + "/>"
	}
	return "<" + tag + ">" + content + "</" + e.name + ">"
}
