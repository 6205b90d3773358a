// SPDX-License-Identifier: Apache-2.0

// Package credcache keeps the credentials of clusters on disk for the processes of one
// user, for programs that live for the time of one answer, as a kubectl plugin does.
//
// What is on disk is never trusted for being there: a file that is not the user's own,
// that others may read or write, that is a link, that is damaged or that belongs to
// another key is passed over and replaced. Nothing is given out within [Margin] of its
// end, nor for longer than [MaxAge].
//
// One process at a time asks the cloud for a key; those that wait get its answer. The
// lock is the kernel's: it ends with the process that holds it. One that hangs is not
// waited for without end.
package credcache

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/pmks-go/pmks/internal/redact"
)

const (
	// Margin is how long before its end a credential is given out for the last time, so
	// that none ends while a request is on its way.
	Margin = time.Minute
	// MaxAge is how long a credential is given out, whatever its own end: a client
	// certificate may live for years, and its owner may be gone tomorrow.
	MaxAge = time.Hour

	// minRemint is the age from which on a credential that comes back as refused is
	// replaced. One that was refused younger than that will be refused again.
	minRemint = 10 * time.Second
	// maxSkew is how far in the future the birth of an entry may be; beyond it, the
	// clock was set back, and what was reckoned by it counts for nothing.
	maxSkew = 5 * time.Second
)

// Credential is what opens a cluster: a token, or a client certificate with its key. It
// prints redacted.
type Credential struct {
	Token string
	// Certificate and PrivateKey are PEM texts.
	Certificate string
	PrivateKey  string
	// Authority is the PEM text of the cluster's own authority, where it is known.
	Authority string
	// Expires is when it ends; zero where nobody says so.
	Expires time.Time
}

// Format prints when c ends, and nothing else.
func (c Credential) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{%s Expires:%s}", redact.Placeholder, c.Expires.UTC().Format(time.RFC3339))
}

// LogValue logs c as Format prints it.
func (c Credential) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalText hides c in JSON and its like.
func (c Credential) MarshalText() ([]byte, error) { return []byte(redact.Placeholder), nil }

// Asker is the client on whose behalf a credential is asked for. The Kubernetes clients
// ask for a second one within one process when the first one has ended, or when a
// server refused it, and do not say which: an asker who comes back for a credential that
// lives was refused.
type Asker struct {
	// PID is the client's process; zero where there is none that is known.
	PID int
	// Since is when the question was put. What was given out before that was used.
	Since time.Time
}

// Request is one question.
type Request struct {
	// Key is of [Cache.Key].
	Key   string
	Asker Asker
	// Accept refuses a kept credential that the caller has no use for; nil takes any.
	Accept func(Credential) bool
	// Mint gets one from the cloud.
	Mint func(context.Context) (Credential, error)
}

// Cache is a directory of credentials. It is safe for concurrent use, by processes too.
type Cache struct {
	dir  string
	salt []byte
	// now is the clock, and patience how long a lock is waited for at most.
	now      func() time.Time
	patience func(context.Context) time.Duration
}

// ErrUnsafe is of a directory that others can reach.
var ErrUnsafe = errors.New("the directory is not safe")

// Open returns the cache in a directory, which it makes with mode 0700 where it is
// missing, and closes to others where it is the user's own and open to them.
//
// ErrUnsafe: the directory is another user's, or a link. Other errors are those of the
// file system.
func Open(ctx context.Context, dir string) (*Cache, error) {
	if !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("%q is not an absolute path", dir)
	}
	c := &Cache{dir: dir, now: time.Now, patience: halfOf}
	if err := secureDir(dir); err != nil {
		return nil, err
	}
	if err := c.readSalt(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// halfOf leaves as much time for asking the cloud as for waiting.
func halfOf(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return time.Until(end) / 2
	}
	return MaxAge
}

// saltName is the file of the random number that makes names of keys.
const saltName = "salt"

// readSalt reads the random number, or makes it.
func (c *Cache) readSalt(ctx context.Context) error {
	unlock := c.lock(ctx, saltName)
	defer unlock()
	path := filepath.Join(c.dir, saltName)
	salt, err := readOwn(path)
	if err == nil && len(salt) == sha256.Size {
		c.salt = salt
		return nil
	}
	c.salt = make([]byte, sha256.Size)
	_, _ = rand.Read(c.salt) // it does not fail
	return replace(path, c.salt)
}

// Key makes a key of what tells one credential from another: provider, place, cluster
// and identity. Secrets may be among the parts. The key, which is the name of a file,
// tells nothing about them to who does not own the directory: it is made with a random
// number in it.
func (c *Cache) Key(parts ...string) string {
	mac := hmac.New(sha256.New, c.salt)
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:])
		mac.Write([]byte(part))
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Get returns the kept credential of a key, or mints one. A cache that cannot be
// written costs time, and is no error; the errors are those of Mint and of ctx.
func (c *Cache) Get(ctx context.Context, r Request) (Credential, error) {
	unlock := c.lock(ctx, r.Key)
	defer unlock()
	if err := ctx.Err(); err != nil {
		return Credential{}, err
	}
	if e, ok := c.read(r.Key); ok && (r.Accept == nil || r.Accept(e.credential())) && !e.refusedBy(r.Asker, c.now()) {
		if e.give(r.Asker, c.now()) {
			c.write(r.Key, e)
		}
		return e.credential(), nil
	}
	got, err := r.Mint(ctx)
	if err != nil {
		return Credential{}, err
	}
	now := c.now()
	e := newEntry(r.Key, got, now)
	e.give(r.Asker, now)
	if e.lives(now) {
		c.write(r.Key, e)
	} else {
		c.forget(r.Key)
	}
	return got, nil
}

// path is the file of a key.
func (c *Cache) path(key string) string { return filepath.Join(c.dir, key+entrySuffix) }

// forget removes what is kept of a key.
func (c *Cache) forget(key string) {
	if err := os.Remove(c.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return // it is passed over where it lies
	}
}
