// SPDX-License-Identifier: Apache-2.0

package alibaba

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	cs "github.com/alibabacloud-go/cs-20151215/v5/client"
	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// csAPI are the calls of ACK that the provider makes. The SDK's methods take no
// context: it is in the client, which is made for one request. They are functions and no
// interface: in one, the client would keep all methods that the SDK has for ACK in every
// program in which something looks methods up by their names, as text/template does.
type csAPI struct {
	CreateAutoscalingConfig           func(id *string, in *cs.CreateAutoscalingConfigRequest) (*cs.CreateAutoscalingConfigResponse, error)
	CreateCluster                     func(in *cs.CreateClusterRequest) (*cs.CreateClusterResponse, error)
	CreateClusterNodePool             func(id *string, in *cs.CreateClusterNodePoolRequest) (*cs.CreateClusterNodePoolResponse, error)
	DeleteCluster                     func(id *string, in *cs.DeleteClusterRequest) (*cs.DeleteClusterResponse, error)
	DeleteClusterNodepool             func(id, pool *string, in *cs.DeleteClusterNodepoolRequest) (*cs.DeleteClusterNodepoolResponse, error)
	DescribeClusterDetail             func(id *string) (*cs.DescribeClusterDetailResponse, error)
	DescribeClusterNodePoolDetail     func(id, pool *string) (*cs.DescribeClusterNodePoolDetailResponse, error)
	DescribeClusterNodePools          func(id *string, in *cs.DescribeClusterNodePoolsRequest) (*cs.DescribeClusterNodePoolsResponse, error)
	DescribeClusterNodes              func(id *string, in *cs.DescribeClusterNodesRequest) (*cs.DescribeClusterNodesResponse, error)
	DescribeClusterTasks              func(id *string, in *cs.DescribeClusterTasksRequest) (*cs.DescribeClusterTasksResponse, error)
	DescribeClusterUserKubeconfig     func(id *string, in *cs.DescribeClusterUserKubeconfigRequest) (*cs.DescribeClusterUserKubeconfigResponse, error)
	DescribeClustersForRegion         func(region *string, in *cs.DescribeClustersForRegionRequest) (*cs.DescribeClustersForRegionResponse, error)
	DescribeKubernetesVersionMetadata func(in *cs.DescribeKubernetesVersionMetadataRequest) (*cs.DescribeKubernetesVersionMetadataResponse, error)
	DescribeTaskInfo                  func(id *string) (*cs.DescribeTaskInfoResponse, error)
	GetClusterAddonInstance           func(id, name *string) (*cs.GetClusterAddonInstanceResponse, error)
	GetClusterCheck                   func(id, check *string) (*cs.GetClusterCheckResponse, error)
	ListClusterAddonInstances         func(id *string) (*cs.ListClusterAddonInstancesResponse, error)
	ListClusterChecks                 func(id *string, in *cs.ListClusterChecksRequest) (*cs.ListClusterChecksResponse, error)
	ModifyClusterNodePool             func(id, pool *string, in *cs.ModifyClusterNodePoolRequest) (*cs.ModifyClusterNodePoolResponse, error)
	ModifyClusterTags                 func(id *string, in *cs.ModifyClusterTagsRequest) (*cs.ModifyClusterTagsResponse, error)
	UpgradeCluster                    func(id *string, in *cs.UpgradeClusterRequest) (*cs.UpgradeClusterResponse, error)
	UpgradeClusterNodepool            func(id, pool *string, in *cs.UpgradeClusterNodepoolRequest) (*cs.UpgradeClusterNodepoolResponse, error)
}

func newCSAPI(c *cs.Client) csAPI {
	return csAPI{
		CreateAutoscalingConfig:           c.CreateAutoscalingConfig,
		CreateCluster:                     c.CreateCluster,
		CreateClusterNodePool:             c.CreateClusterNodePool,
		DeleteCluster:                     c.DeleteCluster,
		DeleteClusterNodepool:             c.DeleteClusterNodepool,
		DescribeClusterDetail:             c.DescribeClusterDetail,
		DescribeClusterNodePoolDetail:     c.DescribeClusterNodePoolDetail,
		DescribeClusterNodePools:          c.DescribeClusterNodePools,
		DescribeClusterNodes:              c.DescribeClusterNodes,
		DescribeClusterTasks:              c.DescribeClusterTasks,
		DescribeClusterUserKubeconfig:     c.DescribeClusterUserKubeconfig,
		DescribeClustersForRegion:         c.DescribeClustersForRegion,
		DescribeKubernetesVersionMetadata: c.DescribeKubernetesVersionMetadata,
		DescribeTaskInfo:                  c.DescribeTaskInfo,
		GetClusterAddonInstance:           c.GetClusterAddonInstance,
		GetClusterCheck:                   c.GetClusterCheck,
		ListClusterAddonInstances:         c.ListClusterAddonInstances,
		ListClusterChecks:                 c.ListClusterChecks,
		ModifyClusterNodePool:             c.ModifyClusterNodePool,
		ModifyClusterTags:                 c.ModifyClusterTags,
		UpgradeCluster:                    c.UpgradeCluster,
		UpgradeClusterNodepool:            c.UpgradeClusterNodepool,
	}
}

