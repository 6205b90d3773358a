// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// toyCloud is a cloud of clusters that are up at once, as a transport.
type toyCloud struct {
	// lax: a name may be taken twice.
	lax bool

	mu       sync.Mutex
	made     int
	clusters []pmks.ClusterInfo
	// before are those of the moment that stale reads show.
	before []pmks.ClusterInfo
}

// Remember marks the moment that stale reads show.
func (c *toyCloud) Remember() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.before = slices.Clone(c.clusters)
}

// RoundTrip implements [http.RoundTripper].
func (c *toyCloud) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	say := func(status int, v any) (*http.Response, error) {
		body, err := json.Marshal(v)
		return Reply(r, status, http.Header{}, body), err
	}
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if r.Method == http.MethodPost {
		var req pmks.ClusterInfo
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			return nil, err
		}
		if c.find(req.IId.NameId) >= 0 && !c.lax {
			return say(http.StatusConflict, nil)
		}
		c.made++
		req.IId.SystemId, req.Status = fmt.Sprintf("c-%d", c.made), pmks.ClusterActive
		for i := range req.NodeGroupList {
			g := &req.NodeGroupList[i]
			g.IId.SystemId, g.Status = fmt.Sprintf("%s-g-%d", req.IId.SystemId, i), pmks.NodeGroupActive
			g.Version = req.Version
		}
		c.clusters = append(c.clusters, req)
		return say(http.StatusOK, req)
	}
	if r.Method == http.MethodGet && simkit.IsStale(r.Context()) {
		now := c.clusters
		c.clusters = c.before
		defer func() { c.clusters = now }()
	}
	if len(path) == 1 {
		return say(http.StatusOK, map[string]any{"clusters": c.clusters})
	}
	i := c.find(path[1])
	if i < 0 {
		return say(http.StatusNotFound, "NoSuchCluster")
	}
	if len(path) == 3 {
		return say(http.StatusOK, map[string]any{"groups": c.clusters[i].NodeGroupList})
	}
	if r.Method == http.MethodDelete {
		c.clusters = slices.Delete(c.clusters, i, i+1)
		return say(http.StatusOK, map[string]any{"IId": pmks.IID{SystemId: "gone"}})
	}
	whole := c.clusters[i]
	whole.NodeGroupList = nil
	return say(http.StatusOK, whole)
}

func (c *toyCloud) find(name string) int {
	return slices.IndexFunc(c.clusters, func(info pmks.ClusterInfo) bool { return info.IId.NameId == name })
}

// toySecret is what the toy signs its requests with.
const toySecret = "toy-simulated-secret"

// toy is a handler of the toy cloud: without a sin a right one.
type toy struct {
	pmks.ClusterHandler // of what is not called here there is none

	sin    sin
	client *http.Client
	// failed: a creation has failed once.
	failed bool
	// second: it is not the first handler on its cloud.
	second bool
}

// sin is what a toy does wrong.
type sin int

const (
	none sin = iota
	sendsAgain
	believesAnything
	untyped
	showsSecret
	waitsForEver
	leavesGoroutine
	staysFailed
	deniesWhatHappened
	doubtsRefusals
	swallowsReads
	panics
	followsRedirects
	readsEverything
	deafToContext
	losesContextError
	hidesLoss
	answersFalse
	// Those of jobs.
	makesAnother
	refusesAgain
	leavesTimer
	leavesSlowly
	keepsCluster
)

