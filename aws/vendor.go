// SPDX-License-Identifier: Apache-2.0

//go:build !pmks_novendor

package aws

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Clients are what [Handler.Vendor] returns: the SDK's client of each service.
type Clients struct {
	// EKS has what pmks does not cover: add-ons, access entries, pod identities, logging,
	// insights, Fargate profiles.
	EKS         *eks.Client
	EC2         *ec2.Client
	IAM         *iam.Client
	AutoScaling *autoscaling.Client
	STS         *sts.Client

	// Config makes clients of other services.
	Config aws.Config
}

// Vendor returns the SDK's own clients with the region, the credentials, the endpoints
// and the transport of the handler, for what pmks does not cover. It makes no call. They
// repeat requests as the SDK does, and pass by the rates that the handler keeps to; their
// errors are those of the SDK.
//
// What is changed there is seen by the next read. EKS takes one change of a cluster at a
// time, whoever makes it.
//
// A program that does not call Vendor does not hold the whole APIs, unless something in it
// looks methods up by their names, as text/template does: then it does without with the
// build tag pmks_novendor, which takes Vendor away and 37 MB with it. [Handler.SDK] stays.
func (h *Handler) Vendor() Clients {
	sdk := h.SDK()
	return Clients{
		EKS: eks.NewFromConfig(sdk), EC2: ec2.NewFromConfig(sdk), IAM: iam.NewFromConfig(sdk), AutoScaling: autoscaling.NewFromConfig(sdk),
		STS: sts.NewFromConfig(sdk, func(o *sts.Options) {
			if h.cfg.STSEndpoint != "" {
				o.BaseEndpoint = aws.String(h.cfg.STSEndpoint)
			}
		}),
		Config: sdk,
	}
}