// connectRPC makes the client of another service than ACK for one request.
type connectRPC func(web dara.HttpClient, keys credentials.Credential) *openapi.Client

// clients holds what makes the requests.
type clients struct {
	ack     *ackPool
	vpc     connectRPC
	ecs     connectRPC
	sts     connectRPC
	web     *http.Client
	keys    *keyring
	limiter *fanout.Limiter
	idle    func()
}

func newClients(cfg *Config) (*clients, error) {
	guarded, idle := endpoint.Transport(cfg.Transport)
	ack, err := cs.NewClient(sdkConfig(cfg, cfg.Endpoint, ""))
	if err != nil {
		return nil, &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "the client of ACK cannot be made: " + err.Error()}
	}
	c := &clients{
		ack:  newACKPool(ack),
		idle: idle, limiter: cfg.limiter(),
	}
	c.keys = newKeyring(cfg, c)
	c.web = &http.Client{Transport: &endpoint.Carrier{Next: guarded, Provider: Name, Logger: cfg.Logger, Secrets: c.keys.secrets}}
	for _, s := range []struct {
		name, override string
		connect        *connectRPC
	}{{"vpc", cfg.VPCEndpoint, &c.vpc}, {"ecs", cfg.ECSEndpoint, &c.ecs}, {"sts", cfg.STSEndpoint, &c.sts}} {
		client, err := openapi.NewClient(sdkConfig(cfg, cmp.Or(s.override, cfg.Endpoint), s.name+"."+cfg.Region+".aliyuncs.com"))
		if err != nil {
			return nil, &pmks.Error{Code: pmks.CodeInvalidArgument, Message: "the client of " + s.name + " cannot be made: " + err.Error()}
		}
		*s.connect = func(web dara.HttpClient, keys credentials.Credential) *openapi.Client {
			one := *client
			one.HttpClient, one.Credential = web, keys
			return &one
		}
	}
	return c, nil
}

// boundACK is a client of ACK that makes one request after the other. It names no type of
// the client, for the reason that csAPI has.
type boundACK struct {
	api  csAPI
	bind func(web dara.HttpClient, keys credentials.Credential)
}

// ackPool keeps clients of ACK for other requests: each has all calls bound to it, and a
// request needs one of them.
type ackPool struct {
	idle sync.Pool
	make func() *boundACK
}

func newACKPool(ack *cs.Client) *ackPool {
	return &ackPool{make: func() *boundACK {
		one := *ack
		return &boundACK{newCSAPI(&one), func(web dara.HttpClient, keys credentials.Credential) {
			one.HttpClient, one.Credential = web, keys
		}}
	}}
}

// get returns a client for one request.
func (p *ackPool) get(web dara.HttpClient, keys credentials.Credential) *boundACK {
	b, ok := p.idle.Get().(*boundACK)
	if !ok {
		b = p.make()
	}
	b.bind(web, keys)
	return b
}

// put takes a client back whose request has ended.
func (p *ackPool) put(b *boundACK) {
	b.bind(nil, nil)
	p.idle.Put(b)
}

// sdkConfig is the configuration of one client of the SDK; an empty host is chosen by
// the SDK.
func sdkConfig(cfg *Config, override, host string) *openapi.Config {
	c := &openapi.Config{RegionId: &cfg.Region, Protocol: tea.String("https"), UserAgent: tea.String("pmks")}
	if override != "" {
		host = hostOf(override)
		if u, err := url.Parse(override); err == nil {
			c.Protocol = tea.String(strings.ToLower(u.Scheme))
		}
	}
	if host != "" {
		c.Endpoint = &host
	}
	return c
}

