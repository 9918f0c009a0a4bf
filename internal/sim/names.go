package sim

// What people and machines are called. Some names hold what breaks careless readers: characters beyond ASCII, beyond
// the basic plane, and those that XML must escape.

var givenNames = []string{"Ana", "Björn", "Chloé", "Dmitri", "Elif", "Fatima", "Göran", "Hồng", "Ingrid", "João",
	"Kwame", "Łukasz", "Mónica", "Nils", "Óscar", "Priya", "Quentin", "Renée", "Søren", "Tomáš", "Ulrike", "Victor",
	"Wioletta", "Xiomara", "Yūki", "Zoë", "美咲", "Александра", "سارة", "Ελένη"}

var familyNames = []string{"Andersson", "Brontë", "Castañeda", "D'Angelo", "Esposito", "Fischer", "García", "Håkonsen",
	"Ivanova", "Jørgensen", "Kowalski", "Lefèvre", "Müller", "Nguyễn", "O'Brien", "Peña", "Quinn", "Rossi", "Szabó",
	"Tanaka", "Ünal", "van der Berg", "Wójcik", "Yılmaz", "Zemļinska", "北村", "Смирнова", "& Sons", "<Helpdesk>", "\"Junior\" Lee"}

var attendeeNames = []string{"Guest", "Room 4 & 5", "Conference <North>", "Überraschungsgast", "会議室", "iPad 📱"}

var hostStems = []string{"WS", "LAPTOP", "DESKTOP", "MAC", "SRV", "KIOSK", "POS", "ZÜRICH", "MÜNCHEN", "東京", "R&D", "hall-<b>"}

var jumpointNames = []string{"Jumpoint", "DMZ Jumpoint", "Datacenter & Backup", "Branch Zürich", "Werk <2>", "Lager Süd"}

type system struct{ id, name string }

var systems = []system{{"win", "Windows 11"}, {"win", "Windows 11"}, {"win", "Windows 10"}, {"mac", "macOS 15"},
	{"linux", "Linux"}, {"ios", "iOS 18"}, {"android", "Android 15"}, {"", "Unknown"}}

var serverSystems = []system{{"win", "Windows Server 2022"}, {"win", "Windows Server 2025"}, {"linux", "Linux"}}

var offsets = []string{"-28800", "-18000", "-12600", "0", "3600", "7200", "19800", "20700", "32400"}

var licenses = []string{"named", "concurrent", "full_support"}

// What happens to connections; the node follows, and often the reason.
const (
	saysBack      = "Connected to "
	saysLost      = "Lost connection to "
	saysFailed    = "Failed to connect to "
	saysNormal    = "Disconnected normally from "
	primaryNode   = "primary appliance"
	trafficPrefix = "traffic node "
)

var lossReasons = []string{"connection reset by peer (errno 104)", "no answer to keep-alive within 30 seconds",
	"network is unreachable", "TLS handshake <aborted> by \"proxy\" & closed"}
