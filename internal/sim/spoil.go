package sim

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// spoil is what a fault does to the list of clients while it is written.
type spoil struct {
	prologue string                                          // instead of the declaration
	root     string                                          // instead of connected_clients
	middle   func(*page, drawing) error                      // written halfway; errCut ends the document there
	end      func(*Site, http.ResponseWriter, *http.Request) // how HTTP ends after errCut; nil: as it should
	open     bool                                            // the root is not closed
	after    string                                          // written after the root
	list     func([]*Client) []*Client                       // another list
	zip      compression
}

type compression int

const (
	zipAsAsked compression = iota
	zipCut                 // compressed, asked or not, and the end is missing
	zipFalse               // said to be, and is not
)

func nobody([]*Client) []*Client { return nil }

func firstHalf(all []*Client) []*Client { return all[:len(all)/2] }

// strayID is the id of clients that only a fault shows.
const strayID = "7"

// stray is a Jumpoint with the given attributes and something inside.
func stray(attributes, inside string) string {
	return "\t<connected_push_agent" + attributes + ">\n" +
		"\t\t<connected_since ts=\"1700000000\">2023-11-14T22:13:20+00:00</connected_since>\n" +
		inside + "\t</connected_push_agent>\n\n"
}

const (
	goodID      = ` id="` + strayID + `"`
	strayName   = "\t\t<name>Stray</name>\n"
	errorChild  = "\t<error>The list is not complete.</error>\n"
	dtd         = declaration + "<!DOCTYPE connected_clients SYSTEM \"connected_clients.dtd\">\n"
	outside     = declaration + "<!DOCTYPE connected_clients [<!ENTITY file SYSTEM \"file:///etc/hostname\">]>\n"
	claimsUTF16 = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n\n"
)

var (
	bomb               = entityBomb()
	unclosedTag        = stray(goodID, "\t\t<name>Stray\n")
	unknownEntity      = stray(goodID, "\t\t<name>Stray&nbsp;</name>\n")
	controlCharacter   = stray(goodID, "\t\t<name>Str\x01ay</name>\n")
	controlReference   = stray(goodID, "\t\t<name>Str&#1;ay</name>\n")
	latin1             = stray(goodID, "\t\t<name>Ren\xe9e</name>\n")
	useOfBomb          = stray(goodID, "\t\t<name>&e9;</name>\n")
	useOfOutside       = stray(goodID, "\t\t<name>&file;</name>\n")
	duplicateAttribute = stray(goodID+` id="8"`, strayName)
	noID               = stray("", strayName)
	blankID            = stray(` id=" "`, strayName)
	doubled            = stray(goodID, strayName) + stray(goodID, strayName)
)

func entityBomb() string {
	var b strings.Builder
	b.WriteString(declaration + "<!DOCTYPE connected_clients [\n<!ENTITY e0 \"aaaaaaaaaa\">\n")
	for i := range 9 {
		fmt.Fprintf(&b, "<!ENTITY e%d \"%s\">\n", i+1, strings.Repeat(fmt.Sprintf("&e%d;", i), 10))
	}
	b.WriteString("]>\n")
	return b.String()
}

func insert(text string) func(*page, drawing) error {
	return func(p *page, _ drawing) error {
		_, err := p.WriteString(text)
		return err
	}
}

// halfClient writes half of a client and cuts the document there.
func halfClient(p *page, d drawing) error {
	whole := stray(goodID, strayName)
	_, err := p.WriteString(whole[:len(whole)/2])
	return errors.Join(err, errCut)
}

// endless writes clients, each with another id, until nobody waits for more.
func endless(p *page, _ drawing) error {
	for id := 1_000_000_000; !p.over(); id++ {
		if _, err := p.WriteString(stray(fmt.Sprintf(` id="%d"`, id), strayName)); err != nil {
			break
		}
	}
	return errCut
}

const (
	depth         = 100_000
	attributeSize = 16 << 20 // bytes
)

func deep(p *page, _ drawing) error {
	return repeat(p, "\t<connected_push_agent"+goodID+">", part{"<d>", depth}, part{"</d>", depth}, part{"</connected_push_agent>\n", 1})
}

func hugeAttribute(p *page, _ drawing) error {
	return repeat(p, "\t<connected_push_agent"+goodID+` note="`, part{strings.Repeat("a", 1024), attributeSize / 1024}, part{"\"/>\n", 1})
}

type part struct {
	text  string
	times int
}

// repeat writes much without holding it.
func repeat(p *page, start string, parts ...part) error {
	_, err := p.WriteString(start)
	for _, part := range parts {
		for range part.times {
			if err != nil {
				return err
			}
			_, err = p.WriteString(part.text)
		}
	}
	return err
}
