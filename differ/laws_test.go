package differ_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/differ"
	"rollcall/internal/roster"
)

// checkLaws checks whatever holds of any change at all.
func checkLaws(t *testing.T, c differ.Change) differ.Result {
	t.Helper()
	got := c.Diff()
	if diff := difference(slowly(c), got); diff != "" {
		t.Errorf("the slow differ says otherwise (-want +got):\n%s", diff)
	}
	checkStates(t, c, got)
	checkPointers(t, c, got)
	checkMissing(t, c, got)
	again := c
	again.Before, again.LastSeen, again.Baseline = got.Next, c.After.RequestedAt, false
	if events := again.Diff().Events; len(events) > 0 && !c.Baseline {
		t.Errorf("the same snapshot again says %v", events)
	}
	return got
}

// checkStates applies the events to the old roster and wants the new one, its logs aside: which entries of a log are
// remembered, the slow differ says.
func checkStates(t *testing.T, c differ.Change, got differ.Result) {
	t.Helper()
	f := foldOf(c.Before)
	for _, k := range got.Gone {
		delete(f, k)
	}
	if err := f.apply(got.Events, got.Next.Window); err != nil {
		t.Error(err)
	}
	if diff := difference(statesOf(foldOf(got.Next)), statesOf(f)); diff != "" {
		t.Errorf("applying the events to the old roster gives another new one (-roster +fold):\n%s", diff)
	}
}

func statesOf(f fold) map[roster.Key]roster.State {
	m := map[roster.Key]roster.State{}
	for k, c := range f {
		m[k] = c.State
	}
	return m
}

// difference is cmp.Diff, which is only asked where a quicker look does not find the two equal.
func difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

func checkPointers(t *testing.T, c differ.Change, got differ.Result) {
	t.Helper()
	for _, now := range got.Next.Clients {
		was := c.Before.Find(now.Key)
		if was != nil && was != now && was.State == now.State && slices.Equal(was.Log, now.Log) {
			t.Errorf("%v is as it was, but has lost its pointer", now.Key)
		}
		if c.SetAside[now.Key] && was != now {
			t.Errorf("%v was set aside and is not as it was", now.Key)
		}
	}
	for _, e := range got.Events {
		if c.SetAside[*e.Client] {
			t.Errorf("%v was set aside, but a %s was said", *e.Client, e.Type)
		}
	}
}

// checkMissing compares Missing with what is said when nobody is set aside.
func checkMissing(t *testing.T, c differ.Change, got differ.Result) {
	t.Helper()
	if c.Baseline || len(c.SetAside) > 0 {
		return
	}
	var absent []roster.Key
	connected := 0
	for _, e := range got.Events {
		switch {
		case e.Reason == roster.ReasonAbsent:
			absent = append(absent, *e.Client)
		case e.Type == roster.ConnectEvent:
			connected++
		}
	}
	missing, arrived := differ.Missing(c.Before, c.After.Roster)
	if diff := difference(absent, missing); diff != "" {
		t.Errorf("missing are not those who are absent (-absent +missing):\n%s", diff)
	}
	if arrived != connected {
		t.Errorf("%d arrived, but %d connected", arrived, connected)
	}
}
