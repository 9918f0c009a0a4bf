package arch

// arrows says which of our packages a package may import; its tests may import the peers too. A package that does not
// stand here fails the test: give it its place first.
var arrows = map[string][]string{
	"cmd/rollcall":               {"poller", "differ", "sink", "schemas", "internal/roster", "internal/access", "internal/admin", "internal/pipeline", "internal/replay", "internal/broker", "internal/sim"},
	"poller":                     {"internal/roster"},
	"differ":                     {"internal/roster"},
	"sink":                       {"internal/roster", "internal/access"},
	"schemas":                    {"internal/roster"},
	"schemas/schematest":         {"schemas"},
	"internal/roster":            {},
	"internal/access":            {},
	"internal/pipeline":          {"differ", "internal/roster"},            // the differ is pure; what touches the world comes in as an interface
	"internal/admin":             {"internal/roster", "internal/pipeline"}, // shows people what the cycle reports
	"internal/replay":            {"internal/roster", "internal/access"},
	"internal/broker":            {"internal/roster", "internal/access"},
	"internal/broker/brokertest": {"internal/access", "internal/broker"},
	"internal/sim":               {},
	"internal/arch":              {},
}

// peers are what the tests of any package may use besides: the other end of a connection, speaking its real protocol,
// and the published schemas. What ends in "test" is for tests alone.
var peers = []string{"internal/sim", "internal/broker", "internal/broker/brokertest", "schemas", "schemas/schematest"}

// testArrows says what the tests of one package may import besides its arrows and the peers.
var testArrows = map[string][]string{
	"internal/pipeline": {"poller", "sink", "internal/access", "internal/replay"}, // one cycle, with everything real
}

// unpeered are the packages whose tests see nothing of ours but what the package itself may import, so that a mistake
// on one side of a connection cannot cancel out with the same mistake on the other.
var unpeered = []string{"internal/sim"}

// A place is where a library may be imported.
type place struct {
	library   string   // its path, or the start of it
	in        []string // in these packages, and in their tests
	testsOnly bool     // and in the tests of whatever package, but nowhere else
	reason    string
}

// places holds for each library the first row whose path it starts with. A library without a row is allowed nowhere.
var places = []place{
	{library: "github.com/segmentio/kafka-go", in: []string{"sink"}, reason: "kafka-go writes"},
	{library: "github.com/twmb/franz-go", in: []string{"internal/replay", "internal/broker", "internal/broker/brokertest"}, reason: "franz-go reads"},
	{library: "golang.org/x/oauth2", in: []string{"poller"}, reason: "signing in belongs to the poller"},
	{library: "golang.org/x/time", in: []string{"poller", "internal/sim"}, reason: "asking at a rate belongs to the poller, refusing to the site"},
	{library: "github.com/kelseyhightower/envconfig", in: []string{"cmd/rollcall"}, reason: "only main reads the environment"},
	{library: "github.com/spf13/cobra", in: []string{"cmd/rollcall"}, reason: "only main has commands"},
	{library: "github.com/spf13/pflag", in: []string{"cmd/rollcall"}, reason: "only main has flags"},
	{library: "golang.org/x/term", in: []string{"cmd/rollcall"}, reason: "only main has a terminal"},
	{library: "github.com/prometheus/", in: []string{"internal/admin"}, reason: "metrics are counted where reports arrive"},
	{library: "golang.org/x/sync", in: []string{"cmd/rollcall", "internal/pipeline", "internal/replay", "internal/sim"}, reason: "goroutines belong to whoever runs the parts"},
	{library: "go.uber.org/zap", in: []string{"cmd/rollcall", "poller", "sink", "internal/pipeline", "internal/replay", "internal/broker"}, reason: "loggers are passed in to what acts; what decides does not log"},
	{library: "github.com/google/go-cmp", testsOnly: true, reason: "its own documentation says it is for tests"},
	{library: "github.com/santhosh-tekuri/jsonschema", in: []string{"schemas/schematest"}, testsOnly: true, reason: "records are validated in tests, not while they are published"},
}

// drawers are names that say nothing of what is inside.
var drawers = []string{"util", "utils", "common", "models", "types", "helpers"}
