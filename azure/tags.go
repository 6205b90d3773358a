// SPDX-License-Identifier: Apache-2.0

package azure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/refuse"
)

// Tags that pmks keeps. "#" and ":" are allowed in the names of tags of clusters;
// AKS copies the tags of a cluster to what it makes for it, so few are written.
const (
	specTagPrefix    = "#CB-SPIDER:PMKS:"
	tagSecurityGroup = specTagPrefix + "SECURITYGROUP:" // and the name; the value is the id
	tagKeyPair       = specTagPrefix + "KEYPAIR"
	tagRequest       = specTagPrefix + "REQUEST" // what only one create request has
	tagCreated       = "createdAt"               // Unix seconds, as CB-Spider has it
	oldTagKeyPair    = "sshkey"                  // of CB-Spider

	// On agent pools, whose tags become tags of machines.
	poolTagMin     = "pmks-min"
	poolTagMax     = "pmks-max"
	poolTagRequest = "pmks-request" // what only the last request has
	poolTagKeyPair = "pmks-keypair"
)

// Most that Azure takes of a tag, in characters (Azure Resource Manager, "Use tags
// to organize your resources").
const (
	maxTagName  = 512
	maxTagValue = 256
)

// tags are those of a cluster or an agent pool. Azure compares their names without
// regard to case and gives them back in any: what was written as createdAt may
// come back as CreatedAt.
type tags map[string]*string

// get returns the value of a tag; nothing if it is absent or null.
func (t tags) get(name string) string {
	if text := value(t[name]); text != "" {
		return text
	}
	first := "" // in the order of names, where several differ in case alone
	for key, text := range t {
		if strings.EqualFold(key, name) && value(text) != "" && (first == "" || key < first) {
			first = key
		}
	}
	return value(t[first])
}

// with returns a copy in which a tag has another value, whatever its case was.
func (t tags) with(name, text string) tags {
	out := make(tags, len(t)+1)
	for key, v := range t {
		if !strings.EqualFold(key, name) {
			out[key] = v
		}
	}
	out[name] = &text
	return out
}

// ofUser are the tags without those of pmks, sorted.
func (t tags) ofUser() []pmks.KeyValue {
	var list []pmks.KeyValue
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if !reservedTag(key) {
			list = append(list, pmks.KeyValue{Key: key, Value: value(t[key])})
		}
	}
	return list
}

// keyPair is the key of the whole cluster.
func (t tags) keyPair() pmks.IID { return t.keyPairOr(pmks.IID{}) }

// keyPairOr is the key of a pool, or where it remembers none that of its cluster. Mostly
// that is the same, whose id need not be taken apart once more.
func (t tags) keyPairOr(cluster pmks.IID) pmks.IID {
	id := cmp.Or(t.get(tagKeyPair), t.get(poolTagKeyPair), t.get(oldTagKeyPair))
	if id == "" || id == cluster.SystemId {
		return cluster
	}
	if parsed, err := arm.ParseResourceID(id); err == nil {
		return pmks.IID{NameId: parsed.Name, SystemId: id}
	}
	return pmks.IID{NameId: id, SystemId: id}
}

// securityGroups are those that the tags of a cluster tell.
func (t tags) securityGroups() []pmks.IID {
	var list []pmks.IID
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if name, ok := cutPrefixFold(key, tagSecurityGroup); ok && name != "" {
			list = append(list, pmks.IID{NameId: name, SystemId: value(t[key])})
		}
	}
	return list
}

// number reads a size that a tag remembers.
func (t tags) number(name string) int {
	text := t.get(name)
	if text == "" {
		return 0 // as most; an error would be made for it
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// reservedTag reports whether pmks keeps a name for itself on clusters.
func reservedTag(name string) bool {
	_, own := cutPrefixFold(name, specTagPrefix)
	return own || strings.EqualFold(name, tagCreated) || strings.EqualFold(name, oldTagKeyPair)
}

// checkTags refuses what Azure does, and pmks's own tags.
func checkTags(f *refuse.List, list []pmks.KeyValue) {
	for i, t := range list {
		field := fmt.Sprintf("TagList[%d]", i)
		switch {
		case reservedTag(t.Key):
			f.Add(field+".Key", "%q is reserved", t.Key)
		case utf8.RuneCountInString(t.Key) > maxTagName || strings.ContainsAny(t.Key, `<>%&\?/`):
			f.Add(field+".Key", `must have at most %d characters and none of < > %% & \ ? /`, maxTagName)
		case utf8.RuneCountInString(t.Value) > maxTagValue:
			f.Add(field+".Value", "has %d characters, Azure takes %d", utf8.RuneCountInString(t.Value), maxTagValue)
		}
		if at := slices.IndexFunc(list[:i], func(o pmks.KeyValue) bool { return o.Key != t.Key && strings.EqualFold(o.Key, t.Key) }); at >= 0 {
			f.Add(field+".Key", "%q and %q are one name for Azure, which compares tags without regard to case: give one of them", list[at].Key, t.Key)
		}
	}
}

func cutPrefixFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
