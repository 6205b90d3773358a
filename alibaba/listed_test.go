// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"reflect"
	"testing"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
)

// TestListedCluster: whatever a list shows of a cluster is taken over, also what a later
// SDK adds to the list.
func TestListedCluster(t *testing.T) {
	t.Parallel()
	var item cs.DescribeClustersForRegionResponseBodyClusters
	from := reflect.ValueOf(&item).Elem()
	for i := range from.NumField() {
		switch f := from.Field(i); f.Kind() {
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		default:
			t.Errorf("%s is neither a pointer nor a list", from.Type().Field(i).Name)
		}
	}
	to := reflect.ValueOf(listedCluster(&item)).Elem()
	for i := range from.NumField() {
		name := from.Type().Field(i).Name
		if f := to.FieldByName(name); f.IsValid() && !reflect.DeepEqual(f.Interface(), from.Field(i).Interface()) {
			t.Errorf("%s is lost", name)
		}
	}
}
