// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
)

// move is the last change of a pool that this handler has sent. Lists go on showing what
// was before for a while: who waits would take that for the end.
type move struct {
	at   time.Time
	told time.Time // at, by the clock of the vendor
	auto *bool     // what it was set to
	was  *scale    // what there was before it was scaled
	away bool      // it is being removed
}

// moved keeps a change that was accepted.
func (h *Handler) moved(poolId string, m move) {
	m.at, m.told = time.Now(), h.api.now()
	h.moves.Store(poolId, m)
}

// lastMove is the last change of a pool.
func (h *Handler) lastMove(poolId string) (move, bool) {
	stored, ok := h.moves.Load(poolId)
	if !ok {
		return move{}, false
	}
	return stored.(move), true //nolint:errcheck // only moves are stored
}

// showMove shows a pool in the state that it is in, where the list lags behind a change.
func (h *Handler) showMove(p *tke.NodePool) {
	m, ok := h.lastMove(deref(p.NodePoolId))
	if !ok || time.Since(m.at) >= listLag || poolMeaning(deref(p.LifeState)).Status != pmks.ClusterActive {
		return
	}
	switch {
	case m.away:
		p.LifeState = new("deleting")
	case m.auto != nil && isAuto(p) != *m.auto, m.was != nil && scaleOf(p) == *m.was:
		p.LifeState = new("updating")
	}
}
