// SPDX-License-Identifier: Apache-2.0

// Package canary looks for secrets where they must not be: it gathers those that go by,
// shows values in every way that a program may, and searches the texts for each secret,
// plain and encoded.
package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Cage holds the secrets that are searched for. It is safe for concurrent use.
type Cage struct {
	mu      sync.Mutex
	secrets map[string]string // by the secret: what it is
	trivial []string
}

// shortest is how long a text must be to count as a secret: shorter ones stand in other
// words.
const shortest = 8

// Add adds a secret, and says what it is.
func (c *Cage) Add(what, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(secret) < shortest || slices.Contains(c.trivial, secret) {
		return
	}
	if c.secrets == nil {
		c.secrets = map[string]string{}
	}
	if _, known := c.secrets[secret]; !known {
		c.secrets[secret] = what
	}
}

// Spare takes texts out that look like secrets and are none.
func (c *Cage) Spare(texts ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trivial = append(c.trivial, texts...)
	for _, text := range texts {
		delete(c.secrets, text)
	}
}

// Len is how many there are.
func (c *Cage) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.secrets)
}

// Find says what of them is in a text, never the secret itself.
func (c *Cage) Find(text string) (found []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for secret, what := range c.secrets {
		for how, form := range forms(secret) {
			if strings.Contains(text, form) {
				found = append(found, what+", "+how)
				break
			}
		}
	}
	slices.Sort(found)
	return found
}

// forms are a secret as it may stand in a text.
func forms(secret string) map[string]string {
	quoted, _ := json.Marshal(secret)
	return map[string]string{
		"plain": secret, "quoted": strings.Trim(string(quoted), `"`), "escaped": url.QueryEscape(secret),
		"hexadecimal": hex.EncodeToString([]byte(secret)), "HEXADECIMAL": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"base64": base64.RawStdEncoding.EncodeToString([]byte(secret)), "base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"as bytes": strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
	}
}

// kubeconfigSecret finds the members of a kubeconfig that are secret.
var kubeconfigSecret = regexp.MustCompile(`(?m)^\s*(client-key-data|token|password|id-token|refresh-token):\s*"?([^"\s]+)"?\s*$`)

// AddKubeconfig adds what is secret in a kubeconfig.
func (c *Cage) AddKubeconfig(text string) {
	for _, m := range kubeconfigSecret.FindAllStringSubmatch(text, -1) {
		c.Add("the "+m[1]+" of a kubeconfig", m[2])
	}
}

// Place is a text that a secret could be in.
type Place struct{ Name, Text string }

// verbs are those of package fmt that may show something.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%g", "%U"}

// Show shows a value in every way: under each verb, in JSON, in both forms of slog and, of
// an error, all that it wraps.
func Show(name string, v any) (places []Place) {
	for _, verb := range verbs {
		places = append(places, Place{name + " under " + verb, fmt.Sprintf(verb, v)})
	}
	if text, err := json.Marshal(v); err == nil {
		places = append(places, Place{name + " in JSON", string(text)})
	} else {
		places = append(places, Place{name + " in the error of its JSON", err.Error()})
	}
	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&b, nil), slog.NewTextHandler(&b, nil)} {
		slog.New(h).Info("shown", "v", v, slog.Group("in", "v", v))
	}
	places = append(places, Place{name + " in slog", b.String()})
	if err, ok := v.(error); ok {
		for err = errors.Unwrap(err); err != nil; err = errors.Unwrap(err) {
			for _, verb := range verbs {
				places = append(places, Place{name + ", unwrapped, under " + verb, fmt.Sprintf(verb, err)})
			}
		}
	}
	return places
}

// Inside are a value and what a program may put it into.
func Inside(name string, v any) map[string]any {
	list := map[string]any{
		name:                          v,
		name + " in a slice":          []any{v},
		name + " in a map":            map[string]any{"v": v},
		name + " in a struct":         struct{ V any }{v},
		name + " deep inside":         map[string][]any{"v": {struct{ V *any }{&v}}},
		name + " in an error":         fmt.Errorf("it failed with %v", v),
		name + " in a panic's value":  fmt.Sprint(v),
		name + " in a typed slice":    typedSlice(v),
		name + " in a typed map":      typedMap(v),
		name + " behind a pointer":    Pointer(v),
		name + " in a pointer's list": []any{Pointer(v)},
	}
	return list
}

// Hidden is a value in a field that is not exported, where fmt asks no method.
func Hidden(v any) any { return struct{ v any }{v} }

func typedSlice(v any) any {
	s := reflect.MakeSlice(reflect.SliceOf(reflect.TypeOf(v)), 0, 1)
	return reflect.Append(s, reflect.ValueOf(v)).Interface()
}

func typedMap(v any) any {
	m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), reflect.TypeOf(v)))
	m.SetMapIndex(reflect.ValueOf("v"), reflect.ValueOf(v))
	return m.Interface()
}

// Pointer is a pointer to a copy of a value.
func Pointer(v any) any {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	return p.Interface()
}

var (
	secretField   = regexp.MustCompile(`(Secret|SecretKey|SecretAccessKey|Token|Password|PrivateKey|APIKey|JSON)$`)
	endpointField = regexp.MustCompile(`(Endpoint|AuthorityHost)$`)
)

// Fill returns a copy of a configuration, a struct, with a secret of its own in every field
// that is for one and a password in every endpoint, and adds these to the cage. It returns
// the names of the fields too.
func Fill(c *Cage, cfg any) (filled any, fields []string) {
	v := reflect.New(reflect.TypeOf(cfg)).Elem()
	v.Set(reflect.ValueOf(cfg))
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if f.Kind() != reflect.String {
			continue
		}
		secret := "canary-" + name + "-51c6e7b09f"
		switch {
		case secretField.MatchString(name):
			f.SetString(secret)
		case endpointField.MatchString(name):
			f.SetString("https://user:" + secret + "@api.example.com/")
		default:
			continue
		}
		c.Add("the field "+name, secret)
		fields = append(fields, name)
	}
	return v.Interface(), fields
}
