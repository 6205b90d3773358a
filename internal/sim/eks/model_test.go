// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/pmks-go/pmks/internal/sim/wiretest"
)

// TestServer_leftOut: what is in the service models of AWS and not here is
// answered as not simulated, never as the caller's mistake.
func TestServer_leftOut(t *testing.T) {
	t.Parallel()
	const ec2Form, stsForm = "&Version=2016-11-15&", "&Version=2011-06-15&"
	tests := []struct{ name, method, target, body, service string }{
		{"capabilities", "GET", "/clusters/a/capabilities", "", "eks"},
		{"capability", "POST", "/clusters/a/capabilities/b", "{}", "eks"},
		{"certificate-authority", "POST", "/clusters/a/certificate-authorities/b/activate", "{}", "eks"},
		{"subscriptions", "GET", "/eks-anywhere-subscriptions?includeStatus=ACTIVE", "", "eks"},
		{"identity-provider", "POST", "/clusters/a/identity-provider-configs/associate", "{}", "eks"},
		{"insights-refresh", "GET", "/clusters/a/insights-refresh", "", "eks"},
		{"pod-identity", "DELETE", "/clusters/a/pod-identity-associations/b", "", "eks"},
		{"access-policy", "DELETE", "/clusters/a/access-entries/b/access-policies/c", "", "eks"},
		{"update-of-capability", "GET", "/clusters/a/updates?capabilityName=b", "", "eks"},
		{"api-server", "POST", "/clusters", `{"kubeApiServerConfig":{"eventTtl":1}}`, "eks"},
		{"egress", "POST", "/clusters", `{"resourcesVpcConfig":{"controlPlaneEgressMode":"b"}}`, "eks"},
		{"dry-run", "POST", "/", "Action=DescribeVpcs" + ec2Form + "DryRun=true", "ec2"},
		{"before-a-typo", "POST", "/", "Action=DescribeVpcs" + ec2Form + "DryRun=true&Colour=red", "ec2"},
		{"template-data", "POST", "/", "Action=CreateLaunchTemplate" + ec2Form + "LaunchTemplateName=abc&LaunchTemplateData.CpuOptions.CoreCount=1", "ec2"},
		{"template-disk", "POST", "/", "Action=CreateLaunchTemplate" + ec2Form + "LaunchTemplateName=abc&LaunchTemplateData.BlockDeviceMapping.1.DeviceName=b&LaunchTemplateData.BlockDeviceMapping.1.Ebs.KmsKeyId=c", "ec2"},
		{"session-policy", "POST", "/", "Action=AssumeRole" + stsForm + "RoleArn=a&RoleSessionName=bb&PolicyArns.member.1.arn=c", "sts"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.createCluster(t, "a")
			response, _ := wiretest.Send(t, w.Transport(), w.signed(t, test.method, test.target, test.body, test.service))
			calls := w.Calls()
			if got := calls[len(calls)-1]; response.StatusCode != http.StatusNotImplemented || got.Code != CodeNotSimulated {
				t.Errorf("got %d %s, want 501 %s", response.StatusCode, got.Code, CodeNotSimulated)
			}
		})
	}
}

// TestServer_createdRole: a role comes back as it was made.
func TestServer_createdRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	const document = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:user/a b+c"}, "Action": "sts:AssumeRole"}]}`
	made := wiretest.OK(w.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("mine"), AssumeRolePolicyDocument: aws.String(document), Description: aws.String("for tests"),
		Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("a")}},
	}))(t)
	got, err := w.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("mine")})
	if err != nil || wiretest.JSON(t, got.Role) != wiretest.JSON(t, made.Role) {
		t.Fatalf("GetRole: %v\n%s\n%s", err, wiretest.JSON(t, got.Role), wiretest.JSON(t, made.Role))
	}
	// Clients of languages where a plus sign is no space read it so.
	if text, err := url.PathUnescape(aws.ToString(got.Role.AssumeRolePolicyDocument)); err != nil || text != document {
		t.Errorf("the document came back as %s, %v", text, err)
	}
	if r := got.Role; aws.ToString(r.Description) != "for tests" || len(r.Tags) != 1 || aws.ToInt32(r.MaxSessionDuration) != 3600 {
		t.Errorf("got %s", wiretest.JSON(t, r))
	}
	in := &sts.AssumeRoleInput{RoleArn: got.Role.Arn, RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(3601)}
	_, err = w.sts.AssumeRole(ctx, in)
	check(t, err, refusal{"ValidationError", 400}, "MaxSessionDuration")
	in.DurationSeconds = nil
	session := wiretest.OK(w.sts.AssumeRole(ctx, in))(t)
	c := session.Credentials
	w.connect(t, credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken))
	who, err := w.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if want := aws.ToString(got.Role.RoleId) + ":me"; err != nil || aws.ToString(who.UserId) != want || want != aws.ToString(session.AssumedRoleUser.AssumedRoleId) {
		t.Errorf("the session is %v, want %s: %v", aws.ToString(who.UserId), want, err)
	}
}

func TestServer_DescribeLaunchTemplates_onePerPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.ec2.DescribeLaunchTemplates(t.Context(), &ec2.DescribeLaunchTemplatesInput{MaxResults: aws.Int32(1)})
	check(t, err, refusal{}, "")
	_, err = w.ec2.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{MaxResults: aws.Int32(4)})
	check(t, err, refusal{"InvalidParameterValue", 400}, "between 5 and 1000")
}

func Test_like(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "A", false}, {"a", "ab", false}, {"ab", "a", false},
		{"*", "", true}, {"*", "abc", true}, {"a*", "a", true}, {"*c", "abc", true}, {"a*c*e", "abcde", true}, {"a*d", "abc", false},
		{"a*bc", "abbbc", true}, {"?", "", false}, {"?", "漢", true}, {"a?c", "abc", true}, {"a??", "ab", false},
		{`\*`, "*", true}, {`\*`, "a", false}, {`a\?`, "a?", true}, {`a\?`, "ab", false}, {`\\`, `\`, true}, {`*\*`, "ab*", true}, {`*\*`, "abc", false},
	} {
		if got := like([]rune(test.pattern), []rune(test.text)); got != test.want {
			t.Errorf("like(%q, %q): got %v", test.pattern, test.text, got)
		}
	}
}
