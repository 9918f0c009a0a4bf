package poller

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const blank = " \t\r\n" // white space as XML means it

var (
	errDTD        = errors.New("a document type definition (<!…>), which is refused unread")
	errSecondRoot = errors.New("a second root element")
	errOutside    = errors.New("text outside of the root element")
	errNoBlank    = errors.New("attributes without white space between them")
)

// checkStartTag refuses what the decoder accepts in a start tag.
func checkStartTag(x xml.StartElement, src []byte) error {
	if len(x.Attr) > maxAttributes {
		return fmt.Errorf("<%s> has %d attributes, more than %d", quoteName(x.Name), len(x.Attr), maxAttributes)
	}
	if err := checkName(x.Name); err != nil {
		return err
	}
	for _, a := range x.Attr {
		if err := checkName(a.Name); err != nil {
			return err
		}
		if len(a.Value) > maxAttribute {
			return fmt.Errorf("attribute %s of <%s> has more than %d bytes", quoteName(a.Name), quoteName(x.Name), maxAttribute)
		}
	}
	if len(x.Attr) == 0 {
		return nil
	}
	if !spacedAttributes(src) {
		return errNoBlank
	}
	return checkReferences(src)
}

// spacedAttributes says whether white space, or the end of the tag, follows each attribute value.
func spacedAttributes(tag []byte) bool {
	var quote byte
	for i, b := range tag {
		switch {
		case quote == 0 && (b == '"' || b == '\''):
			quote = b
		case quote != 0 && b == quote:
			quote = 0
			if i+1 < len(tag) && strings.IndexByte(blank+"/>", tag[i+1]) < 0 {
				return false
			}
		}
	}
	return true
}

// checkName wants a name of namespaces in XML: at most one colon, and a name on each side of it.
func checkName(n xml.Name) error {
	if len(n.Space) > maxName || len(n.Local) > maxName {
		return fmt.Errorf("a name of more than %d bytes", maxName)
	}
	if strings.Contains(n.Local, ":") || n.Space != "" && !startsName(n.Local) {
		return fmt.Errorf("%s is no name", quoteName(n))
	}
	return nil
}

// startsName says whether a name may start as s does; that the rest may be in a name the decoder has seen to.
func startsName(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	switch {
	case r >= '0' && r <= '9', r == '-', r == '.', r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return false // the characters of NameChar that are not in NameStartChar
	}
	return true
}

// checkReferences refuses references to surrogates, which the decoder turns into U+FFFD.
func checkReferences(src []byte) error {
	if bytes.HasPrefix(src, []byte("<![CDATA[")) {
		return nil
	}
	for {
		_, after, found := bytes.Cut(src, []byte("&#"))
		if !found {
			return nil
		}
		digits, rest, _ := bytes.Cut(after, []byte(";"))
		base := 10
		if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(string(digits), base, 32)
		if err != nil || !isChar(rune(n)) {
			return errors.New("a reference to a character that XML does not allow")
		}
		src = rest
	}
}

// checkChars refuses what is no character of XML; the decoder looks into text only.
func checkChars(text []byte) error {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 || !isChar(r) {
			return errors.New("a character that XML does not allow, in a comment or instruction")
		}
		text = text[size:]
	}
	return nil
}

// isChar is the production Char of XML 1.0.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD ||
		r >= 0x10000 && r <= 0x10FFFF
}

// checkOutside wants white space written as such.
func checkOutside(src []byte) error {
	if len(bytes.Trim(src, blank)) > 0 {
		return errOutside
	}
	return nil
}

// checkInstruction checks a processing instruction, or the XML declaration where it is the first thing there is.
func checkInstruction(x xml.ProcInst, src []byte, first bool) error {
	data := src[len("<?")+len(x.Target):]
	if !bytes.HasPrefix(data, []byte("?>")) && strings.IndexByte(blank, data[0]) < 0 {
		return fmt.Errorf("no white space after <?%s", printable(x.Target, maxQuote))
	}
	if x.Target == "xml" && first {
		return checkDeclaration(string(x.Inst))
	}
	if strings.EqualFold(x.Target, "xml") {
		return errors.New("an XML declaration that is not the beginning")
	}
	if strings.Contains(x.Target, ":") || len(x.Target) > maxName {
		return errors.New("an instruction whose name is none")
	}
	return checkChars(x.Inst)
}

var declaration = regexp.MustCompile(`^version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')` +
	`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?` +
	`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*$`)

func checkDeclaration(inst string) error {
	m := declaration.FindStringSubmatch(inst)
	if m == nil {
		return errors.New("an XML declaration that is none of XML 1.0")
	}
	if charset := m[1] + m[2]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return wrongEncoding(charset)
	}
	return nil
}

func wrongEncoding(charset string) error {
	return fmt.Errorf("the answer is declared to be in %s, only UTF-8 is read", printable(charset, maxQuote))
}
