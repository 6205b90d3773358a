// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/refuse"
	"github.com/pmks-go/pmks/internal/upgrade"
)

// Words of findings. EKS gives the category to an insight, and the second is its code for
// an update that has failed for that.
const (
	findingInsight   = string(types.CategoryUpgradeReadiness)
	findingAddresses = string(types.ErrorCodeInsufficientFreeAddresses)
	findingAddon     = "ADDON_VERSION"
)

// upgradeAddresses is how many free addresses an upgrade of the control plane may take in
// the subnets of a cluster (EKS user guide, update cluster).
const upgradeAddresses = 5

// UpgradeFindings implements [pmks.UpgradeAdvisor]: the insights of EKS for that version,
// of which those of status ERROR block the upgrade; the add-ons of EKS that run in a
// version that does not go with it; subnets that are almost full; and node groups with
// images of their own, which pmks does not upgrade. EKS renews its insights once a day.
// Disruption budgets, and add-ons that are not of EKS, it does not tell.
func (h *Handler) UpgradeFindings(ctx context.Context, clusterIID pmks.IID, newVersion string) (_ []pmks.UpgradeFinding, err error) {
	defer annotate(&err, "UpgradeFindings", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	if err != nil {
		return nil, err
	}
	version, err := h.upgradeTarget(ctx, newVersion)
	if err != nil {
		return nil, err
	}
	var found clusterRead
	var insights, addons, subnets []pmks.UpgradeFinding
	var offered []pmks.Version
	var offeredErr, groupsErr error
	fault := fanout.All(ctx, // the cluster's own error counts, and then that of its groups
		func(ctx context.Context) error {
			if found.cluster, err = h.describeCluster(ctx, t); err == nil {
				subnets = h.subnetFindings(ctx, found.cluster)
			}
			return nil
		},
		func(ctx context.Context) error {
			found.groups, groupsErr = h.readNodegroups(ctx, t.cluster, fanout.Each, nil)
			return nil
		},
		func(ctx context.Context) error { insights = h.insightFindings(ctx, t.cluster, version); return nil },
		func(ctx context.Context) error { addons = h.addonFindings(ctx, t.cluster, version); return nil },
		func(ctx context.Context) error { offered, offeredErr = h.ListVersions(ctx); return nil })
	if err = cmp.Or(fault, err, groupsErr, errs.Over(ctx)); err != nil {
		return nil, err
	}
	if err := checkWay(found.cluster, version, offered, offeredErr); err != nil {
		return nil, err
	}
	return slices.Concat(ownFindings(found, version), insights, addons, subnets), nil
}

// checkWay refuses a version to which no upgrade leads, now or ever. How many steps it is
// away does not matter: later steps are asked for too.
func checkWay(c *types.Cluster, version string, offered []pmks.Version, offeredErr error) error {
	facts := upgrade.Facts{Cloud: "EKS", Current: aws.ToString(c.Version), Target: version, LargestStep: 1}
	if offeredErr == nil {
		facts.Offered = versionNames(offered)
	}
	var refusal *upgrade.Error
	if _, err := upgrade.Plan(facts); errors.As(err, &refusal) && refusal.OfRequest() {
		return refuse.Upgrade("newVersion", err)
	}
	return nil
}

// ownFindings are what keeps pmks itself from an upgrade.
func ownFindings(r clusterRead, version string) []pmks.UpgradeFinding {
	var list []pmks.UpgradeFinding
	if err := checkOurs(r.cluster); err != nil {
		list = append(list, blocking(pmks.IID{}, err))
	}
	for _, g := range r.groups {
		if g.err != nil {
			f := unreadFinding("the node group "+g.name, g.err)
			f.NodeGroup = iid(g.name)
			list = append(list, f)
			continue
		}
		if err := checkImages([]*types.Nodegroup{g.nodegroup}, version); err != nil {
			list = append(list, blocking(iid(g.name), err))
		}
	}
	return list
}

// blocking is a finding out of the error that an upgrade would end with.
func blocking(group pmks.IID, err error) pmks.UpgradeFinding {
	f := pmks.UpgradeFinding{NodeGroup: group, Blocks: true, Code: pmks.CodeOf(err).String(), Message: err.Error()}
	var e *pmks.Error
	if errors.As(err, &e) {
		f.Message = e.Message
	}
	return f
}

// unreadFinding says that something could not be looked at: that is no all-clear.
func unreadFinding(what string, err error) pmks.UpgradeFinding {
	return pmks.UpgradeFinding{Code: pmks.KeyUnread, Message: what + " could not be read: " + err.Error()}
}

// insightFindings are the insights about an upgrade to a version that do not say that all
// is well, each with its details.
func (h *Handler) insightFindings(ctx context.Context, cluster, version string) []pmks.UpgradeFinding {
	insights, err := readList(ctx, h, bucketEKS, h.api.eks.ListInsights, "list of insights", func(token *string) *eks.ListInsightsInput {
		return &eks.ListInsightsInput{ClusterName: &cluster, MaxResults: aws.Int32(pageSize), NextToken: token, Filter: &types.InsightsFilter{
			Categories:         []types.Category{types.CategoryUpgradeReadiness},
			KubernetesVersions: []string{version},
			Statuses:           []types.InsightStatusValue{types.InsightStatusValueError, types.InsightStatusValueWarning, types.InsightStatusValueUnknown},
		}}
	}, func(o *eks.ListInsightsOutput) ([]types.InsightSummary, *string) { return o.Insights, o.NextToken })
	if err != nil {
		return []pmks.UpgradeFinding{unreadFinding("the upgrade insights of EKS", err)}
	}
	details := make([]*types.Insight, len(insights))
	// Without its details an insight still says what it is about.
	_ = fanout.Each(ctx, len(insights), func(ctx context.Context, i int) error {
		out, err := read(ctx, h, bucketEKS, h.api.eks.DescribeInsight, &eks.DescribeInsightInput{ClusterName: &cluster, Id: insights[i].Id},
			"insight of that id", func(o *eks.DescribeInsightOutput) bool {
				return o.Insight != nil && aws.ToString(o.Insight.Id) == aws.ToString(insights[i].Id)
			})
		if err == nil {
			details[i] = out.Insight
		}
		return err
	})
	var list []pmks.UpgradeFinding
	for i, s := range insights {
		list = append(list, insightFinding(s, details[i]))
	}
	return list
}

func insightFinding(s types.InsightSummary, d *types.Insight) pmks.UpgradeFinding {
	f := pmks.UpgradeFinding{Code: findingInsight}
	reason := ""
	if s.InsightStatus != nil {
		f.Blocks = s.InsightStatus.Status == types.InsightStatusValueError
		reason = string(s.InsightStatus.Status)
		if text := aws.ToString(s.InsightStatus.Reason); text != "" {
			reason += ": " + text
		}
	}
	parts := []string{aws.ToString(s.Name) + ": " + reason}
	if d != nil {
		parts = append(parts, aws.ToString(d.Recommendation))
		parts = append(parts, insightDetails(d)...)
	}
	if s.LastRefreshTime != nil {
		parts = append(parts, "As of "+s.LastRefreshTime.UTC().Format(time.RFC3339))
	}
	f.Message = sentences(parts)
	return f
}

// mostDetails is how many uses, add-ons or objects a finding names.
const mostDetails = 10

// insightDetails are the uses of APIs that end, the add-ons that do not go with the
// version, and the objects in question.
func insightDetails(d *types.Insight) []string {
	var list []string
	if c := d.CategorySpecificSummary; c != nil {
		for _, use := range c.DeprecationDetails {
			text := aws.ToString(use.Usage) + " is served until " + aws.ToString(use.StopServingVersion)
			if other := aws.ToString(use.ReplacedWith); other != "" {
				text += ", then " + other
			}
			for _, client := range use.ClientStats {
				text += fmt.Sprintf(", %s asked for it %d times in 30 days", aws.ToString(client.UserAgent), client.NumberOfRequestsLast30Days)
			}
			list = append(list, text)
		}
		for _, addon := range c.AddonCompatibilityDetails {
			list = append(list, "The add-on "+aws.ToString(addon.Name)+" needs one of "+strings.Join(addon.CompatibleVersions, ", "))
		}
	}
	for _, r := range d.Resources {
		if name := cmp.Or(aws.ToString(r.KubernetesResourceUri), aws.ToString(r.Arn)); name != "" {
			list = append(list, name)
		}
	}
	if more := len(list) - mostDetails; more > 0 {
		list = append(list[:mostDetails], fmt.Sprintf("%d more are in EKS", more))
	}
	return list
}

// addonFindings are the add-ons that run in a version that does not go with one of
// Kubernetes. EKS upgrades the control plane all the same, unless an insight says no.
func (h *Handler) addonFindings(ctx context.Context, cluster, version string) []pmks.UpgradeFinding {
	names, err := h.listAddons(ctx, cluster)
	if err != nil {
		return []pmks.UpgradeFinding{unreadFinding("the add-ons of EKS", err)}
	}
	found := make([][]pmks.UpgradeFinding, len(names))
	err = fanout.Each(ctx, len(names), func(ctx context.Context, i int) error {
		found[i] = h.addonFinding(ctx, cluster, names[i], version)
		return nil
	})
	if err != nil {
		return []pmks.UpgradeFinding{unreadFinding("the add-ons of EKS", err)}
	}
	return slices.Concat(found...)
}

func (h *Handler) addonFinding(ctx context.Context, cluster, name, version string) []pmks.UpgradeFinding {
	var runs string
	var fits []types.AddonInfo
	err := fanout.All(ctx,
		func(ctx context.Context) error {
			out, err := read(ctx, h, bucketEKS, h.api.eks.DescribeAddon, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name},
				"add-on of that name", func(o *eks.DescribeAddonOutput) bool {
					return o.Addon != nil && aws.ToString(o.Addon.AddonName) == name
				})
			if err == nil {
				runs = aws.ToString(out.Addon.AddonVersion)
			}
			return errs.IgnoreNotFound(err) // it is gone
		},
		func(ctx context.Context) (err error) {
			fits, err = readList(ctx, h, bucketEKS, h.api.eks.DescribeAddonVersions, "list of add-on versions", func(token *string) *eks.DescribeAddonVersionsInput {
				return &eks.DescribeAddonVersionsInput{AddonName: &name, KubernetesVersion: &version, MaxResults: aws.Int32(pageSize), NextToken: token}
			}, func(o *eks.DescribeAddonVersionsOutput) ([]types.AddonInfo, *string) { return o.Addons, o.NextToken })
			return err
		})
	if err != nil {
		return []pmks.UpgradeFinding{unreadFinding("the add-on "+name, err)}
	}
	versions, standard := addonVersions(fits, name, version)
	if runs == "" || slices.Contains(versions, runs) {
		return nil
	}
	message := fmt.Sprintf("the add-on %s %s does not go with Kubernetes %s", name, runs, version)
	switch standard = cmp.Or(standard, strings.Join(versions[:min(len(versions), 1)], "")); standard {
	case "":
		message += ", and EKS has no version of it that does"
	default:
		message += ": update it, to " + standard + " for one"
	}
	return []pmks.UpgradeFinding{{Code: findingAddon, Message: message}}
}

