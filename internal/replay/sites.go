package replay

import (
	"context"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Sites are the names of all sites that something was ever published of, sorted.
func (r *Reader) Sites(ctx context.Context) ([]string, error) {
	topic := r.config.Topics.State
	n, err := partitions(ctx, r.client, topic)
	if err != nil {
		return nil, err
	}
	sites := map[string]bool{}
	for p := range int32(n) {
		l := &log{client: r.client, to: r.config.Logger, topic: topic, partition: p}
		if err := l.locate(ctx); err != nil {
			return nil, err
		}
		err := l.whole(ctx, func(record *kgo.Record) error {
			sites[string(record.Key)] = record.Value != nil
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	maps.DeleteFunc(sites, func(_ string, stands bool) bool { return !stands })
	return slices.Sorted(maps.Keys(sites)), nil
}
