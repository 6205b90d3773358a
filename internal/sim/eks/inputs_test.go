// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// atTime signs with the clock of a test.
type atTime struct{ clock *wiretest.Clock }

func (a atTime) SignHTTP(ctx context.Context, keys aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, keys, r, hash, service, region, a.clock.Now(), opts...)
}

// PresignHTTP presigns with the clock of a test.
func (a atTime) PresignHTTP(ctx context.Context, keys aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return v4.NewSigner().PresignHTTP(ctx, keys, r, hash, service, region, a.clock.Now(), opts...)
}

func clusterInput(s *Server, name string) *eks.CreateClusterInput {
	return &eks.CreateClusterInput{
		Name:    &name,
		RoleArn: aws.String("arn:aws:iam::" + s.account + ":role/" + DefaultClusterRole),
		ResourcesVpcConfig: &types.VpcConfigRequest{
			SubnetIds:        []string{s.resources.Subnets[0].ID, s.resources.Subnets[1].ID},
			SecurityGroupIds: []string{s.resources.SecurityGroups[0].ID},
		},
		AccessConfig: &types.CreateAccessConfigRequest{
			AuthenticationMode:                      types.AuthenticationModeApiAndConfigMap,
			BootstrapClusterCreatorAdminPermissions: aws.Bool(true),
		},
		Tags: map[string]string{"env": "test"},
	}
}

func groupInput(s *Server, cluster, name string) *eks.CreateNodegroupInput {
	return &eks.CreateNodegroupInput{
		ClusterName:   &cluster,
		NodegroupName: &name,
		NodeRole:      aws.String("arn:aws:iam::" + s.account + ":role/" + DefaultNodeRole),
		Subnets:       []string{s.resources.Subnets[0].ID, s.resources.Subnets[1].ID},
		InstanceTypes: []string{"t3.medium"},
		AmiType:       types.AMITypesAl2023X8664Standard,
		ScalingConfig: sizes(1, 3, 2),
		Tags:          map[string]string{"cb-spider:pmks:autoscaling": "on"},
	}
}

func sizes(low, high, desired int32) *types.NodegroupScalingConfig {
	return &types.NodegroupScalingConfig{MinSize: &low, MaxSize: &high, DesiredSize: &desired}
}

// groupInfo is a ready-made node group of two nodes.
func groupInfo(name string) pmks.NodeGroupInfo {
	return pmks.NodeGroupInfo{IId: pmks.IID{NameId: name}, DesiredNodeSize: 2, MinNodeSize: 1, MaxNodeSize: 3}
}
