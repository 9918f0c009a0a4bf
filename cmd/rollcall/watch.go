package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"rollcall/internal/admin"
	"rollcall/internal/pipeline"
	"rollcall/poller"
)

// watched is a configured site with its one way in: the token and the rate limit belong to the process, not to a period
// of ownership.
type watched struct {
	config SiteConfig
	source *poller.Site
	scope  string
	cycle  *pipeline.Cycle // nil until the site is ours for the first time; one goroutine at a time has the site
}

func watch(c SiteConfig, board *admin.Board, log *zap.Logger) (*watched, error) {
	redact, err := c.redaction()
	if err != nil {
		return nil, err
	}
	url, err := poller.ParseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", c.Name, err)
	}
	source, err := poller.New(poller.Config{
		URL: url, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Types: c.Types,
		Interval: c.Interval, MaxDuty: c.MaxDuty, Timeout: c.Timeout, MaxBytes: c.MaxBytes, RootCAs: c.RootCAs,
		Redact: redact, UserAgent: "rollcall/" + versionNumber(), Logger: log.With(zap.String("site", c.Name)),
		OnToken: func(result string) { board.Token(c.Name, result) },
	})
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", c.Name, err)
	}
	return &watched{config: c, source: source, scope: scopeOf(c, redact.Fingerprint())}, nil
}

func (c SiteConfig) redaction() (poller.Redaction, error) {
	var key []byte
	if c.RedactKey != nil {
		text, err := c.RedactKey()
		if err != nil {
			return poller.Redaction{}, err
		}
		key = []byte(text)
	}
	return poller.ParseRedaction(c.Redact, key)
}

// scopeOf is a digest of what is asked for and how it is published: when it differs, what is seen differs for reasons that
// lie with us, and a new epoch begins.
func scopeOf(c SiteConfig, redaction string) string {
	text, err := json.Marshal([]any{c.Name, c.URL, slices.Sorted(slices.Values(c.Types)), redaction})
	if err != nil {
		panic(err) // strings can be written as JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// newCycle is the site's cycle, without the publisher and the memory.
func (w *watched) newCycle(observe func(pipeline.Report), log *zap.Logger) *pipeline.Cycle {
	c := w.config
	ignore := make(map[string]bool, len(c.Ignore))
	for _, field := range c.Ignore {
		ignore[field] = true
	}
	return pipeline.New(pipeline.Config{
		Site: c.Name, Scope: w.scope, Types: c.Types, Interval: c.Interval, Ignore: ignore,
		Hold:       pipeline.HoldPolicy{Percent: c.Hold.Percent, Min: c.Hold.Min, Polls: c.Hold.Polls, Max: c.Hold.Max},
		Checkpoint: c.Checkpoint,
		Source:     w.source, Observe: observe, Log: log.With(zap.String("site", c.Name)),
	})
}
