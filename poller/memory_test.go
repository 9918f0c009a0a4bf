package poller

import (
	"runtime"
	"time"
)

// peakOf is how much the heap grew at most while f ran, as sampled.
func peakOf(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	peak := make(chan uint64)
	go func() {
		top := before.HeapAlloc
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				peak <- top - before.HeapAlloc
				return
			case <-tick.C:
				runtime.ReadMemStats(&now)
				top = max(top, now.HeapAlloc)
			}
		}
	}()
	f()
	close(done)
	return <-peak
}
