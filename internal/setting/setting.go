// SPDX-License-Identifier: Apache-2.0

// Package setting binds the entries of a pmks.Config to the fields of a
// provider's own configuration: one table for reading and for documentation.
package setting

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Setting is one entry that sets something in a configuration C.
type Setting[C any] struct {
	pmks.Setting
	// Set reads the entry's text. Its error says what is wrong with it.
	Set func(c *C, text string) error
}

// Describe returns what a table says to its users.
func Describe[C any](table []Setting[C]) []pmks.Setting {
	list := make([]pmks.Setting, len(table))
	for i, s := range table {
		list[i] = s.Setting
	}
	return list
}

// Read sets in c what cfg has of both tables. Empty entries count as not given.
// Everything that is wrong comes in one error.
func Read[C any](c *C, cfg pmks.Config, credentials, settings []Setting[C]) error {
	var faults refuse.List
	for _, part := range []struct {
		name  string
		given map[string]string
		table []Setting[C]
	}{
		{"Credentials.", cfg.Credentials, credentials},
		{"Settings.", cfg.Settings, settings},
	} {
		for _, s := range part.table {
			text := part.given[s.Name]
			if text == "" {
				continue
			}
			if err := s.Set(c, text); err != nil {
				faults.Add(part.name+s.Name, "%v", err)
			}
		}
	}
	return faults.Err()
}

// Text takes the text as it is, without spaces around it.
func Text[C any](field func(*C) *string) func(*C, string) error {
	return func(c *C, text string) error {
		*field(c) = strings.TrimSpace(text)
		return nil
	}
}

// Duration takes a duration such as 30s.
func Duration[C any](field func(*C) *time.Duration) func(*C, string) error {
	return func(c *C, text string) (err error) {
		if *field(c), err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("%q is not a duration such as 30s", text)
		}
		return nil
	}
}

// Number takes a whole number of at least minimum.
func Number[C any](field func(*C) *int, minimum int) func(*C, string) error {
	return func(c *C, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < minimum {
			return fmt.Errorf("%q is not a whole number from %d on", text, minimum)
		}
		*field(c) = n
		return nil
	}
}

// OneOf takes one of the words, in any case, and sets it as it is written here.
func OneOf[C any](field func(*C) *string, words ...string) func(*C, string) error {
	return func(c *C, text string) error {
		for _, w := range words {
			if strings.EqualFold(text, w) {
				*field(c) = w
				return nil
			}
		}
		return fmt.Errorf("%q is not one of %s", text, strings.Join(words, ", "))
	}
}

// Bool takes true or false.
func Bool[C any](field func(*C) *bool) func(*C, string) error {
	return func(c *C, text string) (err error) {
		*field(c), err = boolean(text)
		return err
	}
}

// OptionalBool takes true or false; a field that stays nil was not given.
func OptionalBool[C any](field func(*C) **bool) func(*C, string) error {
	return func(c *C, text string) error {
		b, err := boolean(text)
		if err == nil {
			*field(c) = &b
		}
		return err
	}
}

func boolean(text string) (bool, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", text)
	}
	return b, nil
}

// List takes words with commas between them. Empty ones are left out.
func List[C any](field func(*C) *[]string) func(*C, string) error {
	return func(c *C, text string) error {
		var list []string
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		*field(c) = list
		return nil
	}
}
