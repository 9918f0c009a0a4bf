package admin

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed" // the page and its style are files of their own
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(pageStyle) },
	"ago":   ago,
	"types": types,
}).Parse(pageSource))

// contentPolicy allows the page its own style, known by its digest, and nothing else: no script, no picture, no request.
var contentPolicy = "default-src 'none'; style-src '" + digestOf(pageStyle) +
	"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func digestOf(style string) string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (b *Board) page(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, b.Status()); err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(body.Bytes())
}

func ago(now, t time.Time) string { return now.Sub(t).Round(time.Second).String() + " ago" }

// types are the counts by client type, as a person reads them: "12 representative, 3 push_agent".
func types(clients map[string]int) string {
	var parts []string
	for _, t := range slices.Sorted(maps.Keys(clients)) {
		if clients[t] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", clients[t], t))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "nobody")
}
