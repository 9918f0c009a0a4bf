package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"rollcall/internal/roster"
)

// Roster is who is connected to the site, as last published: what the records of the clients topic come to, record by
// record. Where some of them cannot be read the error is a roster.ErrUnreadable, and the roster holds what can be,
// and in place of each that cannot a client with nothing but its key.
func (r *Reader) Roster(ctx context.Context, site string) (*roster.Roster, error) {
	clients := map[string]*roster.Client{}
	unreadable := map[string]error{}
	prefix := site + "/"
	err := r.all(ctx, r.config.Topics.Clients, site, func(record *kgo.Record) error {
		key := string(record.Key)
		if !strings.HasPrefix(key, prefix) {
			return nil
		}
		delete(unreadable, key)
		if record.Value == nil {
			delete(clients, key)
			return nil
		}
		client, err := decodeClient(key, record.Value, site)
		if errors.Is(err, errOther) {
			return nil
		}
		if err != nil {
			client, unreadable[key] = &roster.Client{Key: keyOf(key, site)}, err
		}
		clients[key] = client
		return nil
	})
	if err != nil {
		return nil, err
	}
	whole := &roster.Roster{Clients: make([]*roster.Client, 0, len(clients))}
	for _, c := range clients {
		whole.Clients = append(whole.Clients, c)
		whole.Window = max(whole.Window, len(c.Log))
	}
	roster.Sort(whole.Clients)
	return whole, told(unreadable)
}

// told makes one error of those of many records: how many, and one of them.
func told(unreadable map[string]error) error {
	for key, err := range unreadable {
		return fmt.Errorf("%w: %d records of the roster, one of them %s: %w", roster.ErrUnreadable, len(unreadable), key, err)
	}
	return nil
}

// errOther is said of a record about a site whose name begins with ours and a slash.
var errOther = errors.New("a record of another site")

func decodeClient(key string, value []byte, site string) (*roster.Client, error) {
	var v struct {
		Site   string
		Client struct {
			Type           roster.Type
			ID             string
			ConnectedSince string `json:"connected_since"`
		}
		State json.RawMessage
	}
	if err := json.Unmarshal(value, &v); err != nil {
		return nil, err
	}
	if v.Site != site && strings.HasPrefix(v.Site, site+"/") {
		return nil, errOther
	}
	k := roster.Key{Type: v.Client.Type, ID: v.Client.ID, Since: roster.ReadMoment("", v.Client.ConnectedSince)}
	if about := k.In(v.Site); about != key {
		return nil, fmt.Errorf("it is about %s", about)
	}
	if len(v.State) == 0 || v.State[0] != '{' {
		return nil, errors.New("it holds no state")
	}
	state, log, err := roster.SplitLog(v.State)
	if err != nil {
		return nil, err
	}
	if len(log) == 0 {
		log = nil // as it is for a client that was never published
	}
	return &roster.Client{Key: k, State: state, Log: log}, nil
}

// keyOf takes a client key apart, for a client of which nothing else can be read. k.In(site) gives the key again.
func keyOf(key, site string) roster.Key {
	rest := strings.TrimPrefix(key, site+"/")
	kind, rest, _ := strings.Cut(rest, "/")
	id, since := rest, ""
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		id, since = rest[:at], rest[at+1:]
	}
	k := roster.Key{Type: roster.Type(kind), ID: id, Since: roster.ReadMoment(since, "")}
	if k.In(site) != key {
		k.Since = roster.Moment{Text: since}
	}
	return k
}
