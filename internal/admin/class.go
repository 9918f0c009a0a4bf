package admin

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"

	"rollcall/internal/roster"
)

// The results of polls beside the reasons for their failure, and the class of whatever is not known.
const (
	accepted = "accepted"
	unknown  = "other"
)

// reasons are the classes of a failed poll.
var reasons = []string{roster.ReasonTimeout, roster.ReasonHTTP, roster.ReasonAuth, roster.ReasonRateLimit,
	roster.ReasonMalformed, roster.ReasonRejected, roster.ReasonKafka}

func resultOf(reason string) string {
	if slices.Contains(reasons, reason) {
		return reason
	}
	return unknown
}

// tokenResults are the results of requests for a token, as the poller names them.
var tokenResults = []string{"ok", "refused", "error"}

func tokenResultOf(result string) string {
	if slices.Contains(tokenResults, result) {
		return result
	}
	return unknown
}

// classOf is the class of an error of Kafka. Its text may name hosts and topics, and is for the log.
func classOf(err error) string {
	var large *roster.TooLargeError
	var network net.Error
	switch {
	case errors.Is(err, roster.ErrFenced):
		return "fenced"
	case errors.Is(err, roster.ErrUnreadable):
		return "unreadable"
	case errors.As(err, &large):
		return "too_large"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network):
		return "unreachable"
	}
	return "refused"
}
