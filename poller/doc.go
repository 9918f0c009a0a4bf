// Package poller takes attendance at one BeyondTrust Remote Support site: it signs in, asks for everybody who is
// connected, reads the answer, and says when the site may be asked again.
//
// Guarantees. A snapshot is made only from one complete, well-formed, error-free connected_clients document; anything
// else is a *roster.Failure that says what came instead and never a shorter roster. The same roster gives the same
// snapshot however it is written: namespaces, prefixes, the order of anything but of equal times in a log, white space,
// CDATA, references and comments mean nothing. What the vendor's page does not know is kept. What is to be redacted is
// gone before a client exists. Memory does not grow with what a hostile answer claims, only with the clients that it
// really holds. One request is in flight at a time, on a connection of its own; no more than one token is in use; the
// site is never kept busy for more than the share of the time that was configured. No error text holds a secret.
//
// Not promised: what happened and was undone between two answers is not seen, but for what the event log tells.
package poller
