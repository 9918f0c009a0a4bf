package poller

import (
	"bufio"
	"bytes"
	"io"
)

const utf8BOM = "\xEF\xBB\xBF"

// input hands a document to the decoder byte by byte. It remembers the bytes of the current token, since the decoder
// is laxer than XML in ways that only the bytes show, and it stops before a token, a client or the document
// outgrows its limit, since the decoder would hold all of it.
type input struct {
	r     *bufio.Reader
	bytes int64  // handed out, and the byte order mark
	max   int64  // bytes of the document
	fence int64  // the value of bytes that the current client may not pass; 0 outside of clients
	token []byte // the bytes of the current token, and at most one that follows it
	ended bool   // the decoder asked for more than there is
	err   error  // why there is no more, other than by the end of the document
}

func newInput(r io.Reader, max int64) *input {
	return &input{r: bufio.NewReaderSize(r, 64<<10), max: max}
}

// head gives the first bytes without taking them. It is short only where the document is.
func (in *input) head() []byte {
	head, err := in.r.Peek(1 << 10)
	if err != nil && err != io.EOF && len(head) == 0 {
		in.err = err
	}
	return head
}

// skipBOM takes a byte order mark; encoding/xml would give it out as text before the root.
func (in *input) skipBOM() {
	if bytes.HasPrefix(in.head(), []byte(utf8BOM)) {
		n, _ := in.r.Discard(len(utf8BOM))
		in.bytes += int64(n)
	}
}

// ReadByte is what the decoder calls.
func (in *input) ReadByte() (byte, error) {
	if in.err != nil {
		return 0, in.err
	}
	b, err := in.r.ReadByte()
	if err == io.EOF { //nolint:errorlint // an error that wraps io.EOF is not the end
		in.ended = true
		return 0, err
	}
	if err == nil {
		in.bytes++
		in.token = append(in.token, b)
		err = in.passed()
	}
	in.err = err
	return b, err
}

func (in *input) passed() error {
	switch {
	case in.bytes > in.max:
		return malformed("the answer has more than %d bytes", in.max)
	case len(in.token) > maxToken:
		return malformed("byte %d: a tag, text or comment of more than %d bytes", in.bytes, maxToken)
	case in.fence > 0 && in.bytes > in.fence:
		return malformed("byte %d: a client of more than %d bytes", in.bytes, maxClient)
	}
	return nil
}

// Read is there because the decoder takes an io.Reader; it calls ReadByte alone.
func (in *input) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := in.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// forget drops the bytes of a token, but not what was read past it.
func (in *input) forget(n int) {
	in.token = in.token[:copy(in.token, in.token[n:])]
}
