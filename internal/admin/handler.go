package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler answers /healthz, /readyz, /metrics, /status and /, to GET and HEAD.
func (b *Board) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", b.healthz)
	mux.HandleFunc("/readyz", b.readyz)
	mux.HandleFunc("/status", b.status)
	mux.HandleFunc("/{$}", b.page)
	mux.Handle("/metrics", promhttp.HandlerFor(b.metrics.registry, promhttp.HandlerOpts{}))
	return guarded(mux)
}

// guarded answers nothing but questions, and tells browsers to trust the answers with nothing.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "this can only be read", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// healthz says that the process is alive, and nothing about sites or Kafka: starting it anew would help neither.
func (b *Board) healthz(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "alive\n") }

func (b *Board) readyz(w http.ResponseWriter, _ *http.Request) {
	st := b.Status()
	var body strings.Builder
	fmt.Fprintln(&body, st.Says)
	for _, s := range st.Sites {
		if s.Owned {
			fmt.Fprintf(&body, "%s: %s\n", s.Site, s.Says)
		}
	}
	code := http.StatusOK
	if !st.Ready {
		code = http.StatusServiceUnavailable
	}
	text(w, code, body.String())
}

func text(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	io.WriteString(w, body)
}

func (b *Board) status(w http.ResponseWriter, _ *http.Request) {
	body, err := json.MarshalIndent(b.Status(), "", "  ")
	if err != nil {
		http.Error(w, "the status cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(body, '\n'))
}

// stopWithin bounds how long answers under way may hold up the stop.
const stopWithin = 2 * time.Second

// Serve answers on ln until ctx ends, which is no error. It closes ln.
func (b *Board) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           b.Handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := server.Shutdown(stopCtx); err != nil {
		server.Close() // whoever still reads has had time enough
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", ln.Addr(), err)
	}
	return nil
}
