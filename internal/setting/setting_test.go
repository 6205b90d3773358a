// SPDX-License-Identifier: Apache-2.0

package setting_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/setting"
)

type config struct {
	Key, Mode string
	Wait      time.Duration
	Size      int
	Loud      bool
	Public    *bool
	Names     []string
}

var credentials = []setting.Setting[config]{
	{Setting: pmks.Setting{Name: "key", Help: "the key"}, Set: setting.Text(func(c *config) *string { return &c.Key })},
}

var settings = []setting.Setting[config]{
	{Setting: pmks.Setting{Name: "loud"}, Set: setting.Bool(func(c *config) *bool { return &c.Loud })},
	{Setting: pmks.Setting{Name: "mode"}, Set: setting.OneOf(func(c *config) *string { return &c.Mode }, "Flat", "Overlay")},
	{Setting: pmks.Setting{Name: "names"}, Set: setting.List(func(c *config) *[]string { return &c.Names })},
	{Setting: pmks.Setting{Name: "public"}, Set: setting.OptionalBool(func(c *config) **bool { return &c.Public })},
	{Setting: pmks.Setting{Name: "size"}, Set: setting.Number(func(c *config) *int { return &c.Size }, 1)},
	{Setting: pmks.Setting{Name: "wait"}, Set: setting.Duration(func(c *config) *time.Duration { return &c.Wait })},
}

func TestRead(t *testing.T) {
	t.Parallel()
	yes := true
	for _, test := range []struct {
		name  string
		given pmks.Config
		want  config
		wrong []string
	}{
		{name: "nothing"},
		{
			name:  "empty entries",
			given: pmks.Config{Credentials: map[string]string{"key": ""}, Settings: map[string]string{"size": ""}},
		},
		{
			name: "all",
			given: pmks.Config{Credentials: map[string]string{"key": " k\n"}, Settings: map[string]string{
				"loud": "true", "mode": "OVERLAY", "names": "a, b,,c", "public": "1", "size": "3", "wait": "2m"}},
			want: config{Key: "k", Mode: "Overlay", Wait: 2 * time.Minute, Size: 3, Loud: true, Public: &yes, Names: []string{"a", "b", "c"}},
		},
		{
			name: "all wrong",
			given: pmks.Config{Settings: map[string]string{
				"loud": "very", "mode": "kubenet", "public": "perhaps", "size": "0", "wait": "2"}},
			wrong: []string{"Settings.loud", "Settings.mode", "Settings.public", "Settings.size", "Settings.wait"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got config
			err := setting.Read(&got, test.given, credentials, settings)
			if (err != nil) != (test.wrong != nil) {
				t.Fatalf("error %v", err)
			}
			for _, field := range test.wrong {
				if !strings.Contains(err.Error(), field) {
					t.Errorf("%v does not name %s", err, field)
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	want := []pmks.Setting{{Name: "key", Help: "the key"}}
	if got := setting.Describe(credentials); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
