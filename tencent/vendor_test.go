// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package tencent_test

import (
	"errors"
	"strings"
	"testing"

	as "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/as/v20180419"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	sdkerrors "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	cvm "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/cvm/v20170312"
	sdk "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"
	vpc "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/vpc/v20170312"

	"github.com/pmks-go/pmks/internal/providertest"
	"github.com/pmks-go/pmks/internal/sim/tke"
	"github.com/pmks-go/pmks/tencent"
)

// TestHandler_Vendor: the vendor's own clients reach what the handler reaches, over its
// transport or its endpoint, and ask for the credentials with each request.
func TestHandler_Vendor(t *testing.T) {
	t.Parallel()
	s := readyAccount(t, tke.Options{Unlimited: true}, nil)
	l, err := s.Listen("127.0.0.1:0", false)
	must(t, err)
	t.Cleanup(func() { must(t, l.Close()) })
	keys := &common.Credential{}
	for name, h := range map[string]*tencent.Handler{
		"transport": newHandler(t, s),
		"endpoint":  newHandler(t, s, func(c *tencent.Config) { c.Endpoint, c.Transport = l.URL(), nil }),
		"credential": newHandler(t, s, func(c *tencent.Config) {
			c.SecretID, c.SecretKey, c.Credential = "", "", keys
		}),
	} {
		c := h.Vendor()
		clusters, err := c.TKE.DescribeClustersWithContext(t.Context(), sdk.NewDescribeClustersRequest())
		if name == "credential" {
			var refused *sdkerrors.TencentCloudSDKError
			if !errors.As(err, &refused) || !strings.HasPrefix(refused.Code, "AuthFailure") {
				t.Errorf("without a key: %v", err)
			}
			keys.SecretId, keys.SecretKey = tke.DefaultSecretID, tke.DefaultSecretKey
			clusters, err = c.TKE.DescribeClustersWithContext(t.Context(), sdk.NewDescribeClustersRequest())
		}
		if err != nil || len(clusters.Response.Clusters) != 1 {
			t.Errorf("%s: %v", name, err)
		}
		groups, err := c.AS.DescribeAutoScalingGroupsWithContext(t.Context(), as.NewDescribeAutoScalingGroupsRequest())
		if err != nil || len(groups.Response.AutoScalingGroupSet) != 1 {
			t.Errorf("%s: %v", name, err)
		}
		vpcs, err := c.VPC.DescribeVpcsWithContext(t.Context(), vpc.NewDescribeVpcsRequest())
		if err != nil || len(vpcs.Response.VpcSet) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		pairs, err := c.CVM.DescribeKeyPairsWithContext(t.Context(), cvm.NewDescribeKeyPairsRequest())
		if err != nil || len(pairs.Response.KeyPairSet) == 0 {
			t.Errorf("%s: %v", name, err)
		}
		providertest.ShowNone(t, []string{tke.DefaultSecretKey}, c, c.TKE)
	}
}
