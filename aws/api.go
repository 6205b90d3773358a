// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
)

// clients holds the requests of each service, and the limiter that all of them go
// through, those of other handlers of the account too.
type clients struct {
	eks eksCalls
	ec2 ec2Calls
	iam iamCalls
	asg asgCalls
	// presign signs a request for STS, and sends none.
	presign func(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.PresignOptions)) (*v4.PresignedHTTPRequest, error)

	limiter *fanout.Limiter
	sdk     aws.Config
	region  string
}

// The buckets in which AWS counts requests; on EC2 each action has one of its own.
const (
	bucketEKS = "eks"
	bucketIAM = "iam"
	bucketASG = "autoscaling"
	bucketEC2 = "ec2:" // and the action
)

// rateOf returns how fast a bucket may be drawn from. Only EC2 publishes figures
// (EC2 developer guide, request throttling, read in November 2026: 100, and 20 a
// second, for reads of each action); a part is left to other tools of the account.
func (c Config) rateOf(bucket string) fanout.Rate {
	if c.RateLimits == ratesNone {
		return fanout.Rate{}
	}
	if action, ok := strings.CutPrefix(bucket, bucketEC2); ok && strings.HasPrefix(action, "Describe") {
		return fanout.Rate{PerSecond: 14, Burst: 70}
	}
	return fanout.Rate{}
}

// limiter is the one of all handlers of an account in a region, which is what AWS counts
// by. Which account it is AWS alone knows where no role tells it: two of the same
// credentials are of the same one.
func (c Config) limiter(region string) *fanout.Limiter {
	identity := cmp.Or(c.AccessKeyID, c.Profile, "default chain")
	if parts := strings.SplitN(c.RoleARN, ":", 6); len(parts) == 6 {
		identity = parts[4]
	}
	return fanout.Shared(fanout.Account{Provider: Name, Identity: identity, Region: region, Endpoint: c.Endpoint, Rates: c.RateLimits, Transport: c.Transport},
		fanout.Scaled(c.RateLimits, c.rateOf))
}

// read makes a request that changes nothing, under the handler's limiter; send one
// that changes something, once. Both return a *pmks.Error, also where the answer
// does not hold what it is about. I, O and P are pointers: so the compiler makes one body
// for all requests, and not one for each.
func read[I, O, P any](ctx context.Context, h *Handler, bucket string, call func(context.Context, I, ...func(P)) (O, error), in I,
	what string, holds func(O) bool) (O, error) {
	return fanout.Read(ctx, h.api.limiter, bucket, attempt(call, in, what, holds))
}

func send[I, O, P any](ctx context.Context, h *Handler, bucket string, call func(context.Context, I, ...func(P)) (O, error), in I,
	what string, holds func(O) bool) (O, error) {
	return fanout.Do(ctx, h.api.limiter, bucket, attempt(call, in, what, holds))
}

// attempt is one try of a request.
func attempt[I, O, P any](call func(context.Context, I, ...func(P)) (O, error), in I, what string, holds func(O) bool) func(context.Context) (O, error) {
	return func(ctx context.Context) (O, error) {
		out, err := call(ctx, in)
		var none O
		if err != nil {
			return none, fail(ctx, err)
		}
		if !holds(out) {
			return none, errs.LostAnswer("AWS", what)
		}
		return out, nil
	}
}

