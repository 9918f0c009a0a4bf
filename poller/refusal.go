package poller

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"rollcall/internal/roster"
)

// malformed is the failure of an answer that is not one complete, well-formed document.
func malformed(format string, args ...any) error {
	return &roster.Failure{Reason: roster.ReasonMalformed, Err: fmt.Errorf(format, args...)}
}

// apiError is what the vendor's API says in JSON where it says no: {"error":"access_denied","message":"…"}.
type apiError struct {
	Code    string `json:"error"`
	Message string `json:"message"`
}

func (e *apiError) Error() string {
	text := "the site answers with the error " + printable(e.Code, maxQuote)
	if e.Message != "" {
		text += ": " + printable(e.Message, maxErrorText)
	}
	return text
}

// refusesToken says whether the vendor means that the token is bad or has expired.
func (e *apiError) refusesToken() bool {
	return e.Code == "access_denied" || e.Code == "invalid_token"
}

// parseAPIError gives the error in a JSON body, or nil where there is none.
func parseAPIError(body []byte) *apiError {
	var e apiError
	if err := json.Unmarshal(body, &e); err != nil || e.Code == "" {
		return nil //nolint:nilerr // a body that is no JSON holds no such error
	}
	return &e
}

var (
	htmlStart = regexp.MustCompile(`(?i)^<(!doctype\s+html|html|head|body)\b`)
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>([^<]*)`)
)

// strange says what came where it cannot be XML; nil where it may be. It takes bytes only where it says something.
func (in *input) strange() error {
	head := in.head()
	text := bytes.TrimLeft(head, blank)
	switch {
	case in.err != nil:
		return in.err
	case len(text) == 0 && len(head) < 1<<10:
		return malformed("the answer is empty")
	case len(text) == 0:
		return nil // only white space so far
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")), bytes.IndexByte(head, 0) >= 0:
		return malformed("the answer is in UTF-16 or no text at all, only XML in UTF-8 is read")
	case text[0] == '{' || text[0] == '[':
		return in.strangeJSON(text)
	case htmlStart.Match(text):
		return malformed("the answer is an HTML page%s", pageTitle(text))
	case text[0] != '<':
		return malformed("the answer is no XML, it begins with %q", printable(string(text), maxQuote))
	}
	return nil
}

func (in *input) strangeJSON(text []byte) error {
	body, err := io.ReadAll(io.LimitReader(in.r, maxSmall))
	if err != nil {
		return err
	}
	if e := parseAPIError(body); e != nil {
		return &roster.Failure{Reason: roster.ReasonRejected, Err: e}
	}
	return malformed("the answer is JSON, it begins with %q", printable(string(text), maxQuote))
}

func pageTitle(page []byte) string {
	m := htmlTitle.FindSubmatch(page)
	if m == nil {
		return ""
	}
	return fmt.Sprintf(" with the title %q", printable(string(m[1]), maxQuote))
}

// decoderText is what the decoder found wrong, without its own way of counting and without what it cannot know to be
// printable.
func decoderText(err error) string {
	text := err.Error()
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		text = syntax.Msg
	}
	if inner := errors.Unwrap(err); inner != nil {
		text = inner.Error()
	}
	return printable(text, maxErrorText)
}

// printable is text that may stand in an error and on a terminal: at most n characters, one line, nothing but
// graphic characters and single spaces.
func printable(s string, n int) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		if n--; n < 0 {
			return b.String() + "…"
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if !unicode.IsGraphic(r) {
			r = unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	return b.String()
}

func quoteName(n xml.Name) string {
	if n.Space == "" {
		return printable(n.Local, maxQuote)
	}
	return printable(n.Space+":"+n.Local, maxQuote)
}
