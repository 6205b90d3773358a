// SPDX-License-Identifier: Apache-2.0

package setting_test

import (
	"errors"
	"testing"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

// FuzzRead: no text of a setting panics, what is refused is refused by the name of the
// setting, and numbers keep to their bounds.
func FuzzRead(f *testing.F) {
	for i, text := range []string{"yes", "Flat", "a, b,,", "true", "-1", "1h", "99999999999999999999", "\x00", " ", "NaN"} {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		var c config
		s := settings[int(which)%len(settings)]
		err := setting.Read(&c, pmks.Config{Settings: map[string]string{s.Name: text}}, credentials, settings)
		var typed *pmks.Error
		if err != nil && (!errors.As(err, &typed) || typed.Field != "Settings."+s.Name) {
			t.Errorf("%s=%q: %v", s.Name, text, err)
		}
		if err == nil && (c.Size < 0 || c.Wait < 0) {
			t.Errorf("%s=%q is taken as %+v", s.Name, text, c)
		}
	})
}