// hostOf is the host and port of a URL; "" of none.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

// sender sends the SDK's requests. What the SDK would do with them by itself (proxies,
// time limits, connections shared by all clients of a program) is left out with the
// transport that it gives.
type sender func(*http.Request) (*http.Response, error)

// Call implements [dara.HttpClient].
func (s sender) Call(req *http.Request, _ *http.Transport) (*http.Response, error) { return s(req) }

// exchange is what one request was answered. Of refusals the SDK drops the headers, and
// of answers that are none of the vendor's even the status.
type exchange struct {
	status int
	header http.Header
	body   []byte
	whole  *endpoint.Whole // what body is a part of
}

// end gives the memory of the answer back: the SDK reads a body into memory of its own.
func (x *exchange) end() {
	if x.whole != nil {
		x.body = nil
		_ = x.whole.Close() // it cannot fail
	}
}

// send makes a request within ctx and reads its answer whole. What cannot be an answer
// of the vendor is an error of ours; everything else is left to the SDK.
func (x *exchange) send(ctx context.Context, c *clients, req *http.Request) (*http.Response, error) {
	tidyHeaders(req)
	resp, err := c.web.Do(req.WithContext(ctx))
	if err == nil {
		x.end() // of a request before: the SDK makes one
		x.whole, err = endpoint.ReadWhole(resp.Body, resp.ContentLength)
		x.status, x.header = resp.StatusCode, resp.Header
	}
	if err != nil {
		x.status = 0 // it was not answered to its end
		return nil, unreached(ctx, err)
	}
	x.body = x.whole.Bytes()
	body := bytes.TrimSpace(x.body)
	foreign := errs.Foreign(x.header, body)
	switch {
	case x.status >= 300 && x.status < 400, foreign, x.status >= 400 && !isObject(body):
		return nil, x.foreign(foreign)
	case len(body) == 0:
		// The SDK makes nothing of it, not even a status.
		body, resp.StatusCode = []byte("{}"), http.StatusOK
	case resp.StatusCode == http.StatusNoContent:
		resp.StatusCode = http.StatusOK
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// tidyHeaders writes the names of headers as net/http knows them: the SDK puts them in as
// they stand in the signature, where a transport of the user would not find them.
func tidyHeaders(req *http.Request) {
	tidy := make(http.Header, len(req.Header))
	for name, values := range req.Header {
		if !strings.EqualFold(name, "Host") {
			tidy[http.CanonicalHeaderKey(name)] = values
		}
	}
	req.Header = tidy
}

// isObject reports whether an answer holds what a refusal of the vendor is: an object with
// a member at least.
func isObject(body []byte) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(body, &members) == nil && len(members) > 0
}

func (x *exchange) foreign(page bool) error {
	e := &pmks.Error{Code: errs.ByStatus(x.status), HTTPStatus: x.status, RequestID: x.header.Get("X-Acs-Request-Id"), RetryAfter: x.retryAfter()}
	if e.Message = errs.ForeignText(vendor, x.status); !page && x.status >= 400 {
		e.Message = vendor + " answered HTTP " + strconv.Itoa(x.status) + " without a code that says what is wrong"
	}
	return e
}

// retryAfter is how long the vendor asks to wait: in the header of all, or in those of
// its gateway, in milliseconds.
func (x *exchange) retryAfter() time.Duration {
	longest := errs.RetryAfter(x.header)
	for _, name := range []string{"X-Ratelimit-User-Api", "X-Ratelimit-User"} {
		for part := range strings.SplitSeq(x.header.Get(name), ",") {
			if text, ok := strings.CutPrefix(strings.TrimSpace(part), "TimeLeft:"); ok {
				if ms, err := strconv.ParseInt(text, 10, 32); err == nil {
					longest = max(longest, errs.BoundedWait(time.Duration(ms)*time.Millisecond))
				}
			}
		}
	}
	return longest
}

// unreached is the error of a request that was not answered.
func unreached(ctx context.Context, err error) error {
	e := &pmks.Error{Code: pmks.CodeUnavailable, Err: err, Message: "the answer of " + vendor + " cannot be read: it counts as lost"}
	if cause, ok := errs.Transport(err); ok {
		e.Message = vendor + " could not be reached, or its answer was lost: " + cause
	}
	if end := ctx.Err(); end != nil && errors.Is(err, end) {
		e.Code, e.Message = pmks.CodeOf(end), "the context ended during a request"
	}
	return e
}
