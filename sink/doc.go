// Package sink writes what happened at a site to Kafka: one batch, one transaction over the three topics, or nothing.
//
// A Writer writes for one site. Publish returns nil only after the broker has acknowledged the commit; after a
// *roster.TooLargeError nothing was sent; after any other error nobody knows what became of the transaction until
// Claim has ended it. No error inside a transaction is repaired, which is why there is no retry queue, no buffer and
// no goroutine here. DESIGN.md beside this file says what a crash leaves at each point.
//
// Layout knows how the topics must be set up. Lines writes the same records as JSON lines, for a dry run.
package sink
