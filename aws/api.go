// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The calls that the provider uses, service by service.
type (
	eksAPI interface {
		CreateCluster(context.Context, *eks.CreateClusterInput, ...func(*eks.Options)) (*eks.CreateClusterOutput, error)
		DescribeCluster(context.Context, *eks.DescribeClusterInput, ...func(*eks.Options)) (*eks.DescribeClusterOutput, error)
		ListClusters(context.Context, *eks.ListClustersInput, ...func(*eks.Options)) (*eks.ListClustersOutput, error)
		DeleteCluster(context.Context, *eks.DeleteClusterInput, ...func(*eks.Options)) (*eks.DeleteClusterOutput, error)
		UpdateClusterVersion(context.Context, *eks.UpdateClusterVersionInput, ...func(*eks.Options)) (*eks.UpdateClusterVersionOutput, error)
		DescribeClusterVersions(context.Context, *eks.DescribeClusterVersionsInput, ...func(*eks.Options)) (*eks.DescribeClusterVersionsOutput, error)
		CreateNodegroup(context.Context, *eks.CreateNodegroupInput, ...func(*eks.Options)) (*eks.CreateNodegroupOutput, error)
		DescribeNodegroup(context.Context, *eks.DescribeNodegroupInput, ...func(*eks.Options)) (*eks.DescribeNodegroupOutput, error)
		ListNodegroups(context.Context, *eks.ListNodegroupsInput, ...func(*eks.Options)) (*eks.ListNodegroupsOutput, error)
		DeleteNodegroup(context.Context, *eks.DeleteNodegroupInput, ...func(*eks.Options)) (*eks.DeleteNodegroupOutput, error)
		UpdateNodegroupConfig(context.Context, *eks.UpdateNodegroupConfigInput, ...func(*eks.Options)) (*eks.UpdateNodegroupConfigOutput, error)
		UpdateNodegroupVersion(context.Context, *eks.UpdateNodegroupVersionInput, ...func(*eks.Options)) (*eks.UpdateNodegroupVersionOutput, error)
		ListAddons(context.Context, *eks.ListAddonsInput, ...func(*eks.Options)) (*eks.ListAddonsOutput, error)
		TagResource(context.Context, *eks.TagResourceInput, ...func(*eks.Options)) (*eks.TagResourceOutput, error)
	}
	ec2API interface {
		DescribeSubnets(context.Context, *ec2.DescribeSubnetsInput, ...func(*ec2.Options)) (*ec2.DescribeSubnetsOutput, error)
		DescribeSecurityGroups(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
		DescribeVpcs(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error)
		DescribeInstanceTypes(context.Context, *ec2.DescribeInstanceTypesInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceTypesOutput, error)
		DescribeKeyPairs(context.Context, *ec2.DescribeKeyPairsInput, ...func(*ec2.Options)) (*ec2.DescribeKeyPairsOutput, error)
		CreateLaunchTemplate(context.Context, *ec2.CreateLaunchTemplateInput, ...func(*ec2.Options)) (*ec2.CreateLaunchTemplateOutput, error)
		DescribeLaunchTemplates(context.Context, *ec2.DescribeLaunchTemplatesInput, ...func(*ec2.Options)) (*ec2.DescribeLaunchTemplatesOutput, error)
		DeleteLaunchTemplate(context.Context, *ec2.DeleteLaunchTemplateInput, ...func(*ec2.Options)) (*ec2.DeleteLaunchTemplateOutput, error)
	}
	iamAPI interface {
		GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
		CreateRole(context.Context, *iam.CreateRoleInput, ...func(*iam.Options)) (*iam.CreateRoleOutput, error)
		AttachRolePolicy(context.Context, *iam.AttachRolePolicyInput, ...func(*iam.Options)) (*iam.AttachRolePolicyOutput, error)
	}
	asgAPI interface {
		DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
		CreateOrUpdateTags(context.Context, *autoscaling.CreateOrUpdateTagsInput, ...func(*autoscaling.Options)) (*autoscaling.CreateOrUpdateTagsOutput, error)
		DeleteTags(context.Context, *autoscaling.DeleteTagsInput, ...func(*autoscaling.Options)) (*autoscaling.DeleteTagsOutput, error)
	}
	stsAPI interface {
		PresignGetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	}
)

// clients holds one client for each service.
type clients struct {
	eks eksAPI
	ec2 ec2API
	iam iamAPI
	asg asgAPI
	sts stsAPI

	sdk    aws.Config
	region string
}

// SDK returns the SDK's configuration as the handler uses it, for what pmks does
// not cover: eks.NewFromConfig(h.SDK()) and so on.
func (h *Handler) SDK() aws.Config { return h.api.sdk.Copy() }

func newClients(ctx context.Context, cfg Config) (clients, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithAppID("pmks"),
		config.WithRetryMode(aws.RetryModeStandard),
	}
	if cfg.Region != "" {
		opts = append(opts, config.WithRegion(cfg.Region))
	}
	if cfg.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(cfg.Profile))
	}
	if cfg.AccessKeyID != "" {
		opts = append(opts, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(cfg.AccessKeyID, cfg.SecretAccessKey, cfg.SessionToken)))
	}
	if cfg.Endpoint != "" {
		opts = append(opts, config.WithBaseEndpoint(cfg.Endpoint))
	}
	// The handler outlives the context of its opening.
	opts = append(opts, config.WithLogger(sdkLogger(context.WithoutCancel(ctx), cfg.Logger)))
	sdk, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return clients{}, unreadable(err)
	}
	if sdk.Region == "" {
		return clients{}, refuse.Invalid("Region", "is required: give one such as us-east-2, or set AWS_REGION")
	}
	if cfg.Transport != nil {
		// Only now: a client of our own makes the SDK fail while it loads a CA bundle
		// named by the environment, which a transport of the user's has no use for.
		sdk.HTTPClient = &http.Client{Transport: cfg.Transport}
	}
	sdk.Credentials = chain(cfg, sdk)
	return clients{
		eks:    eks.NewFromConfig(sdk),
		ec2:    ec2.NewFromConfig(sdk),
		iam:    iam.NewFromConfig(sdk),
		asg:    autoscaling.NewFromConfig(sdk),
		sts:    newPresigner(cfg, sdk),
		sdk:    sdk,
		region: sdk.Region,
	}, nil
}

