package poller

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCount: the sum of the counts of the types asked for, over all appliances.
func TestCount(t *testing.T) {
	t.Parallel()
	const list = `<connected_client_list xmlns="urn:x"><connected_client_summary>
		<appliance_summary id="a"><count type="representative">3</count><count type="support_customer">10</count>
			<count type="pinned_client">100</count><count type="web_visitor">1</count></appliance_summary>
		<appliance_summary id="b"><count type="representative"> 4 </count><other type="representative">9</other></appliance_summary>
		</connected_client_summary></connected_client_list>`
	summary := func(inner string) string {
		return "<connected_client_list><connected_client_summary><appliance_summary>" + inner +
			"</appliance_summary></connected_client_summary></connected_client_list>"
	}
	for _, row := range []struct{ name, types, doc, asked, want string }{
		{"all, but for pinned ones, which are no clients that we see", "all", list, "all", "18"},
		{"some", "representative,push_agent", list, "representative,push_agent", "7"},
		{"nobody", "all", "<connected_client_list><connected_client_summary/></connected_client_list>", "all", "0"},
		{"no summary", "all", "<connected_client_list/>", "all",
			"malformed: get_connected_client_list: no <connected_client_summary> in the answer"},
		{"no number", "all", summary(`<count type="representative">many</count>`), "all",
			"malformed: get_connected_client_list: a count that is no number"},
		{"less than none", "all", summary(`<count type="representative">-1</count>`), "all",
			"malformed: get_connected_client_list: a count that is no number"},
		{"an error", "all", "<connected_client_list><error>no</error></connected_client_list>", "all",
			"rejected: get_connected_client_list: the site answers with an error: no"},
		{"another document", "all", clients(""), "all",
			"malformed: get_connected_client_list: the root element is <connected_clients>, not <connected_client_list>"},
		{"more than a document", "all", "<connected_client_list/>x", "all",
			"malformed: get_connected_client_list: byte 24: text outside of the root element"},
		{"a cut document", "all", list[:300], "all", "malformed: get_connected_client_list: the answer ends early, after 300 bytes, inside <appliance_summary>"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeSite{answer: answers(row.doc)}
			s := f.serve(t, func(c *Config) { c.Types = strings.Split(row.types, ",") })
			n, err := s.Count(t.Context())
			got := fmt.Sprint(n)
			if err != nil {
				got = saysOf(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("count (-want +got):\n%s", diff)
			}
			want := "GET /api/command action=get_connected_client_list&summary_only=1&type=" + row.asked
			if asked := query(f.requests()[0]); asked != want {
				t.Errorf("asked %q, want %q", asked, want)
			}
		})
	}
}

func TestPermission(t *testing.T) {
	t.Parallel()
	ahead := time.Now().Add(time.Hour)
	for _, row := range []struct {
		name, doc string
		want      Info
		skewed    bool
	}{
		{"as on the wire", fmt.Sprintf(`<api_information xmlns="urn:x"><api_version>1.24.1</api_version><timestamp>%d</timestamp>
			<permissions><permission name="perm_reporting">deny</permission><permission name="perm_command">read_only</permission></permissions>
			</api_information>`, ahead.Unix()), Info{APIVersion: "1.24.1", Command: "read_only"}, true},
		{"as in older text", "<get_api_info><api_version>1.10</api_version></get_api_info>", Info{APIVersion: "1.10"}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := &fakeSite{answer: answers(row.doc)}
			got, err := f.serve(t, nil).Permission(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if row.skewed && (!about(got.ServerTime, ahead) || (got.Skew-time.Hour).Abs() > time.Minute) {
				t.Errorf("server time %v, skew %s, want an hour ahead", got.ServerTime, got.Skew)
			}
			got.ServerTime, got.Skew = time.Time{}, 0
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}
			if want := "GET /api/command action=get_api_info"; query(f.requests()[0]) != want {
				t.Errorf("asked %q, want %q", query(f.requests()[0]), want)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	f := &fakeSite{answer: answers(`<health_check xmlns="urn:x"><appliance id="1">a.example.com</appliance><version>25.1.2</version>
		<success>0</success><error_message>Disk
		full</error_message><failover_role>backup</failover_role></health_check>`)}
	got, err := f.serve(t, nil).Health(t.Context())
	want := Health{Message: "Disk full", FailoverRole: "backup", Version: "25.1.2", Hostname: "a.example.com"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, health (-want +got):\n%s", err, diff)
	}
}
