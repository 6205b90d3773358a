// SPDX-License-Identifier: Apache-2.0

package credcache

import (
	"bytes"
	"encoding/json"
	"time"
)

const (
	// entryVersion is that of the format: files of another one are passed over.
	entryVersion = 1
	// maxGiven is how many askers an entry remembers, the latest.
	maxGiven = 64
)

// entry is a file of the cache.
type entry struct {
	Version int `json:"version"`
	// Key is the file's own name: one that was moved is another's.
	Key         string    `json:"key"`
	Token       string    `json:"token,omitempty"`
	Certificate string    `json:"certificate,omitempty"`
	PrivateKey  string    `json:"privateKey,omitempty"`
	Authority   string    `json:"authority,omitempty"`
	Minted      time.Time `json:"minted"`
	Expires     time.Time `json:"expires"`
	// Given says who has it.
	Given []given `json:"given,omitempty"`
}

// given is one handing out.
type given struct {
	PID int       `json:"pid"`
	At  time.Time `json:"at"`
}

func newEntry(key string, c Credential, minted time.Time) entry {
	return entry{Version: entryVersion, Key: key, Token: c.Token, Certificate: c.Certificate, PrivateKey: c.PrivateKey,
		Authority: c.Authority, Minted: minted.UTC(), Expires: c.Expires.UTC()}
}

func (e entry) credential() Credential {
	return Credential{Token: e.Token, Certificate: e.Certificate, PrivateKey: e.PrivateKey, Authority: e.Authority, Expires: e.Expires}
}

// lives reports whether an entry may be given out. One that does not say when it ends
// may have ended.
func (e entry) lives(now time.Time) bool {
	return !e.Expires.IsZero() && now.Before(e.Expires.Add(-Margin)) &&
		now.Before(e.Minted.Add(MaxAge)) && !now.Before(e.Minted.Add(-maxSkew))
}

// refusedBy reports whether an asker has had the credential, used it, and comes for
// another one.
func (e entry) refusedBy(a Asker, now time.Time) bool {
	if a.PID == 0 || now.Sub(e.Minted) < minRemint {
		return false
	}
	for _, g := range e.Given {
		if g.PID == a.PID && g.At.Before(a.Since) {
			return true
		}
	}
	return false
}

// give notes that an asker has it, and reports whether that is news.
func (e *entry) give(a Asker, now time.Time) bool {
	if a.PID == 0 {
		return false
	}
	for _, g := range e.Given {
		if g.PID == a.PID {
			return false
		}
	}
	e.Given = append(e.Given, given{a.PID, now.UTC()})
	e.Given = e.Given[max(0, len(e.Given)-maxGiven):]
	return true
}

// read returns the entry of a key, if it is there, whole and alive.
func (c *Cache) read(key string) (entry, bool) {
	text, err := readOwn(c.path(key))
	if err != nil {
		return entry{}, false
	}
	var e entry
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&e) != nil || decoder.More() {
		return entry{}, false
	}
	whole := e.Version == entryVersion && e.Key == key && (e.Token != "") != (e.Certificate != "" && e.PrivateKey != "")
	return e, whole && e.lives(c.now())
}

// write keeps an entry, and clears away what has ended. Where it cannot be kept the
// next process asks the cloud.
func (c *Cache) write(key string, e entry) {
	text, err := json.Marshal(e)
	if err != nil {
		return
	}
	if replace(c.path(key), text) == nil {
		c.sweep()
	}
}
