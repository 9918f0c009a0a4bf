package sim

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// page is an answer in XML on its way out: chunked, and compressed where the caller takes that.
type page struct {
	*bufio.Writer
	w     http.ResponseWriter
	zip   *gzip.Writer // nil: not compressed
	spoil spoil
	over  func() bool // nobody waits for more
}

// openPage begins the answer. No length is put into its head, because it is flushed before it ends.
func (s *Site) openPage(w http.ResponseWriter, r *http.Request, sp spoil) *page {
	healed := s.untilHealed()
	p := &page{w: w, spoil: sp, over: func() bool { return isClosed(healed) || r.Context().Err() != nil }}
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	zipped := !s.config.NoGzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || sp.zip == zipCut
	var body io.Writer = w
	if zipped && sp.zip != zipFalse {
		p.zip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is a legal one
		body = p.zip
	}
	if zipped || sp.zip == zipFalse {
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.WriteHeader(http.StatusOK)
	p.Writer = bufio.NewWriterSize(body, 64<<10)
	return p
}

// push sends what was written so far. Errors show in the next write, or do not matter any more.
func (p *page) push() {
	_ = p.Flush()
	if p.zip != nil {
		_ = p.zip.Flush()
	}
	flush(p.w)
}

// done ends the answer as HTTP wants it, and the compression, unless that is the fault.
func (p *page) done() {
	p.push()
	if p.zip != nil && p.spoil.zip != zipCut {
		_ = p.zip.Close()
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// errCut ends a document where it is.
var errCut = errors.New("the document is cut here")

// writeClients answers get_connected_clients with the clients that were there when they were listed.
func (s *Site) writeClients(w http.ResponseWriter, r *http.Request, clients []*Client, d drawing, sp spoil) {
	if sp.list != nil {
		clients = sp.list(clients)
	}
	p := s.openPage(w, r, sp)
	err := p.clients(clients, d, s.config.Namespace)
	if errors.Is(err, errCut) && sp.end != nil {
		p.push()
		sp.end(s, w, r)
		return
	}
	p.done()
}

// clients writes the whole document, with whatever spoils it.
func (p *page) clients(clients []*Client, d drawing, namespace string) error {
	root := "connected_clients"
	if p.spoil.root != "" {
		root = p.spoil.root
	}
	if p.spoil.prologue != "" {
		_, _ = p.WriteString(p.spoil.prologue)
	} else {
		_, _ = p.WriteString(declaration)
	}
	_, _ = p.WriteString("<" + root)
	_, _ = p.Write(attribute(nil, "xmlns", namespace))
	if len(clients) == 0 && p.spoil.middle == nil && !p.spoil.open {
		_, _ = p.WriteString("/>\n" + p.spoil.after)
		return nil
	}
	_, _ = p.WriteString(">\n")
	var buf []byte
	for i := range len(clients) + 1 {
		if i == len(clients)/2 && p.spoil.middle != nil {
			if err := p.spoil.middle(p, d); err != nil {
				return err
			}
		}
		if i == len(clients) {
			break
		}
		buf = d.client(buf[:0], clients[i])
		if _, err := p.Write(append(buf, '\n')); err != nil {
			return err
		}
	}
	if !p.spoil.open {
		_, _ = p.WriteString("</" + root + ">\n")
	}
	_, err := p.WriteString(p.spoil.after)
	return err
}
