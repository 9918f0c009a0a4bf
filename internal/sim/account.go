package sim

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// maxTokens is how many tokens of one account are valid at once, as the vendor documents; one more invalidates the oldest.
const maxTokens = 30

// account is the API account of the site and the tokens it was given, oldest first.
type account struct {
	id, secret string
	tokens     []token
}

type token struct {
	value   string
	expires time.Time
}

// RotateSecret replaces the client secret. Tokens already given out live on; RevokeTokens ends them.
func (s *Site) RotateSecret(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.secret = secret
}

// RevokeTokens makes every token invalid before its time.
func (s *Site) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.tokens = nil
}

// serveToken answers POST /oauth2/token. Both halves of the Basic header are compared as they are: credentials that
// were URL-encoded first (RFC 6749, section 2.3.1) are wrong here, as they are on the appliance.
func (s *Site) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		writeJSON(w, http.StatusMethodNotAllowed, map[string]any{"error": "invalid_request"})
		return
	}
	id, secret, _ := r.BasicAuth()
	grant := r.PostFormValue("grant_type")
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !same(id, s.account.id) || !same(secret, s.account.secret):
		refuseClient(w)
	case grant != "client_credentials":
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
	default:
		s.traffic.Tokens++
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": s.mint(), "token_type": "Bearer", "expires_in": int(s.config.TokenLife.Seconds())})
	}
}

// mint gives out one more token, at the cost of the oldest where there are too many.
func (s *Site) mint() string {
	if over := len(s.account.tokens) + 1 - maxTokens; over > 0 {
		s.account.tokens = s.account.tokens[over:]
	}
	t := token{hexDigits(s.secure, 48), s.config.Now().Add(s.config.TokenLife)}
	s.account.tokens = append(s.account.tokens, t)
	return t.value
}

// admits says whether the request carries a token that is valid now.
func (s *Site) admits(r *http.Request) bool {
	value, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	for _, t := range s.account.tokens {
		if same(t.value, value) && now.Before(t.expires) {
			return true
		}
	}
	return false
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func refuseClient(w http.ResponseWriter) {
	writeJSON(w, http.StatusUnauthorized, map[string]any{
		"error": "invalid_client", "error_description": "Client authentication failed"})
}

func denyAccess(w http.ResponseWriter) {
	writeJSON(w, http.StatusUnauthorized, map[string]any{
		"error": "access_denied", "message": "The resource owner or authorization server denied the request."})
}

func writeJSON(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a caller who has gone needs no answer
}