// readList reads a list to its end, page by page; with an error comes what was read
// before it. A token that comes again would end the list early, or never.
func readList[I, O, P, T any](ctx context.Context, h *Handler, bucket string, call func(context.Context, I, ...func(P)) (O, error), what string,
	page func(token *string) I, items func(O) (list []T, next *string)) ([]T, error) {
	all := []T{}
	for found, err := range readPages(ctx, h, bucket, call, what, page, items) {
		if err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// readPages is readList page by page; an error is the end.
func readPages[I, O, P, T any](ctx context.Context, h *Handler, bucket string, call func(context.Context, I, ...func(P)) (O, error), what string,
	page func(token *string) I, items func(O) (list []T, next *string)) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		seen := map[string]bool{}
		for token := (*string)(nil); ; {
			out, err := read(ctx, h, bucket, call, page(token), what, func(o O) bool { list, _ := items(o); return list != nil })
			if err != nil {
				yield(nil, err)
				return
			}
			found, next := items(out)
			name := aws.ToString(next)
			if !yield(found, nil) || name == "" {
				return
			}
			if seen[name] {
				yield(nil, &pmks.Error{Code: pmks.CodeUnavailable, Message: "AWS gave the same page token twice: the list cannot be read to its end"})
				return
			}
			seen[name], token = true, next
		}
	}
}

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
		return clients{}, unreadable(ctx, err)
	}
	if sdk.Region == "" {
		return clients{}, refuse.Invalid("Region", "is required: give one such as us-east-2, or set AWS_REGION")
	}
	// Only now: a client of our own makes the SDK fail while it loads a CA bundle
	// named by the environment.
	transport := cfg.Transport
	if built, ok := sdk.HTTPClient.(*awshttp.BuildableClient); ok && transport == nil {
		own := built.GetTransport()
		own.HTTP2 = endpoint.Pings()
		transport = own
	}
	sdk.HTTPClient = &http.Client{Transport: endpoint.Guard(transport)}
	sdk.Credentials = chain(cfg, sdk)
	own := singleTry(sdk)
	onEKS, onEC2, onIAM, onASG := eks.NewFromConfig(own), ec2.NewFromConfig(own), iam.NewFromConfig(own), autoscaling.NewFromConfig(own)
	// The environment and the shared configuration files can name endpoints too.
	var faults refuse.List
	for _, e := range []struct {
		service string
		base    *string
	}{
		{"EKS", onEKS.Options().BaseEndpoint}, {"EC2", onEC2.Options().BaseEndpoint}, {"IAM", onIAM.Options().BaseEndpoint},
		{"AUTO_SCALING", onASG.Options().BaseEndpoint}, {"STS", sts.NewFromConfig(own).Options().BaseEndpoint},
	} {
		if cfg.Endpoint == "" { // that one counts before those
			faults.Join(endpoint.Check("AWS_ENDPOINT_URL or AWS_ENDPOINT_URL_"+e.service, aws.ToString(e.base), false))
		}
	}
	if err := faults.Err(); err != nil {
		return clients{}, err
	}
	return clients{
		eks:     newEKSCalls(onEKS),
		ec2:     newEC2Calls(onEC2),
		iam:     newIAMCalls(onIAM),
		asg:     newASGCalls(onASG),
		presign: newPresigner(cfg, own).PresignGetCallerIdentity,
		limiter: cfg.limiter(sdk.Region),
		sdk:     sdk,
		region:  sdk.Region,
	}, nil
}

// singleTry is a configuration whose clients try once and check each answer: what is
// repeated is decided in one place for all clouds.
func singleTry(sdk aws.Config) aws.Config {
	own := sdk.Copy()
	own.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	own.APIOptions = append(slices.Clone(own.APIOptions), answers(sdk.Credentials))
	return own
}

// SDK returns a copy of the SDK's configuration of the handler: its region, credentials,
// endpoint and transport. It makes clients that pass by the rates that the handler keeps
// to, as those of Vendor do.
func (h *Handler) SDK() aws.Config { return h.api.sdk.Copy() }

// unreadable says why the SDK could not read its configuration, which takes no
// network.
func unreadable(ctx context.Context, err error) error {
	var role config.SharedConfigAssumeRoleError
	var absent config.SharedConfigProfileNotExistError
	switch {
	case pmks.CodeOf(err) != pmks.CodeUnknown:
		return fail(ctx, err)
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
	client := sts.NewFromConfig(singleTry(sdk), func(o *sts.Options) {
		if cfg.STSEndpoint != "" {
			o.BaseEndpoint = aws.String(cfg.STSEndpoint)
		}
	})
	if cfg.WebIdentityTokenFile != "" {
		return aws.NewCredentialsCache(bounded{stscreds.NewWebIdentityRoleProvider(client, cfg.RoleARN,
			tokenFile(cfg.WebIdentityTokenFile),
			func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = cfg.SessionName })})
	}
	return aws.NewCredentialsCache(bounded{stscreds.NewAssumeRoleProvider(client, cfg.RoleARN,
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = cfg.SessionName
			if cfg.ExternalID != "" {
				o.ExternalID = aws.String(cfg.ExternalID)
			}
		})})
}

// assumeTimeout bounds one request for the credentials of a role.
const assumeTimeout = 30 * time.Second

// bounded ends a request for credentials that hangs. The SDK asks once for all who
// wait, under a context without an end: all would wait for that request for ever.
type bounded struct{ aws.CredentialsProvider }

// Retrieve implements [aws.CredentialsProvider].
func (b bounded) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, assumeTimeout)
	defer cancel()
	return b.CredentialsProvider.Retrieve(ctx)
}
