// SPDX-License-Identifier: Apache-2.0

package pmks

import (
	"os"
	"slices"
	"strings"
	"unicode"
)

// envPrefix begins the names of the environment variables that are pmks' own.
const envPrefix = "PMKS_"

// ConfigFromEnv reads the Config of a registered provider from the environment:
//
//   - PMKS_REGION, PMKS_ZONE and PMKS_ENDPOINT; or for one provider alone, which
//     wins, PMKS_AWS_REGION and so on;
//   - PMKS_<PROVIDER>_<SETTING> for each entry of Credentials and Settings, as
//     [Provider.EnvName] spells it: PMKS_AWS_ROLE_ARN is the setting roleArn of aws.
//     What both lists have, such as an id of a tenant, is read as the setting.
//
// An empty variable counts as not set. Variables of the vendor's own tools, such as
// AWS_PROFILE, are left to the vendor's default chain, which applies where no
// credentials are given.
//
// ErrInvalidArgument: the provider is not registered, or the environment holds
// PMKS_<PROVIDER>_ variables that name nothing; the error lists those that do. Values
// are never shown.
func ConfigFromEnv(provider string) (Config, error) {
	p, err := lookup(provider)
	if err != nil {
		return Config{}, Annotate(err, Error{Op: "ConfigFromEnv"})
	}
	own := p.EnvName("")
	known := []string{own + "ENDPOINT", own + "REGION", own + "ZONE"}
	common := func(name string) string {
		if v := os.Getenv(own + name); v != "" {
			return v
		}
		return os.Getenv(envPrefix + name)
	}
	read := func(settings []Setting) map[string]string {
		found := map[string]string{}
		for _, s := range settings {
			name := p.EnvName(s.Name)
			if v := os.Getenv(name); v != "" && !slices.Contains(known, name) {
				found[s.Name] = v
			}
			known = append(known, name)
		}
		return found
	}
	cfg := Config{Region: common("REGION"), Zone: common("ZONE"), Endpoint: common("ENDPOINT"), Settings: read(p.Settings)}
	cfg.Credentials = read(p.Credentials)
	if err := unknownVariables(own, known); err != nil {
		return Config{}, Annotate(err, Error{Provider: p.Name, Op: "ConfigFromEnv"})
	}
	return cfg, nil
}

// unknownVariables refuses variables of the environment that begin with own, have a
// value and are none of those known: a typing error would otherwise pass in silence.
func unknownVariables(own string, known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	var f faults
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, own) && value != "" && !slices.Contains(known, name) {
			f.add(clip(name), "names nothing; known are %s", strings.Join(known, ", "))
		}
	}
	return f.err()
}

// EnvName is the environment variable that [ConfigFromEnv] reads for an entry of
// Credentials or Settings: PMKS_AWS_ROLE_ARN for roleArn of aws.
func (p Provider) EnvName(setting string) string {
	return envPrefix + envWord(p.Name) + "_" + envWord(setting)
}

// envWord spells a name as environment variables are: roleArn is ROLE_ARN.
func envWord(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = '_'
		case i > 0 && unicode.IsUpper(r) && (unicode.IsLower(letters[i-1]) || unicode.IsDigit(letters[i-1]) ||
			unicode.IsUpper(letters[i-1]) && i+1 < len(letters) && unicode.IsLower(letters[i+1])):
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
