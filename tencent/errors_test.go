// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"testing"

	"github.com/pmks-go/pmks"
)

// TestClassify holds the codes of the tables, word by word, under the groups that they come
// in, the families, and what only the text or the status tells.
func TestClassify(t *testing.T) {
	t.Parallel()
	const (
		invalid, absent, exists, busy, first = pmks.CodeInvalidArgument, pmks.CodeNotFound, pmks.CodeAlreadyExists, pmks.CodeBusy, pmks.CodeFailedPrecondition
		who, denied, slow, quota, away       = pmks.CodeUnauthenticated, pmks.CodePermissionDenied, pmks.CodeThrottled, pmks.CodeQuotaExceeded, pmks.CodeUnavailable
		inside, never                        = pmks.CodeInternal, pmks.CodeUnsupported
	)
	for _, test := range []struct {
		code, text string
		status     int
		want       pmks.Code
	}{
		{"RequestLimitExceeded", "", 200, slow},
		{"RequestLimitExceeded.UinLimitExceeded", "", 200, slow},
		{"RequestLimitExceeded.IPLimitExceeded", "", 200, slow},
		{"RequestLimitExceeded.GlobalRegionUinLimitExceeded", "", 200, slow},
		{"FailedOperation.TagCommon", "TAG_COMMON_ERROR(the tag key \"project\" is reserved)", 200, invalid},
		{"Whatever", "", 429, slow},
		{"", "", 429, slow},
		{"AuthFailure.UnauthorizedOperation", "", 200, denied},
		{"UnauthorizedOperation", "", 200, denied},
		{"UnauthorizedOperation.CamNoAuth", "", 200, denied},
		{"UnauthorizedOperation.NoRBACPermissions", "", 200, denied},
		{"UnauthorizedOperation.Tomorrow", "", 200, denied},
		{"InternalError.CamNoAuth", "", 200, denied},
		{"FailedOperation.CamNoAuth", "", 200, denied},
		{"FailedOperation.RBACForbidden", "", 200, denied},
		{"FailedOperation.NoPaymentAccess", "", 200, denied},
		{"InvalidParameter.Param", `PARAM_ERROR(CAM deny, strategyId: 7)`, 200, denied},
		{"AuthFailure", "", 200, who},
		{"AuthFailure.SecretIdNotFound", "", 200, who}, // no absence
		{"AuthFailure.SignatureFailure", "", 200, who},
		{"AuthFailure.SignatureExpire", "", 200, who},
		{"AuthFailure.TokenFailure", "", 200, who},
		{"AuthFailure.InvalidSecretId", "", 200, who},
		{"AuthFailure.InvalidAuthorization", "", 200, who},
		{"AuthFailure.MFAFailure", "", 200, who},
		{"InternalError.AccountUserNotAuthenticated", "", 200, first},
		{"FailedOperation.AccountUserNotAuthenticated", "", 200, first},
		{"InternalError.AccountCommon", "", 200, first},
		{"FailedOperation.TradeInsufficientBalance", "", 200, first},
		{"InternalError.InsufficientBalance", "", 200, first},
		{"InternalError.WhitelistUnexpectedError", "", 200, first},
		{"UnauthorizedOperation.NotInWhitelist", "", 200, first},
		{"ResourceNotFound.ClusterNotFound", "", 200, absent},
		{"InternalError.ClusterNotFound", "", 200, absent},
		{"InvalidParameter.ClusterNotFound", "", 200, absent},
		{"FailedOperation.ClusterNotFound", "", 200, absent},
		{"ResourceNotFound", "", 200, absent},
		{"ResourceNotFound.NotFound", "", 200, absent},
		{"FailedOperation.RecordNotFound", "", 200, absent},
		{"InternalError.DbRecordNotFound", "", 200, absent},
		{"FailedOperation.NodePoolQueryFailed", "[E501001 DBRecordNotFound]", 200, absent},
		{"FailedOperation.NodePoolQueryFailed", "timed out", 200, inside},
		{"InternalError.Param", "PARAM_ERROR(node pool Not Found)", 200, absent},
		{"InternalError.Param", "PARAM_ERROR(size)", 200, invalid},
		{"ResourceNotFound.AsAsgNotExist", "", 200, first},
		{"ResourceNotFound.KubeResourceNotFound", "", 200, first},
		{"InvalidParameter.ResourceNotFound", "", 200, first},
		{"ResourceInUse.ResourceExistAlready", "", 200, exists},
		{"InternalError.ResourceExistAlready", "", 200, exists},
		{"OperationDenied.ClusterInDeletionProtection", "", 200, first},
		{"FailedOperation.ClusterForbiddenToDelete", "", 200, first},
		{"FailedOperation.CvmDeletionProtection", "", 200, first},
		{"FailedOperation.ClusterUpgradeNodeVersion", "", 200, first},
		{"InternalError.ClusterUpgradeNodeVersion", "", 200, first},
		{"UnsupportedOperation.CaEnableFailed", "", 200, first},
		{"InternalError.EmptyClusterNotSupport", "", 200, first},
		{"InvalidParameter", "No normal node in the cluster", 200, first},
		{"FailedOperation.TaskAlreadyRunning", "", 200, busy},
		{"InternalError.TaskAlreadyRunning", "", 200, busy},
		{"OperationDenied", "same type task in execution", 200, busy},
		{"FailedOperation", "same type task in execution", 200, busy},
		{"OperationDenied", "", 200, first},
		{"ResourceInUse", "", 200, first},
		{"ResourceInUse.ExistRunningPod", "", 200, first},
		{"ResourceUnavailable", "", 200, first},
		{"FailedOperation.ClusterInAbnormalStat", "", 200, first},
		{"FailedOperation.KubeClientConnection", "", 200, first},
		{"InternalError.TaskLifeStateError", "", 200, first},
		{"FailedOperation.QuotaMaxClsLimit", "", 200, quota},
		{"InternalError.QuotaMaxNodLimit", "", 200, quota},
		{"InternalError.QuotaUSGLimit", "", 200, quota},
		{"InternalError.QuotaMaxRtLimit", "", 200, quota},
		{"LimitExceeded", "", 200, quota},
		{"LimitExceeded.Tomorrow", "", 200, quota},
		{"InvalidParameterValue.LimitExceeded", "", 200, quota},
		{"ResourceInsufficient", "", 200, quota},
		{"ResourceInsufficient.SpecifiedInstanceType", "", 200, quota},
		{"ResourcesSoldOut", "", 200, quota},
		{"InvalidParameter.CidrConflictWithOtherCluster", "", 200, invalid},
		{"InternalError.CidrConflictWithOtherCluster", "", 200, invalid},
		{"InternalError.CidrConflictWithVpcGlobalRoute", "", 200, invalid},
		{"InternalError.CidrInvali", "", 200, invalid},
		{"InvalidParameter.CIDRMaskSizeOutOfRange", "", 200, invalid},
		{"InternalError.CidrMaskSizeOutOfRange", "", 200, invalid},
		{"InternalError.InvalidPrivateNetworkCidr", "", 200, invalid},
		{"FailedOperation.VpcRecodrNotFound", "", 200, invalid}, // another thing
		{"InternalError.VpcRecodrNotFound", "", 200, invalid},
		{"InternalError.ImageIdNotFound", "", 200, invalid},
		{"InvalidParameterValue.ImageNotFound", "", 200, invalid},
		{"InvalidParameter.OsNotSupport", "", 200, invalid},
		{"FailedOperation.Param", "", 200, invalid},
		{"InvalidParameter.Param", "", 200, invalid},
		{"InvalidParameterValue.Size", "", 200, invalid},
		{"InvalidParameter", "", 200, invalid},
		{"InvalidParameterValue", "", 200, invalid},
		{"MissingParameter", "", 200, invalid},
		{"UnknownParameter", "", 200, invalid},
		{"InvalidAction", "", 200, invalid},
		{"NoSuchVersion", "", 200, invalid},
		{"UnsupportedRegion", "", 200, invalid},
		{"UnsupportedOperation", "", 200, never},
		{"UnsupportedOperation.Tomorrow", "", 200, never},
		{"FailedOperation.DeprecatedAPI", "", 200, never},
		{"ActionOffline", "", 200, never},
		// The true code stands in the text.
		{"FailedOperation.AsCommon", "as: [ResourceInsufficient.SpecifiedInstanceType] sold out", 200, quota},
		{"InternalError.AsCommonError", "InvalidParameterValue.InstanceTypeNotSupported: no such type", 200, invalid},
		{"FailedOperation.LbCommon", "LimitExceeded: the quota of load balancers", 200, quota},
		{"FailedOperation.AsCommon", "it did not go", 200, inside},
		// In a fault of the server it settles nothing.
		{"FailedOperation.AsCommon", "ResourceInsufficient.SpecifiedInstanceType", 500, inside},
		{"InternalError", "RequestLimitExceeded: cam", 502, away},
		{"InternalError", "", 200, inside},
		{"InternalError.UnexpectedInternal", "", 200, inside},
		{"InternalError.UnexceptedInternal", "", 200, inside},
		{"InternalError.ComponentClinetHttp", "", 200, inside},
		{"FailedOperation", "", 200, inside},
		{"FailedOperation.Tomorrow", "", 200, inside},
		{"ServiceUnavailable", "", 200, away},
		// What nobody knows falls by its status.
		{"Weird", "", 400, invalid},
		{"Weird", "", 403, denied},
		{"Weird", "", 409, busy},
		{"Weird", "", 404, away},
		{"", "", 404, away},
		{"Weird", "", 418, first},
		{"Weird", "", 502, away},
	} {
		if got, _ := classify(test.code, test.text, test.status); got != test.want {
			t.Errorf("%s (%s) with %d: got %s, want %s", test.code, test.text, test.status, got, test.want)
		}
	}
}