func newToy(rt http.RoundTripper, s sin) *toy {
	h := &toy{sin: s, client: &http.Client{Transport: rt}}
	if s != followsRedirects {
		h.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return h
}

// Capabilities implements [pmks.CapabilityReporter].
func (h *toy) Capabilities() pmks.Capabilities {
	p, _ := profile.Get("azure")
	return p.Caps
}

// send makes a request, whatever becomes of the context of one that leaves
// goroutines behind.
func (h *toy) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	if h.sin != leavesGoroutine {
		return h.client.Do(req)
	}
	type reply struct {
		res *http.Response
		err error
	}
	replies := make(chan reply, 1)
	go func() {
		res, err := h.client.Do(req.WithContext(context.WithoutCancel(ctx)))
		replies <- reply{res, err}
	}()
	select {
	case r := <-replies:
		return r.res, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// call makes a request and reads its answer into v.
func (h *toy) call(ctx context.Context, method, path string, body, v any) error {
	caller := ctx
	if h.sin == deafToContext {
		ctx = context.WithoutCancel(ctx)
	}
	if h.sin != waitsForEver {
		bounded, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		ctx = bounded
	}
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "https://toy.simulated/"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	writes := method != http.MethodGet
	lost := &pmks.Error{Code: pmks.CodeUnavailable, Message: "there is no answer", MayHaveHappened: writes && h.sin != deniesWhatHappened}
	res, err := h.send(ctx, req)
	if caller.Err() != nil && h.sin == leavesTimer {
		go func() { <-time.After(time.Second) }()
	}
	if h.second && h.sin == leavesTimer {
		<-time.After(time.Minute) // until it has ended
	}
	if caller.Err() != nil && h.sin == leavesSlowly {
		<-time.After(time.Minute)
	}
	if err != nil {
		if lost.Err = err; errors.Is(err, syscall.ECONNREFUSED) {
			lost.MayHaveHappened = false
		}
		if end := caller.Err(); end != nil {
			lost.Code, lost.Err = pmks.CodeCanceled, end
		}
		if h.sin == losesContextError {
			lost.Err = nil
		}
		return lost
	}
	defer func() { _ = res.Body.Close() }()
	bound := int64(1 << 20)
	if h.sin == readsEverything {
		bound = math.MaxInt64
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, bound))
	if err == nil && res.StatusCode == http.StatusOK {
		if err = json.Unmarshal(answer, v); err == nil {
			return nil
		}
	}
	if lost.Err = err; err != nil && h.sin == untyped {
		return err
	}
	if err == nil {
		refused(lost, res.StatusCode, answer)
		lost.MayHaveHappened = lost.MayHaveHappened || writes && h.sin == doubtsRefusals
	}
	if h.sin == showsSecret {
		lost.Message += ", signed with " + toySecret
	}
	return lost
}

// refused is what a status says.
func refused(e *pmks.Error, status int, answer []byte) {
	code, ok := map[int]pmks.Code{
		401: pmks.CodeUnauthenticated, 403: pmks.CodePermissionDenied, 409: pmks.CodeAlreadyExists,
		422: pmks.CodeInvalidArgument, 429: pmks.CodeThrottled,
	}[status]
	if status == 404 && strings.Contains(string(answer), "NoSuchCluster") {
		code, ok = pmks.CodeNotFound, true
	}
	e.HTTPStatus = status
	if ok {
		e.Code, e.MayHaveHappened = code, false
	}
}

func (h *toy) CreateCluster(ctx context.Context, req pmks.ClusterInfo) (pmks.ClusterInfo, error) {
	if h.failed && h.sin == staysFailed {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "it has failed before"}
	}
	if h.second && h.sin == refusesAgain {
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "somebody has been here before"}
	}
	var info *pmks.ClusterInfo
	err := h.call(ctx, http.MethodPost, "clusters", req, &info)
	if errors.Is(err, pmks.ErrUnavailable) && h.sin == sendsAgain {
		err = h.call(ctx, http.MethodPost, "clusters", req, &info)
	}
	h.failed = h.failed || err != nil
	switch {
	case err != nil:
		return pmks.ClusterInfo{}, err
	case info == nil && h.sin == panics:
		return *info, nil
	case h.sin == believesAnything:
		return req, nil
	case info == nil || info.IId.SystemId == "":
		return pmks.ClusterInfo{}, &pmks.Error{Code: pmks.CodeUnavailable, Message: "the answer says nothing", MayHaveHappened: true}
	}
	return *info, nil
}

func (h *toy) GetCluster(ctx context.Context, iid pmks.IID) (pmks.ClusterInfo, error) {
	var info pmks.ClusterInfo
	if h.second && h.sin == keepsCluster {
		return info, &pmks.Error{Code: pmks.CodeNotFound, Message: "it cannot be seen"}
	}
	if err := h.call(ctx, http.MethodGet, "clusters/"+iid.NameId, nil, &info); err != nil {
		return info, err
	}
	var list struct{ Groups []pmks.NodeGroupInfo }
	err := h.call(ctx, http.MethodGet, "clusters/"+iid.NameId+"/groups", nil, &list)
	config := "kubeconfig"
	if err != nil && h.sin == hidesLoss {
		config, err = "", h.call(ctx, http.MethodGet, "clusters/"+iid.NameId+"/groups", nil, &list)
	}
	if err == nil && (info.IId.SystemId == "" || list.Groups == nil) {
		err = &pmks.Error{Code: pmks.CodeUnavailable, Message: "the answer says nothing"}
	}
	if err != nil && h.sin != swallowsReads {
		return pmks.ClusterInfo{}, err
	}
	info.NodeGroupList, info.AccessInfo.Kubeconfig, info.AccessInfo.Endpoint = list.Groups, config, "https://toy.simulated"
	return info, nil
}

func (h *toy) ListCluster(ctx context.Context) ([]*pmks.ClusterInfo, error) {
	var list struct{ Clusters []*pmks.ClusterInfo }
	err := h.call(ctx, http.MethodGet, "clusters", nil, &list)
	return list.Clusters, err
}

func (h *toy) DeleteCluster(ctx context.Context, iid pmks.IID) (bool, error) {
	if h.second && h.sin == keepsCluster {
		return false, &pmks.Error{Code: pmks.CodeNotFound, Message: "it cannot be seen"}
	}
	var gone pmks.ClusterInfo
	err := h.call(ctx, http.MethodDelete, "clusters/"+iid.NameId, nil, &gone)
	if err == nil && gone.IId.SystemId == "" {
		err = &pmks.Error{Code: pmks.CodeUnavailable, Message: "the answer says nothing", MayHaveHappened: true}
	}
	return err == nil && h.sin != answersFalse, err
}
