// SPDX-License-Identifier: Apache-2.0

// Package controller reconciles ManagedClusters and NodeGroups through the interface of
// pmks. A reconcile makes one cheap look at the most and one change, and never waits: what
// takes minutes is waited for in [Waits], whose end brings the object back.
package controller

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/pmks-go/pmks"
)

// Base is what both reconcilers work with.
type Base struct {
	client.Client
	// Live reads past the cache, for what must not be judged by an old copy.
	Live        client.Reader
	Events      recorder.EventRecorder
	Connections *Connections
	Waits       *Waits
	Pauses      Pauses
	// CallTimeout bounds each call, that of a deletion included where a cloud makes it wait:
	// interrupted, it is called again.
	CallTimeout time.Duration
	// WaitOptions are for the waits.
	WaitOptions []pmks.WaitOption
}

// event tells a person what happened.
func (b *Base) event(o runtime.Object, kind, reason, action, note string) {
	b.Events.Eventf(o, nil, kind, reason, action, "%s", clip(note))
}

// call bounds one call of the cloud.
func (b *Base) call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, b.CallTimeout)
}
