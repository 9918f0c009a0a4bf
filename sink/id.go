package sink

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"rollcall/internal/roster"
)

// noID holds the place of an id.
const noID = "00000000-0000-0000-0000-000000000000"

// id makes the id of a record: the UUID version 8 (RFC 9562) of the first 16 bytes of the SHA-256 over site, epoch,
// seq, type, client key (empty on records about the site) and payload, each written as its length in bytes, a colon,
// itself and a comma, so that no two records run together. The payload is the text of the record from `before`
// onwards: what follows `client` (`time_source` on records about the site), without the comma in front and the brace
// at the end. Anyone who has the record can work it out again.
func id(e *roster.Event, payload []byte) string {
	key := ""
	if e.Client != nil {
		key = e.Client.In(e.Site)
	}
	h := sha256.New()
	var small [64]byte
	write := func(part []byte) { // a hash never fails to write
		h.Write(append(strconv.AppendInt(small[:0], int64(len(part)), 10), ':'))
		h.Write(part)
		h.Write([]byte{','})
	}
	write([]byte(e.Site))
	write(strconv.AppendInt(nil, e.Epoch, 10))
	write(strconv.AppendInt(nil, e.Seq, 10))
	write([]byte(e.Type))
	write([]byte(key))
	write(payload)
	return uuid8([16]byte(h.Sum(nil)))
}

// uuid8 marks the bytes as version 8 and writes them in groups.
func uuid8(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x80 // version
	b[8] = b[8]&0x3f | 0x80 // variant
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
