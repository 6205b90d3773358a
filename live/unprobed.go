// SPDX-License-Identifier: Apache-2.0

package live

// Why no record can say what a cloud does.
const (
	needsFailure  = "shows only where the cloud fails by itself"
	needsThrottle = "the kit provokes no throttling"
	needsUser     = "needs a second user, with fewer rights"
	needsAccount  = "needs an account with less in it: a role, a quota or a policy of its own"
	makesCluster  = "where the cloud agrees, asking makes another cluster"
	endsLife      = "where the cloud agrees, asking ends the life of the cluster, or its upgrade"
	needsUpgrade  = "needs a second upgrade, an hour more: pmks never asks so, and afterwards nothing is left to upgrade"
	needsStop     = "needs the cluster to be stopped and started, a quarter of an hour more"
	needsPrivate  = "needs a cluster of another kind: private, or with its access restricted"
	needsNodes    = "needs more machines, or others, than the smallest cluster has"
	needsLag      = "shows only where reads are behind, which nobody can bring about"
	needsRegion   = "needs a second region, or a resource group that is not the default one"
)

// unprobed are the assumptions of which no record can say what the cloud does, by cloud,
// with the reason.
var unprobed = map[string]map[string]string{
	"alibaba": {
		"AutoscalerInstalled": "pmks configures an autoscaler before it lets a node pool use one, so that the cloud has none to install",
		"CheckFailsOnError":   needsUpgrade, // a check finds an error where node pools lag
		"DefaultNodePoolKept": "shows only where DefaultNodePool holds too",
		"MasterOnlyByDefault": needsUpgrade,
		"NoPauseByDefault":    needsUpgrade,
		"RetiredIgnored":      makesCluster,
		"SkewRefused":         needsUpgrade,
		"ThrottlingStatus":    needsThrottle,
		"UniqueNames":         makesCluster,
	},
	"aws": {
		"LaunchTemplateNotWatched": "a missing launch template is noticed after hours, if at all: that it was not yet says nothing",
		"NodeGroupsMayLag":         needsUpgrade,
		"UpdateDegraded":           needsFailure,
	},
	"azure": {
		"AbsentAccessKept":      needsPrivate,
		"AnyAdminUsername":      makesCluster,
		"CancelingHidden":       endsLife,
		"Ed25519Keys":           makesCluster,
		"PrivateTagsUnlimited":  needsPrivate,
		"SpotMarksRestored":     needsNodes,
		"SpotUpgradeNotAllowed": needsUpgrade,
		"StoppedConflict":       needsStop,
		"StoppedPoolsIgnored":   needsStop,
	},
	"gcp": {
		"DeletionWhileCreating": endsLife,
		"EndpointsMerged":       needsPrivate,
		"FirstPoolMayBeEmpty":   makesCluster,
		"OwnTaintsStay":         needsNodes,
	},
	"ibm": {
		"CreateFailedWord":      needsFailure,
		"EarlyWorker":           "needs a cluster that is made with two machines: the first of two is the one that may be early",
		"FailedUpdateForgotten": needsFailure,
		"FreshIsEmpty":          needsLag,
		"GroupOptionalOnWrites": needsRegion,
		"KubeGrantOfKeys":       "is about the sign-in of another client than pmks",
		"NamesPerRegion":        needsRegion,
		"NoRetryAfter":          needsThrottle,
		"OptionsSurvive":        "needs an add-on with options that is updated",
		"TagsKeepCase":          "is about the tagging service, in which pmks keeps nothing: its tags on IBM Cloud are labels of worker pools",
		"ThrottledStatus":       needsThrottle,
	},
	"nhn": {
		"AddonsRequired":       makesCluster,
		"AddressesOfAllNICs":   needsNodes,
		"ChangesFromFailed":    needsFailure,
		"ConfigForReaders":     needsUser,
		"CreatingIsNotDeleted": endsLife,
		"GroupsUnreadable":     needsFailure,
		"OwnersOnly":           needsUser,
		"QuotaIsBadRequest":    needsAccount,
		"UniqueNames":          makesCluster,
	},
	"tencent": {
		"IDsCurrent":            needsLag,
		"PoolProtectionIgnored": "needs a node pool that is protected: one whose protection could then not be taken away would outlive the run",
		"ThrottlingCode":        needsThrottle,
	},
}