// addonVersions are the versions of an add-on that go with one of Kubernetes, and which of
// them is the default there.
func addonVersions(list []types.AddonInfo, name, version string) (versions []string, standard string) {
	for _, addon := range list {
		if aws.ToString(addon.AddonName) != name {
			continue
		}
		for _, v := range addon.AddonVersions {
			for _, c := range v.Compatibilities {
				if of := aws.ToString(c.ClusterVersion); of != version && of != "*" {
					continue
				}
				versions = append(versions, aws.ToString(v.AddonVersion))
				if c.DefaultVersion {
					standard = aws.ToString(v.AddonVersion)
				}
			}
		}
	}
	return versions, standard
}

// subnetFindings are the subnets of a cluster in which an upgrade may find no room.
func (h *Handler) subnetFindings(ctx context.Context, c *types.Cluster) []pmks.UpgradeFinding {
	own, err := clusterSubnets(c)
	if err != nil {
		return nil // an external cluster has none
	}
	found, err := h.describeSubnets(ctx, nameFilter("subnet-id", own...))
	if err != nil {
		return []pmks.UpgradeFinding{unreadFinding("the subnets of the cluster", err)}
	}
	var list []pmks.UpgradeFinding
	for _, s := range found {
		if id := aws.ToString(s.SubnetId); s.AvailableIpAddressCount != nil && *s.AvailableIpAddressCount < upgradeAddresses && slices.Contains(own, id) {
			list = append(list, pmks.UpgradeFinding{Code: findingAddresses, Message: fmt.Sprintf(
				"the subnet %s has %d free addresses: an upgrade of the control plane may take up to %d", id, *s.AvailableIpAddressCount, upgradeAddresses)})
		}
	}
	return list
}