// unreadable says why the SDK could not read its configuration, which takes no
// network.
func unreadable(err error) error {
	var role config.SharedConfigAssumeRoleError
	var absent config.SharedConfigProfileNotExistError
	switch {
	case pmks.CodeOf(err) != pmks.CodeUnknown:
		return fail(err)
	case errors.As(err, &role):
		return refuse.Invalid("Settings.profile", "the profile %q, which is to assume %s, is not in the shared configuration files or has no credentials", role.Profile, role.RoleARN)
	case errors.As(err, &absent):
		return refuse.Invalid("Settings.profile", "%q is not in the shared configuration files: name one that is there, here or in AWS_PROFILE", absent.Profile)
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	return &pmks.Error{Code: pmks.CodeInvalidArgument, Err: err,
		Message: "the configuration of the SDK, in the environment and the shared configuration files, cannot be used: " + text}
}

// tokenFile is a file with a web identity token. It is read again whenever the
// credentials end, because what put it there renews it.
type tokenFile string

// GetIdentityToken implements [stscreds.IdentityTokenRetriever].
func (f tokenFile) GetIdentityToken() ([]byte, error) {
	token, err := os.ReadFile(string(f))
	if err == nil && len(bytes.TrimSpace(token)) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, refuse.Invalid("Settings.webIdentityTokenFile", "%q cannot be used, name a file with a token: %v", string(f), err)
	}
	return bytes.TrimSpace(token), nil
}

// sdkLogger gives the SDK's few words to l. Without one they are dropped: the SDK's
// own logger writes to stderr.
func sdkLogger(ctx context.Context, l *slog.Logger) logging.Logger {
	if l == nil {
		return logging.Nop{}
	}
	return logging.LoggerFunc(func(kind logging.Classification, format string, args ...any) {
		level := slog.LevelDebug
		if kind == logging.Warn {
			level = slog.LevelWarn
		}
		l.Log(ctx, level, "aws: sdk", "text", fmt.Sprintf(format, args...))
	})
}

// chain puts the role to assume, if any, on top of the credentials found.
func chain(cfg Config, sdk aws.Config) aws.CredentialsProvider {
	if cfg.RoleARN == "" {
		return sdk.Credentials
	}
	client := sts.NewFromConfig(sdk, func(o *sts.Options) {
		if cfg.STSEndpoint != "" {
			o.BaseEndpoint = aws.String(cfg.STSEndpoint)
		}
	})
	if cfg.WebIdentityTokenFile != "" {
		return aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(client, cfg.RoleARN,
			tokenFile(cfg.WebIdentityTokenFile),
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = cfg.SessionName }))
	}
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, cfg.RoleARN,
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = cfg.SessionName
			if cfg.ExternalID != "" {
				o.ExternalID = aws.String(cfg.ExternalID)
			}
		}))
}

// noRetry switches the SDK's retry off for mutations without an idempotency
// token: only a look can tell whether the first try happened.
func noRetry(o *eks.Options) { o.RetryMaxAttempts = 1 }

// attempts makes the SDK note whether the outcome of any of its tries is open: a
// refusal of a later one, such as throttling, says nothing of an earlier one.
func attempts(lost *bool) func(*eks.Options) {
	return func(o *eks.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("pmksAttempts", func(ctx context.Context,
				in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleFinalize(ctx, in)
				*lost = *lost || err != nil && once.Open(fail(err))
				return out, metadata, err
			}), "Retry", middleware.After)
		})
	}
}

// settledBy is fail for a request with attempts.
func settledBy(lost bool, err error) error {
	err = fail(err)
	var e *pmks.Error
	if !lost || !errors.As(err, &e) {
		return err
	}
	c := *e
	c.MayHaveHappened = true
	return &c
}

// missing reports whether err says that the cluster or node group is not there.
func missing(err error) bool { return has(err, pmks.CodeNotFound) }
