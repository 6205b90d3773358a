// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pmks-go/pmks/internal/sim/account"
)

// assumption is a choice that a simulator makes where no source settles what its cloud
// does: one field of its Assumptions.
type assumption struct {
	name string
	// other is the value that is not the zero value.
	other reflect.Value
}

// set sets the field in the Assumptions of a simulator, to which it gets a pointer.
func (a assumption) set(assumptions any) {
	reflect.ValueOf(assumptions).Elem().FieldByName(a.name).Set(a.other)
}

// otherValues are the other values of assumptions that are no truth values, by the name of
// the field. Texts and numbers are those that the comment of the field names.
var otherValues = map[string]any{
	"DeletedShown":      time.Minute,
	"EarlyConfigStatus": 404,
	"MaxPoolOperations": 1,
	"MaxSecurityGroups": 5,
	"MaxSystemDisk":     500,
	"MaxVSwitches":      20,
	"MinSystemNodes":    2,
	"ThrottledStatus":   503,
	"ThrottlingCode":    "RequestLimitExceeded.UinLimitExceeded",
	"ThrottlingStatus":  429,
}

// assumptionsOf lists the assumptions of the simulator of a cloud, in their order.
func assumptionsOf(cloud string) ([]assumption, error) {
	var list []assumption
	var unknown []string
	_, err := account.Open(cloud, account.Options{Assume: func(p any) {
		t := reflect.TypeOf(p).Elem()
		for i := range t.NumField() {
			f := t.Field(i)
			other := reflect.New(f.Type).Elem()
			switch v, named := otherValues[f.Name]; {
			case named:
				other.Set(reflect.ValueOf(v).Convert(f.Type))
			case f.Type.Kind() == reflect.Bool:
				other.SetBool(true)
			case other.CanInt(): // one of several words
				other.SetInt(1)
			default:
				unknown = append(unknown, f.Name)
				continue
			}
			list = append(list, assumption{f.Name, other})
		}
	}})
	if len(unknown) > 0 {
		return nil, fmt.Errorf("no other value is known of the assumptions %q of %s", unknown, cloud)
	}
	return list, err
}

// The verdicts on an assumption.
const (
	asAssumed = "as assumed" // the cloud did what the simulator does by itself
	otherwise = "otherwise"  // the cloud did what the simulator does under the other assumption
	neither   = "neither"    // it did something else in the place where the two differ
	unseen    = "not shown"  // nothing in the record depends on it
)

// verdict is what a record says of an assumption.
type verdict struct {
	name, verdict string
	// other is the other value, and evidence where the cloud showed it.
	other, evidence string
}

// judge says for each assumption of the simulator how the cloud of the record answered:
// the requests are sent to the simulator under both values, and the one whose answers are
// nearer to the cloud's is the cloud's. base is the comparison with no assumption changed.
// only restricts it to some; none means all.
func judge(ctx context.Context, rec *record, base *comparison, only ...string) ([]verdict, error) {
	list, err := assumptionsOf(rec.head.Cloud)
	if err != nil {
		return nil, err
	}
	var verdicts []verdict
	for _, a := range list {
		if len(only) > 0 && !slices.Contains(only, a.name) {
			continue
		}
		changed, err := compare(ctx, rec, a.set)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		v := weigh(base, changed)
		v.name, v.other = a.name, fmt.Sprint(a.other)
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

// tell says for each assumption of the simulator how the cloud of the record answered: by
// the evidence in the record where there is some, else by judge. only restricts it to
// some; none means all.
func tell(ctx context.Context, rec *record, base *comparison, only ...string) (list []verdict, err error) {
	assumptions, err := assumptionsOf(rec.head.Cloud)
	if err != nil {
		return nil, err
	}
	f := factsOf(rec)
	for _, a := range assumptions {
		if len(only) > 0 && !slices.Contains(only, a.name) {
			continue
		}
		var v verdict
		if row, ok := evidenceOf(rec.head.Cloud, a.name); ok {
			v = row.verdict(f)
		}
		if v.verdict != asAssumed && v.verdict != otherwise {
			judged, err := judge(ctx, rec, base, a.name)
			if err != nil {
				return nil, err
			}
			if len(judged) == 1 && (v.verdict != neither || judged[0].verdict != unseen) {
				v = judged[0]
			}
		}
		v.name, v.other = a.name, fmt.Sprint(a.other)
		if reason := unprobed[rec.head.Cloud][a.name]; v.verdict == unseen && reason != "" {
			v.evidence = reason
		}
		list = append(list, v)
	}
	return list, nil
}

// weigh holds the differences under both values of an assumption against each other.
func weigh(base, changed *comparison) verdict {
	mended, broken := base.without(changed), changed.without(base)
	switch {
	case len(mended) == 0 && len(broken) == 0:
		return verdict{verdict: unseen}
	case len(mended) > len(broken):
		return verdict{verdict: otherwise, evidence: mended[0].sentence("the simulator as assumed")}
	case len(broken) > len(mended):
		return verdict{verdict: asAssumed, evidence: broken[0].sentence("the simulator otherwise")}
	}
	return verdict{verdict: neither, evidence: mended[0].sentence("the simulator as assumed") + "; " + broken[0].sentence("otherwise")}
}

// without are the differences of c that other has not, the weightiest first.
func (c *comparison) without(other *comparison) (list []*difference) {
	there := map[string]bool{}
	for _, d := range other.differences {
		there[d.key()] = true
	}
	for _, d := range c.differences {
		if !there[d.key()] {
			list = append(list, d)
		}
	}
	return list
}

// sentence says what differs.
func (d *difference) sentence(whose string) string {
	return fmt.Sprintf("exchange %d, %s, %s: the cloud has %s, %s %s", d.n, strings.TrimSpace(d.op), d.path, d.cloud, whose, d.simulator)
}
