// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
)

// FuzzDecodeProtobuf: whatever comes is read as an object that JSON can hold, or not at
// all.
func FuzzDecodeProtobuf(f *testing.F) {
	// A Lease named "l" with a holder, and the DeleteOptions of a client.
	for _, seed := range []string{
		"6b3873000a220a16636f6f7264696e6174696f6e2e6b38732e696f2f763112054c65617365121e0a050a016c120012150a026d65100f1a0008d0869c", "6b387300", "",
		"6b3873000a130a0276311a0d44656c6574654f7074696f6e731200",
	} {
		data, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for kind := range wireTable {
			o, err := decodeProtobuf(data, kind)
			if err != nil {
				continue
			}
			if _, err := json.Marshal(o); err != nil {
				t.Errorf("%v cannot be written: %v", o, err)
			}
		}
	})
}

// FuzzParseSelector: what is read says of every object whether it matches.
func FuzzParseSelector(f *testing.F) {
	for _, seed := range []string{"a=b", "a!=b,c", "a in (b,c),!d", "a notin (b", "", ",", "((", "a==b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		s, err := parseSelector(text)
		if err == nil {
			s.match(map[string]string{"a": "b"})
		}
	})
}

func TestHumanDuration(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0s": -time.Second, "119s": 119 * time.Second, "2m": 2 * time.Minute, "9m59s": 10*time.Minute - time.Second, "179m": 179 * time.Minute, "3h": 3 * time.Hour,
		"3h5m": 3*time.Hour + 5*time.Minute, "47h": 47 * time.Hour, "2d": 48 * time.Hour, "2d1h": 49 * time.Hour, "8d": 8 * 24 * time.Hour,
		"2y5d": (2*365 + 5) * 24 * time.Hour, "9y": 9 * 365 * 24 * time.Hour,
	} {
		if got := humanDuration(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}

func TestGitVersion(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"1.34": "v1.34.0", "v1.33.4": "v1.33.4", "1.33.5-gke.1": "v1.33.5-gke.1", "1.34-x": "v1.34.0-x"} {
		if got := gitVersion(given); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
	for _, test := range []struct{ cloud, given, want string }{
		{"aws", "1.34", "v1.34.0-eks-0000000"}, {"ibm", "1.34.4_1530", "v1.34.4+IKS"}, {"gcp", "1.33.5-gke.2072000", "v1.33.5-gke.2072000"}, {"neutral", "1.34.1", "v1.34.1"},
	} {
		if got := VendorVersion(test.cloud, test.given); got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.given, test.cloud, got, test.want)
		}
	}
}
