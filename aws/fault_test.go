// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdkaws "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// ssoGone is a credential provider whose SSO role was taken away: SSO answers
// GetRoleCredentials with ResourceNotFoundException, a code that EKS has too.
type ssoGone struct{}

func (ssoGone) Retrieve(context.Context) (sdkaws.Credentials, error) {
	return sdkaws.Credentials{}, &smithy.OperationError{ServiceID: "SSO", OperationName: "GetRoleCredentials",
		Err: &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "No access"}}
}

func TestHandler_credentialFailureIsNotAbsence(t *testing.T) {
	t.Parallel()
	sdk := sdkaws.Config{Region: "us-east-2", Credentials: sdkaws.NewCredentialsCache(ssoGone{})}
	h := &Handler{cfg: &Config{}, api: &clients{eks: newEKSCalls(eks.NewFromConfig(sdk)), ec2: newEC2Calls(ec2.NewFromConfig(sdk)), limiter: fanout.NewLimiter(nil), sdk: sdk, region: "us-east-2"}, roles: map[string]string{}}
	iid := pmks.IID{NameId: "prod", SystemId: "prod"}
	if _, err := h.GetCluster(t.Context(), iid); !errors.Is(err, pmks.ErrUnauthenticated) {
		t.Errorf("GetCluster without usable credentials: %v", err)
	}
	if err := pmks.Teardown(t.Context(), h, iid); err == nil {
		t.Error("Teardown without usable credentials reports that the cluster is gone; nothing was asked of EKS")
	}
	if err := pmks.WaitClusterDeleted(t.Context(), h, iid); err == nil {
		t.Error("WaitClusterDeleted without usable credentials reports that the cluster is gone")
	}
}

func TestHandler_UpgradeCluster_waitsForItsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int32
		slow := func(context.Context, *eks.UpdateNodegroupVersionInput, ...func(*eks.Options)) (*eks.UpdateNodegroupVersionOutput, error) {
			time.Sleep(time.Second) //nolint:forbidigo // inside a synctest bubble
			ended.Add(1)
			return &eks.UpdateNodegroupVersionOutput{}, nil
		}
		h := &Handler{cfg: &Config{}, api: &clients{eks: eksCalls{UpdateNodegroupVersion: slow}, limiter: fanout.NewLimiter(nil)}}
		groups := []*types.Nodegroup{
			{NodegroupName: sdkaws.String("good"), Version: sdkaws.String("1.32"), Status: types.NodegroupStatusActive},
			{NodegroupName: sdkaws.String("bad"), Version: sdkaws.String("1.32"), Status: types.NodegroupStatusCreateFailed},
		}
		_, err := h.upgradeGroups(t.Context(), "c", groups, planGroups(groups), "1.33")
		atReturn := ended.Load()
		time.Sleep(time.Minute) //nolint:forbidigo // inside a synctest bubble
		if late := ended.Load() - atReturn; err == nil || late != 0 {
			t.Errorf("returned %v, and %d upgrade went on behind its back", err, late)
		}
	})
}
