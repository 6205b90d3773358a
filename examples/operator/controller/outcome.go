// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"strconv"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/examples/operator/api/v1alpha1"
)

// Pauses are the times after which an object is looked at again.
type Pauses struct {
	// Soon: the cloud is busy, or asks to be left alone without saying how long.
	Soon time.Duration
	// Slow: somebody has to do something, and no event tells when it is done.
	Slow time.Duration
	// Resync: all is well, and other hands may change it.
	Resync time.Duration
}

// DefaultPauses are those of a real cloud.
var DefaultPauses = Pauses{Soon: 10 * time.Second, Slow: time.Minute, Resync: 10 * time.Minute}

// after comes back after about d: a thousand objects are not to come at once.
func after(d time.Duration) ctrl.Result { return ctrl.Result{RequeueAfter: wait.Jitter(d, 0.2)} }

// terminal reports whether the same request will be refused again, whatever the state of
// the cloud.
func terminal(err error) bool {
	code := pmks.CodeOf(err)
	return code == pmks.CodeInvalidArgument || code == pmks.CodeUnsupported
}

// refused reports whether the cloud has said no, so that nothing was begun: what is
// there all the same was made by others.
func refused(err error) bool {
	var e *pmks.Error
	if !errors.As(err, &e) || e.MayHaveHappened {
		return false
	}
	switch e.Code {
	case pmks.CodeInvalidArgument, pmks.CodeUnsupported, pmks.CodeAlreadyExists, pmks.CodeFailedPrecondition, pmks.CodeBusy,
		pmks.CodeUnauthenticated, pmks.CodePermissionDenied, pmks.CodeThrottled, pmks.CodeQuotaExceeded:
		return true
	}
	return false
}

// again says when to come back after a failure. Terminal ones do not come back before
// the object changes; what may pass by itself is repeated by the queue, each time later.
func (p Pauses) again(err error) (ctrl.Result, error) {
	var e *pmks.Error
	errors.As(err, &e)
	switch code := pmks.CodeOf(err); {
	case terminal(err):
		return ctrl.Result{}, nil
	case e != nil && e.MayHaveHappened:
		return after(p.Soon), nil
	case code == pmks.CodeThrottled, code == pmks.CodeBusy:
		return after(max(p.Soon, e.RetryAfter)), nil
	case code == pmks.CodeUnavailable, code == pmks.CodeInternal, code == pmks.CodeTimeout, code == pmks.CodeCanceled, code == pmks.CodeUnknown:
		return ctrl.Result{}, err
	}
	return after(p.Slow), nil
}

// longestMessage keeps a status small: etcd holds it, and every watcher gets it.
const longestMessage = 1024

func clip(message string) string {
	if len(message) > longestMessage {
		message = strings.ToValidUTF8(message[:longestMessage], "") + "..."
	}
	return message
}

// subject is what both kinds have in common.
type subject interface {
	metav1.Object
	conditions() *[]metav1.Condition
	refusedFor() *string
}

type clusterSubject struct{ *v1alpha1.ManagedCluster }

func (s clusterSubject) conditions() *[]metav1.Condition { return &s.Status.Conditions }
func (s clusterSubject) refusedFor() *string             { return &s.Status.RefusedFor }

type groupSubject struct{ *v1alpha1.NodeGroup }

func (s groupSubject) conditions() *[]metav1.Condition { return &s.Status.Conditions }
func (s groupSubject) refusedFor() *string             { return &s.Status.RefusedFor }

// set sets a condition, and reports whether its status or reason changed.
func set(s subject, kind string, ok bool, reason, message string) bool {
	status := metav1.ConditionFalse
	if ok {
		status = metav1.ConditionTrue
	}
	before := apimeta.FindStatusCondition(*s.conditions(), kind)
	changed := before == nil || before.Status != status || before.Reason != reason
	apimeta.SetStatusCondition(s.conditions(), metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: clip(message), ObservedGeneration: s.GetGeneration(),
	})
	return changed
}

// request is the state of an object that a refusal holds for: its spec, and the
// annotations that a person changes to have it tried again.
func request(o metav1.Object) string {
	a := o.GetAnnotations()
	return strings.Join([]string{
		strconv.FormatInt(o.GetGeneration(), 10), a[v1alpha1.AnnotationAdopt], a[v1alpha1.AnnotationRetry], a[v1alpha1.AnnotationRecreate],
	}, "/")
}
