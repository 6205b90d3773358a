// SPDX-License-Identifier: Apache-2.0

package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// vendorTagPrefix is that of the tags that AWS sets itself, in any case.
const vendorTagPrefix = "aws:"

// SetTags implements [pmks.TagSetter]. EKS adds tags and removes them in calls of their
// own: what is too much goes first, because 50 tags are the most. Already so, there is no
// write; otherwise there are one or two after the read.
func (h *Handler) SetTags(ctx context.Context, clusterIID pmks.IID, tags []pmks.KeyValue) (err error) {
	defer annotate(&err, "SetTags", clusterIID, pmks.IID{})
	t, err := h.clusterTarget(clusterIID)
	var f refuse.List
	f.Join(err)
	f.Join(capabilities.CheckTags(tags))
	checkTags(&f, tags)
	if err := f.Err(); err != nil {
		return err
	}
	// EKS would mix the tags of two callers at once: each takes away and adds what it saw.
	over, err := h.takeTurn(ctx, t.cluster)
	if err != nil {
		return err
	}
	defer over()
	c, err := h.describeCluster(ctx, t)
	if err != nil {
		return err
	}
	if err := checkOurs(c); err != nil {
		return err
	}
	if aws.ToString(c.Arn) == "" {
		return errs.LostAnswer("AWS", "ARN of the cluster")
	}
	surplus, missing := tagChanges(c.Tags, tags)
	if len(surplus) > 0 {
		if err := h.untag(ctx, t, c, surplus); err != nil {
			return ofLeaving(c, err)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := ofLeaving(c, h.tag(ctx, t, c, missing)); err != nil {
		if len(surplus) > 0 {
			return errs.HalfDone(err, fmt.Sprintf("the tags %s are removed, the new ones are not set: call again", strings.Join(surplus, ", ")))
		}
		return err
	}
	return nil
}

// ofLeaving says of a refusal that it is for the state of the cluster where that goes away:
// EKS calls it a bad request.
func ofLeaving(c *types.Cluster, err error) error {
	if c.Status != types.ClusterStatusDeleting || !errs.Is(err, pmks.CodeInvalidArgument) {
		return err
	}
	return errs.With(err, func(e *pmks.Error) { e.Code = pmks.CodeFailedPrecondition })
}

// tagChanges says which of the user's tags are too many, and which are missing or have
// another value.
func tagChanges(is map[string]string, want []pmks.KeyValue) (surplus []string, missing map[string]string) {
	missing = map[string]string{}
	for _, t := range want {
		missing[t.Key] = t.Value
	}
	for _, t := range userTags(is) {
		value, wanted := missing[t.Key]
		switch {
		case !wanted:
			surplus = append(surplus, t.Key)
		case value == t.Value:
			delete(missing, t.Key)
		}
	}
	return surplus, missing
}

// untag removes tags. Twice is as good as once.
func (h *Handler) untag(ctx context.Context, t target, c *types.Cluster, keys []string) error {
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := send(ctx, h, bucketEKS, h.api.eks.UntagResource, &eks.UntagResourceInput{ResourceArn: c.Arn, TagKeys: keys},
				requestID, func(o *eks.UntagResourceOutput) bool { return sentByEKS(o.ResultMetadata) })
			return err
		},
		Happened: func(ctx context.Context) (bool, error) {
			now, err := h.describeCluster(ctx, t)
			return err == nil && !slices.ContainsFunc(keys, func(key string) bool { _, there := now.Tags[key]; return there }), err
		},
	})
	return notFoundOf(err, t.cluster)
}

// tag adds tags, or changes their values. Twice is as good as once.
func (h *Handler) tag(ctx context.Context, t target, c *types.Cluster, tags map[string]string) error {
	err := once.Do(ctx, once.Mutation{
		Send: func(ctx context.Context) error { return h.tagResource(ctx, c.Arn, tags) },
		Happened: func(ctx context.Context) (bool, error) {
			now, err := h.describeCluster(ctx, t)
			if err != nil {
				return false, err
			}
			after := maps.Clone(now.Tags)
			maps.Copy(after, tags)
			return maps.Equal(after, now.Tags), nil
		},
	})
	return notFoundOf(err, t.cluster)
}

// tagResource makes the request.
func (h *Handler) tagResource(ctx context.Context, resource *string, tags map[string]string) error {
	_, err := send(ctx, h, bucketEKS, h.api.eks.TagResource, &eks.TagResourceInput{ResourceArn: resource, Tags: tags},
		requestID, func(o *eks.TagResourceOutput) bool { return sentByEKS(o.ResultMetadata) })
	return err
}

const requestID = "id of the request"

// sentByEKS reports whether an answer that is an empty object is one of EKS: only the id
// of the request shows that.
func sentByEKS(m middleware.Metadata) bool {
	_, ok := awsmiddleware.GetRequestIDMetadata(m)
	return ok
}

// checkTags refuses what AWS keeps for itself, and pmks's own tags.
func checkTags(f *refuse.List, tags []pmks.KeyValue) {
	for i, t := range tags {
		field := fmt.Sprintf("TagList[%d]", i)
		lower := strings.ToLower(t.Key)
		switch {
		case strings.HasPrefix(lower, vendorTagPrefix), strings.HasPrefix(lower, tagPrefix), strings.HasPrefix(lower, strings.ToLower(specTagPrefix)):
			f.Add(field+".Key", "%q begins with a prefix that is reserved", t.Key)
		case utf8.RuneCountInString(t.Key) > 128:
			f.Add(field+".Key", "has %d characters, AWS takes 128", utf8.RuneCountInString(t.Key))
		case strings.ContainsFunc(t.Key, notInTags):
			f.Add(field+".Key", "%q "+tagCharacters, refuse.Clip(t.Key))
		}
		switch {
		case utf8.RuneCountInString(t.Value) > 256:
			f.Add(field+".Value", "has %d characters, AWS takes 256", utf8.RuneCountInString(t.Value))
		case strings.ContainsFunc(t.Value, notInTags):
			f.Add(field+".Value", "%q "+tagCharacters, refuse.Clip(t.Value))
		}
	}
}

const tagCharacters = "has characters that AWS does not take: letters, digits, spaces and _ . : / = + - @ are left"

// notInTags reports whether AWS refuses a character of a tag (AWS General Reference, "Tag
// naming limits and requirements"). A change of tags would find out when it has removed
// others.
func notInTags(r rune) bool {
	return !unicode.In(r, unicode.L, unicode.N, unicode.Z) && !strings.ContainsRune("_.:/=+-@", r)
}

// userTags are the tags without those of pmks and of AWS, sorted.
func userTags(tags map[string]string) []pmks.KeyValue {
	var list []pmks.KeyValue
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if !strings.HasPrefix(key, tagPrefix) && !strings.HasPrefix(key, specTagPrefix) && !strings.HasPrefix(strings.ToLower(key), vendorTagPrefix) {
			list = append(list, pmks.KeyValue{Key: key, Value: tags[key]})
		}
	}
	return list
}
