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
	breaksNodes   = "would take something away from nodes that are in use"
	needsUpgrade  = "needs a second upgrade, an hour more: pmks never asks so, and afterwards nothing is left to upgrade"
	needsStop     = "needs the cluster to be stopped and started, a quarter of an hour more"
	needsPrivate  = "needs a cluster of another kind: private, or with its access restricted"
	needsNodes    = "needs more machines, or others, than the smallest cluster has"
	needsLag      = "shows only where reads are behind, which nobody can bring about"
	comparedOnly  = "no single answer is known that shows it: left to the comparison with the simulator"
	needsLabels   = "needs a node group with labels of its own, which is another machine"
	needsRegion   = "needs a second region, or a resource group that is not the default one"
)

// unprobed are the assumptions of which no record can say what the cloud does, by cloud,
// with the reason.
var unprobed = map[string]map[string]string{
	"alibaba": {
		"AutoscalerInstalled":   comparedOnly,
		"BoundsShownWhileOff":   comparedOnly,
		"DefaultNodePool":       comparedOnly,
		"DefaultFlagHidden":     comparedOnly,
		"DeletedShown":          comparedOnly,
		"DesiredShownWhileAuto": comparedOnly,
		"EmptyAnswers":          comparedOnly,
		"KubernetesConfigKept":  comparedOnly,
		"LabelsMerged":          comparedOnly,
		"MaxVSwitches":          comparedOnly,
		"OldVersionMetadata":    comparedOnly,
		"OtherCodes":            comparedOnly,
		"ScalingGroupReset":     comparedOnly,
		"TagsMerged":            comparedOnly,
		"TagsUpdateCluster":     comparedOnly,
		"TasksForgotten":        comparedOnly,
		"TasksOldestFirst":      comparedOnly,
		"CheckFailsOnError":     needsUpgrade, // a check finds an error where node pools lag
		"ChecksOldestFirst":     "needs three checks, some minutes apart",
		"DefaultNodePoolKept":   "shows only where DefaultNodePool holds too",
		"MasterOnlyByDefault":   needsUpgrade,
		"NoPauseByDefault":      needsUpgrade,
		"RetiredIgnored":        makesCluster,
		"SkewRefused":           needsUpgrade,
		"ThrottlingStatus":      needsThrottle,
		"UniqueNames":           makesCluster,
	},
	"aws": {
		"LaunchTemplateNotWatched": breaksNodes,
		"NodeGroupsMayLag":         needsUpgrade,
		"RestoreDiscoveryTags":     "shows among the tags of the Auto Scaling group after a later update, when nothing reads them",
		"UpdateDegraded":           needsFailure,
	},
	"azure": {
		"TagsMerged":            comparedOnly,
		"AbsentMembersKept":     needsNodes,
		"AbsentAccessKept":      needsPrivate,
		"AnyAdminUsername":      makesCluster,
		"CancelingHidden":       endsLife,
		"Ed25519Keys":           makesCluster,
		"GraphIDsInLowerCase":   "the index is asked only where a list has many clusters",
		"GraphScrubbed":         "the index is asked only where a list has many clusters",
		"PrivateTagsUnlimited":  needsPrivate,
		"SmallSystemPools":      needsNodes,
		"SpotMarksRestored":     needsNodes,
		"SpotUpgradeNotAllowed": needsUpgrade,
		"StoppedConflict":       needsStop,
		"StoppedPoolsIgnored":   needsStop,
	},
	"gcp": {
		"MaxPoolOperations":       "needs a node pool that then stays, and has to be upgraded with the others",
		"DeletionWhileCreating":   endsLife,
		"EarlyAccess":             comparedOnly,
		"EndpointsMerged":         needsPrivate,
		"FirstPoolMayBeEmpty":     makesCluster,
		"OwnTaintsStay":           needsNodes,
		"RunningWhileAutoscaling": comparedOnly,
		"SpotLabelShown":          needsNodes,
	},
	"ibm": {
		"ResizeRefusedAsBadRequest": comparedOnly,
		"VersionsAsList":            comparedOnly,
		"CreateFailedWord":          needsFailure,
		"EarlyWorker":               comparedOnly,
		"EndpointAtOnce":            needsPrivate,
		"FailedUpdateForgotten":     needsFailure,
		"FreshIsEmpty":              needsLag,
		"GroupOptionalOnWrites":     needsRegion,
		"KubeGrantOfKeys":           "is about the sign-in of another client than pmks",
		"NamesPerRegion":            needsRegion,
		"NoRetryAfter":              needsThrottle,
		"OptionsSurvive":            "needs an add-on with options that is updated",
		"RemovalWaitsForWorkers":    comparedOnly,
		"TagsKeepCase":              "the tags of the kit are in lower case",
		"ThrottledStatus":           needsThrottle,
	},
	"nhn": {
		"GroupsWhileCreating":      comparedOnly,
		"ACLShowsSubnet":           needsPrivate,
		"AddonsRequired":           makesCluster,
		"AddressesOfAllNICs":       needsNodes,
		"AuthorityKept":            "would renew the certificates of a cluster that is in use",
		"ChangesFromFailed":        needsFailure,
		"ConfigForReaders":         needsUser,
		"CreatingIsNotDeleted":     endsLife,
		"Discovery":                "is about clients that ask a service for its versions first, which pmks does not",
		"GroupsUnreadable":         needsFailure,
		"NodeLabelsFixedWhileAuto": needsLabels,
		"NodeLabelsForm":           needsLabels,
		"NodeLabelsHidden":         needsLabels,
		"NodeLabelsMerged":         needsLabels,
		"NodeLabelsText":           needsLabels,
		"NumberLabels":             needsLabels,
		"OwnersOnly":               needsUser,
		"QuotaIsBadRequest":        needsAccount,
		"UniqueNames":              makesCluster,
	},
	"tencent": {
		"IDsCurrent":            needsLag,
		"PoolProtectionIgnored": endsLife,
		"TagTasksOverlap":       "needs two changes of tags at the same moment",
		"TagsAtOnce":            comparedOnly,
		"ThrottlingCode":        needsThrottle,
	},
}
