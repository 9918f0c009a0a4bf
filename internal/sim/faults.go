package sim

import "net/http"

// The faults. Their names, and what they do, stand in the table below.
const (
	Stall Fault = iota
	StallMidway
	Reset
	ResetMidway
	CutChunk
	Endless
	Truncated
	Unclosed
	EmptyBody
	Status500
	Status502
	Status503
	Status503Date
	Status429
	Status404
	Redirect
	LoginPage
	MaintenancePage
	JSONError
	ErrorRoot
	ErrorChild
	AccessDenied
	WrongRoot
	UnclosedTag
	UnknownEntity
	ControlCharacter
	ControlReference
	DuplicateAttribute
	DTD
	EntityBomb
	ExternalEntity
	DeepNesting
	HugeAttribute
	NoID
	BlankID
	DoubledClient
	WrongCharset
	InvalidUTF8
	Garbage
	SecondRoot
	TruncatedGzip
	FalseGzip
	TokenDown
	InvalidClient
	NoToken
	EmptyList
	HalfList
	BackupRole
	Unhealthy
	numberOfFaults
)

const retrySeconds = 1 // what Retry-After of a fault asks for

var faults = [numberOfFaults]fault{
	Stall:           {name: "stall", says: "no byte comes, until the caller gives up", at: AtCommand, answer: (*Site).stall},
	StallMidway:     {name: "stall_midway", says: "half of the document, then nothing more", at: AtClients, spoil: spoil{middle: halfClient, end: (*Site).stall}},
	Reset:           {name: "reset", says: "the connection is reset instead of an answer", at: AtCommand, answer: (*Site).reset},
	ResetMidway:     {name: "reset_midway", says: "the connection is reset in the middle of the document", at: AtClients, spoil: spoil{middle: halfClient, end: (*Site).reset}},
	CutChunk:        {name: "cut_chunk", says: "the connection ends in the middle of a chunk", at: AtClients, spoil: spoil{middle: halfClient, end: (*Site).cutChunk}},
	Endless:         {name: "endless", says: "the document goes on and on", at: AtClients, spoil: spoil{middle: endless, end: (*Site).abort}},
	Truncated:       {name: "truncated", says: "complete HTTP, but the document ends inside of a client", at: AtClients, spoil: spoil{middle: halfClient}},
	Unclosed:        {name: "unclosed", says: "all clients, but the end of the root is missing", at: AtClients, spoil: spoil{open: true}},
	EmptyBody:       {name: "empty_body", says: "200 and no byte", at: AtCommand, answer: (*Site).emptyBody},
	Status500:       {name: "500", says: "status 500", at: AtCommand, answer: status(http.StatusInternalServerError)},
	Status502:       {name: "502", says: "status 502", at: AtCommand, answer: status(http.StatusBadGateway)},
	Status503:       {name: "503", says: "status 503 with Retry-After in seconds", at: AtCommand, answer: (*Site).busy},
	Status503Date:   {name: "503_date", says: "status 503 with Retry-After as a date", at: AtCommand, answer: (*Site).busyUntil},
	Status429:       {name: "429", says: "status 429 with Retry-After", at: AtCommand, answer: (*Site).tooMany},
	Status404:       {name: "404", says: "status 404", at: AtCommand, answer: status(http.StatusNotFound)},
	Redirect:        {name: "redirect", says: "status 302 to the login page", at: AtCommand, answer: (*Site).redirect},
	LoginPage:       {name: "login_page", says: "200 with the login page in HTML", at: AtCommand, answer: html(loginPage)},
	MaintenancePage: {name: "maintenance_page", says: "200 with a page in HTML that is well-formed XML", at: AtCommand, answer: html(maintenancePage)},
	JSONError:       {name: "json_error", says: "200 with an error in JSON", at: AtCommand, answer: (*Site).jsonError},
	ErrorRoot:       {name: "error_root", says: "200 with a document whose root is error", at: AtCommand, answer: (*Site).errorRoot},
	ErrorChild:      {name: "error_child", says: "200 with an error among the clients", at: AtClients, spoil: spoil{middle: insert(errorChild)}},
	AccessDenied:    {name: "access_denied", says: "401, though the token is good", at: AtCommand, answer: (*Site).accessDenied},

	WrongRoot:          {name: "wrong_root", says: "the clients stand under another root", at: AtClients, spoil: spoil{root: "connected_client_list"}},
	UnclosedTag:        {name: "unclosed_tag", says: "an element is not closed", at: AtClients, spoil: spoil{middle: insert(unclosedTag)}},
	UnknownEntity:      {name: "unknown_entity", says: "a reference to an entity that nobody declared", at: AtClients, spoil: spoil{middle: insert(unknownEntity)}},
	ControlCharacter:   {name: "control_character", says: "a character that XML does not allow", at: AtClients, spoil: spoil{middle: insert(controlCharacter)}},
	ControlReference:   {name: "control_reference", says: "a reference to a character that XML does not allow", at: AtClients, spoil: spoil{middle: insert(controlReference)}},
	DuplicateAttribute: {name: "duplicate_attribute", says: "a client with two ids", at: AtClients, spoil: spoil{middle: insert(duplicateAttribute)}},
	DTD:                {name: "dtd", says: "a document type declaration", at: AtClients, spoil: spoil{prologue: dtd}},
	EntityBomb:         {name: "entity_bomb", says: "entities that grow to gigabytes", at: AtClients, spoil: spoil{prologue: bomb, middle: insert(useOfBomb)}},
	ExternalEntity:     {name: "external_entity", says: "an entity that is a file of the reader's machine", at: AtClients, spoil: spoil{prologue: outside, middle: insert(useOfOutside)}},
	DeepNesting:        {name: "deep_nesting", says: "elements nested 100,000 deep", at: AtClients, spoil: spoil{middle: deep}},
	HugeAttribute:      {name: "huge_attribute", says: "an attribute of 16 MiB", at: AtClients, spoil: spoil{middle: hugeAttribute}},
	NoID:               {name: "no_id", says: "a client without id", at: AtClients, spoil: spoil{middle: insert(noID)}},
	BlankID:            {name: "blank_id", says: "a client whose id is blank", at: AtClients, spoil: spoil{middle: insert(blankID)}},
	DoubledClient:      {name: "doubled_client", says: "the same client twice", at: AtClients, spoil: spoil{middle: insert(doubled)}},
	WrongCharset:       {name: "wrong_charset", says: "declared to be UTF-16, which it is not", at: AtClients, spoil: spoil{prologue: claimsUTF16}},
	InvalidUTF8:        {name: "invalid_utf8", says: "bytes that are no UTF-8", at: AtClients, spoil: spoil{middle: insert(latin1)}},
	Garbage:            {name: "garbage", says: "text after the end of the document", at: AtClients, spoil: spoil{after: "Warning: mysql_connect()\n"}},
	SecondRoot:         {name: "second_root", says: "another document after the end of the document", at: AtClients, spoil: spoil{after: "<connected_clients/>\n"}},
	TruncatedGzip:      {name: "truncated_gzip", says: "the whole document, compressed, without the end of the compression", at: AtClients, spoil: spoil{zip: zipCut}},
	FalseGzip:          {name: "false_gzip", says: "said to be compressed, which it is not", at: AtClients, spoil: spoil{zip: zipFalse}},

	TokenDown:     {name: "token_down", says: "the token endpoint answers 503", at: AtToken, answer: (*Site).busy},
	InvalidClient: {name: "invalid_client", says: "the token endpoint refuses the credentials", at: AtToken, answer: (*Site).invalidClient},
	NoToken:       {name: "no_token", says: "the token endpoint answers 200 with no token in it", at: AtToken, answer: (*Site).jsonError},

	EmptyList:  {name: "empty_list", says: "a lie: nobody is connected; the summary tells the truth", at: AtClients, lie: true, spoil: spoil{list: nobody}},
	HalfList:   {name: "half_list", says: "a lie: only half of the clients; the summary tells the truth", at: AtClients, lie: true, spoil: spoil{list: firstHalf}},
	BackupRole: {name: "backup_role", says: "the request lands on the backup appliance: nobody is there, in the summary neither", at: AtClients | AtList | AtHealth, lie: true, spoil: spoil{list: nobody}},
	Unhealthy:  {name: "unhealthy", says: "check_health says that all is not well", at: AtHealth, lie: true},
}
