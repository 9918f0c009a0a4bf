package admin

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"rollcall/internal/pipeline"
	"rollcall/internal/roster"
)

// The results of transactions.
const (
	committed = "committed"
	failed    = "failed" // not written, of unknown end, or what was written before could not be read back
)

type metrics struct {
	registry *prometheus.Registry

	polls        *prometheus.CounterVec
	pollTook     *prometheus.HistogramVec
	bytes        *prometheus.GaugeVec
	clients      *prometheus.GaugeVec
	events       *prometheus.CounterVec
	transactions *prometheus.CounterVec
	publishTook  *prometheus.HistogramVec
	lastAccepted *prometheus.GaugeVec
	headroom     *prometheus.GaugeVec
	held         *prometheus.GaugeVec
	oversize     *prometheus.GaugeVec
	owned        prometheus.Gauge
	tokens       *prometheus.CounterVec
	rateLimit    *prometheus.GaugeVec
	blind        *prometheus.CounterVec
}

func newMetrics() *metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"site"}, labels...))
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"site"}, labels...))
		r.MustRegister(g)
		return g
	}
	duration := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"site"})
		r.MustRegister(h)
		return h
	}
	m := &metrics{
		registry:     r,
		polls:        counter("rollcall_polls_total", "Polls by result: accepted, or why they failed.", "result"),
		pollTook:     duration("rollcall_poll_duration_seconds", "From the request to the end of the answer, failed polls included.", []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120}),
		bytes:        gauge("rollcall_snapshot_bytes", "Size of the last accepted answer, uncompressed."),
		clients:      gauge("rollcall_clients", "Clients connected, as last published.", "type"),
		events:       counter("rollcall_events_total", "Records published to the events topic.", "type"),
		transactions: counter("rollcall_transactions_total", "Transactions by result.", "result"),
		publishTook:  duration("rollcall_publish_duration_seconds", "From the start of a transaction to its acknowledgement.", []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}),
		lastAccepted: gauge("rollcall_last_accepted_snapshot_timestamp_seconds", "When the last accepted answer was received."),
		headroom:     gauge("rollcall_event_log_headroom_ratio", "Of the tightest event log: 1 nothing new, 0 entries were or may soon be lost."),
		held:         gauge("rollcall_held_disconnects", "Disconnects held back until they are confirmed."),
		oversize:     gauge("rollcall_oversize_clients", "Clients that are not published, because their records are larger than the broker takes."),
		owned:        prometheus.NewGauge(prometheus.GaugeOpts{Name: "rollcall_owned_sites", Help: "Sites this instance polls; 0 on a standby."}),
		tokens:       counter("rollcall_token_requests_total", "Requests for an access token by result.", "result"),
		rateLimit:    gauge("rollcall_rate_limit_remaining", "Requests the API account has left, as the site last told."),
		blind:        counter("rollcall_blind_seconds_total", "Time covered by gaps, counted when a gap ends."),
	}
	r.MustRegister(m.owned)
	return m
}

// begin makes the counters of a site start at nothing, so that the first count is seen as a rise.
func (m *metrics) begin(site string) {
	for _, result := range append([]string{accepted}, reasons...) {
		m.polls.WithLabelValues(site, result)
	}
	for _, result := range []string{committed, failed} {
		m.transactions.WithLabelValues(site, result)
	}
	for _, t := range roster.EventTypes {
		m.events.WithLabelValues(site, string(t))
	}
	for _, result := range tokenResults {
		m.tokens.WithLabelValues(site, result)
	}
	m.blind.WithLabelValues(site)
}

// forget takes back what describes a moment; what counts stays.
func (m *metrics) forget(site string) {
	of := prometheus.Labels{"site": site}
	for _, g := range []*prometheus.GaugeVec{m.bytes, m.clients, m.lastAccepted, m.headroom, m.held, m.oversize, m.rateLimit} {
		g.DeletePartialMatch(of)
	}
}

// count takes in what a report adds. A poll that could not be published counts as failed, as it does in the gap.
func (m *metrics) count(r pipeline.Report) {
	switch {
	case r.Err != nil:
		m.polls.WithLabelValues(r.Site, roster.ReasonKafka).Inc()
		m.transactions.WithLabelValues(r.Site, failed).Inc()
	case r.Failure != nil:
		m.polls.WithLabelValues(r.Site, resultOf(r.Failure.Reason)).Inc()
	case r.Snapshot != nil:
		m.polls.WithLabelValues(r.Site, accepted).Inc()
	}
	if r.PollTook > 0 {
		m.pollTook.WithLabelValues(r.Site).Observe(r.PollTook.Seconds())
	}
	if r.Err == nil && r.Publish > 0 {
		m.transactions.WithLabelValues(r.Site, committed).Inc()
		m.publishTook.WithLabelValues(r.Site).Observe(r.Publish.Seconds())
	}
	for _, e := range r.Events {
		m.events.WithLabelValues(r.Site, string(e.Type)).Inc()
	}
	m.blind.WithLabelValues(r.Site).Add(max(0, r.Blind.Seconds()))
}

// show sets what describes the moment of the last accepted poll.
func (m *metrics) show(s *standing) {
	for t, n := range s.clients {
		m.clients.WithLabelValues(s.Name, t).Set(float64(n))
	}
	m.lastAccepted.WithLabelValues(s.Name).Set(float64(s.accepted.ReceivedAt.UnixMilli()) / 1000)
	m.headroom.WithLabelValues(s.Name).Set(s.headroom)
	m.held.WithLabelValues(s.Name).Set(float64(s.held))
	m.oversize.WithLabelValues(s.Name).Set(float64(s.oversize))
	m.bytes.WithLabelValues(s.Name).Set(float64(s.bytes))
}

// Token counts a request for an access token: result is "ok", "refused" or "error".
func (b *Board) Token(site, result string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.sites[site]; ok {
		b.metrics.tokens.WithLabelValues(site, tokenResultOf(result)).Inc()
	}
}

// RateLimit says how many requests the API account of a site has left. It is shown while the site is owned.
func (b *Board) RateLimit(site string, remaining int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.sites[site]; ok && s.owned {
		b.metrics.rateLimit.WithLabelValues(site).Set(float64(remaining))
	}
}
