// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package alibaba_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/pmks-go/pmks/alibaba"
	"github.com/pmks-go/pmks/internal/sim/ack"
)

// ackClient returns the SDK's client of ACK with the credentials and the transport of a
// handler, for what only the vendor's own clients do or tell.
func ackClient(ctx context.Context, t testing.TB, h *alibaba.Handler) *cs.Client {
	t.Helper()
	c, err := h.Vendor().ACK(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestHandler_Vendor: the SDK's clients reach what the handler reaches, and end with their
// context.
func TestHandler_Vendor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := ready(t, nil)
		h := newHandler(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		client, err := h.Vendor().ACK(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := client.DescribeClustersForRegion(tea.String(region), &cs.DescribeClustersForRegionRequest{}); err != nil || len(out.Body.Clusters) != 1 {
			t.Errorf("got %v, %v", out, err)
		}
		for service, connect := range map[string]func(context.Context) (*openapi.Client, error){"vpc": h.Vendor().VPC, "ecs": h.Vendor().ECS, "sts": h.Vendor().STS} {
			generic, err := connect(ctx)
			if err != nil {
				t.Fatal(err)
			}
			call := map[string][2]string{"vpc": {"DescribeVpcs", "2016-04-28"}, "ecs": {"DescribeKeyPairs", "2014-05-26"}, "sts": {"GetCallerIdentity", "2015-04-01"}}[service]
			query := map[string]*string{"RegionId": tea.String(region)}
			if service == "sts" {
				query = nil
			}
			answer, err := generic.CallApi(&openapi.Params{Action: tea.String(call[0]), Version: tea.String(call[1]), Protocol: tea.String("HTTPS"), Pathname: tea.String("/"), Method: tea.String("POST"),
				AuthType: tea.String("AK"), Style: tea.String("RPC"), ReqBodyType: tea.String("formData"), BodyType: tea.String("json")},
				&openapi.OpenApiRequest{Query: query}, &dara.RuntimeOptions{})
			if err != nil || answer["body"] == nil {
				t.Errorf("%s: got %v, %v", service, answer, err)
			}
		}
		cancel()
		if _, err := client.DescribeClustersForRegion(tea.String(region), &cs.DescribeClustersForRegionRequest{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// TestReview_clientSends: the SDK's client works through a transport of the user.
func TestReview_clientSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ackClient(t.Context(), t, newHandler(t, ready(t, nil)))
		if _, err := c.DescribeClustersForRegion(tea.String(region), &cs.DescribeClustersForRegionRequest{}); err != nil {
			t.Error(err)
		}
	})
}

// TestReview_clientPrints: the SDK's client that a user gets does not show the secret.
func TestReview_clientPrints(t *testing.T) {
	c := ackClient(t.Context(), t, newHandler(t, ack.New(ack.Options{})))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
		if strings.Contains(fmt.Sprintf(verb, c), ack.DefaultAccessKeySecret) {
			t.Errorf("%s shows the secret", verb)
		}
	}
}
