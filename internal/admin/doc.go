// Package admin is how Rollcall stands, as seen from outside: health, readiness, metrics, a status document, and a plain
// page for people.
//
// Guarantees. Everything is read-only: nothing that can be asked here changes what Rollcall does. Nothing that a client
// of the site typed is shown, nor any text of an error, nor any secret; of failures there is only their class. The
// labels of the metrics are bounded: sites of the configuration, documented client types and "other", known results.
//
// Not promised: any protection of access. It answers whoever can reach its address.
package admin
