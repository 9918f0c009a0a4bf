package sim

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// stall waits until the caller has gone, or the site is healed; then the connection breaks off.
func (s *Site) stall(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.untilHealed():
	}
	s.abort(w, r)
}

// abort closes the connection without the end of the answer.
func (s *Site) abort(http.ResponseWriter, *http.Request) {
	panic(http.ErrAbortHandler) // net/http's way of saying it
}

// reset closes the connection with a TCP reset.
func (s *Site) reset(w http.ResponseWriter, r *http.Request) {
	s.breakOff(w, r, func(c net.Conn) {
		if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS would say good-bye first
			c = wrapped.NetConn()
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	})
}

// cutChunk announces a chunk and closes the connection after a part of it.
func (s *Site) cutChunk(w http.ResponseWriter, r *http.Request) {
	s.breakOff(w, r, func(c net.Conn) {
		_, _ = io.WriteString(c, "ffff\r\n<hostname>WS")
	})
}

func (s *Site) breakOff(w http.ResponseWriter, r *http.Request, how func(net.Conn)) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // not a connection of its own, as in HTTP/2
		s.abort(w, r)
	}
	defer conn.Close()
	how(conn)
}

func (s *Site) emptyBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	w.WriteHeader(http.StatusOK)
}

func status(code int) func(*Site, http.ResponseWriter, *http.Request) {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		writeHTML(w, code, "<html><body><h1>"+strconv.Itoa(code)+" "+http.StatusText(code)+"</h1></body></html>\n")
	}
}

func html(page string) func(*Site, http.ResponseWriter, *http.Request) {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) { writeHTML(w, http.StatusOK, page) }
}

func (s *Site) busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", strconv.Itoa(retrySeconds))
	status(http.StatusServiceUnavailable)(s, w, r)
}

func (s *Site) busyUntil(w http.ResponseWriter, r *http.Request) {
	until := s.config.Now().Add(retrySeconds * time.Second).UTC()
	w.Header().Set("Retry-After", until.Format(http.TimeFormat))
	status(http.StatusServiceUnavailable)(s, w, r)
}

func (s *Site) tooMany(w http.ResponseWriter, _ *http.Request) { tooMany(w, retrySeconds) }

func (s *Site) redirect(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "/login")
	writeHTML(w, http.StatusFound, loginPage)
}

func (s *Site) jsonError(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"error": "server_error", "message": "The request could not be served."})
}

func (s *Site) errorRoot(w http.ResponseWriter, r *http.Request) {
	s.writeError(w, r, "The command could not be executed.")
}

func (s *Site) accessDenied(w http.ResponseWriter, _ *http.Request) { denyAccess(w) }

func (s *Site) invalidClient(w http.ResponseWriter, _ *http.Request) { refuseClient(w) }
