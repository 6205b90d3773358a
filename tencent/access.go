// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"context"
	"fmt"
	"strings"
	"time"

	tke "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/tke/v20180525"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/once"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ready"
	"github.com/pmks-go/pmks/internal/refuse"
)

// The words of an endpoint's status. A text beside Created is no failure.
const (
	doorCreated      = "Created"
	doorCreating     = "Creating"
	doorCreateFailed = "CreateFailed"
	doorDeleting     = "Deleting"
	doorDeleteFailed = "DeletedFailed"
)

// isOpen reports whether an endpoint is there, whole or not. A word that nobody knows may
// stand for one.
func isOpen(word string) bool { return word != "NotFound" && word != "Deleted" }

// endpointStatus reads how an endpoint is.
func (h *Handler) endpointStatus(ctx context.Context, id string, extranet bool) (string, error) {
	in := tke.NewDescribeClusterEndpointStatusRequest()
	in.ClusterId, in.IsExtranet = &id, &extranet
	out, err := read(ctx, h, in, tke.NewDescribeClusterEndpointStatusResponse, "status of the endpoint", func(o *tke.DescribeClusterEndpointStatusResponse) bool {
		return o.Response != nil && deref(o.Response.Status) != ""
	})
	if err != nil {
		return "", err
	}
	return *out.Response.Status, nil
}

// OpenAccess implements [pmks.AccessOpener]: the endpoints that Access.Mode of the request
// for the cluster named are opened, else the one that the configuration names, by default
// the public one. Each is a load balancer that is billed. The first security group of the
// cluster guards the public one: it must let port 443 in, from where the cluster is to be
// reached. GetCluster shows an endpoint when it is there, after some minutes.
//
// ErrFailedPrecondition: the cluster has no node that is ready.
func (h *Handler) OpenAccess(ctx context.Context, clusterIID pmks.IID) (err error) {
	defer annotate(&err, "OpenAccess", clusterIID, pmks.IID{})
	c, extranets, doors, err := h.clusterAndDoors(ctx, clusterIID)
	if err != nil {
		return err
	}
	return h.openAll(ctx, c, extranets, doors)
}

// openDoor opens an endpoint whose status was read.
func (h *Handler) openDoor(ctx context.Context, c *tke.Cluster, extranet bool, door string) error {
	id := deref(c.ClusterId)
	switch door {
	case doorCreated, doorCreating:
		return nil
	case doorDeleting:
		return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: door, Message: "the endpoint is being closed: wait until that is done"}
	case doorCreateFailed, doorDeleteFailed:
	default:
		if isOpen(door) {
			return &pmks.Error{Code: pmks.CodeBusy, ProviderCode: door, Message: fmt.Sprintf("%s reports the status %q of the endpoint, which pmks does not know", vendor, door)}
		}
	}
	if err := ready.Check("the cluster", deref(c.ClusterStatus), clusterMeaning(deref(c.ClusterStatus))); err != nil {
		return err
	}
	if isOpen(door) { // what has failed must go first
		if err := h.closeDoor(ctx, id, extranet, true); err != nil {
			return errs.HalfDone(err, "the endpoint had failed ("+door+") and is to be removed before it is opened again")
		}
	}
	in := tke.NewCreateClusterEndpointRequest()
	in.ClusterId, in.IsExtranet = &id, &extranet
	groups, subnets := securityGroupsOf(c), subnetsOf(c)
	switch {
	case extranet && len(groups) == 0:
		return refuse.Precondition("the cluster does not tell its security groups, of which the first guards the endpoint: give it the tag %s", tagSecurityGroups)
	case extranet:
		in.SecurityGroup = &groups[0]
	case len(subnets) == 0:
		return refuse.Precondition("the cluster does not tell its subnets, of which the first is for the endpoint: give it the tag %s", tagSubnets)
	default:
		in.SubnetId = &subnets[0]
	}
	_, err := settle(ctx, once.Mutation{
		Send: func(ctx context.Context) error {
			_, err := send(ctx, h, in, tke.NewCreateClusterEndpointResponse, "answer to CreateClusterEndpoint", func(o *tke.CreateClusterEndpointResponse) bool {
				return o.Response != nil && deref(o.Response.RequestId) != ""
			})
			return unfound(err)
		},
		Happened: func(ctx context.Context) (bool, error) {
			door, err := h.endpointStatus(ctx, id, extranet)
			return door == doorCreated || door == doorCreating, err
		},
	})
	if isRefusal(err) && deref(c.ClusterNodeNum) == 0 && c.ClusterNodeNum != nil && byState(err) {
		return errs.With(err, func(e *pmks.Error) {
			e.Code, e.Message = pmks.CodeFailedPrecondition, e.Message+": the cluster has no node: add a node group, and wait until a node of it is ready"
		})
	}
	if errs.Is(err, pmks.CodeBusy) {
		// Somebody else may be opening it too.
		if door, lookErr := h.endpointStatus(ctx, id, extranet); lookErr == nil && (door == doorCreated || door == doorCreating) {
			return nil
		}
	}
	return h.explain(ctx, err, id, "")
}

// CloseAccess implements [pmks.AccessOpener]: the load balancers of the endpoints that
// OpenAccess opens go.
func (h *Handler) CloseAccess(ctx context.Context, clusterIID pmks.IID) (err error) {
	defer annotate(&err, "CloseAccess", clusterIID, pmks.IID{})
	c, extranets, doors, err := h.clusterAndDoors(ctx, clusterIID)
	if err != nil {
		return err
	}
	for i, extranet := range extranets {
		if door := doors[extranet]; door == doorDeleting || !isOpen(door) {
			continue
		}
		if err := h.explain(ctx, h.closeDoor(ctx, deref(c.ClusterId), extranet, false), deref(c.ClusterId), ""); err != nil {
			if i > 0 {
				err = errs.HalfDone(err, fmt.Sprintf("the %s endpoint is closed, the %s one is not", doorName(extranets[0]), doorName(extranet)))
			}
			return err
		}
	}
	return nil
}

// clusterAndDoors reads a cluster beside the status of the endpoint that the configuration
// names, and then of those that it is to have beside or instead.
func (h *Handler) clusterAndDoors(ctx context.Context, clusterIID pmks.IID) (c *tke.Cluster, extranets []bool, doors map[bool]string, err error) {
	r, err := h.clusterRef(clusterIID)
	if err != nil {
		return nil, nil, nil, err
	}
	id, c, err := h.locate(ctx, r)
	if err != nil {
		return nil, nil, nil, err
	}
	if c != nil {
		extranets = h.extranets(c)
	} else {
		extranets = h.extranets(&tke.Cluster{})
	}
	doors = map[bool]string{}
	var door string
	var doorErr error
	err = fanout.All(ctx, func(ctx context.Context) (err error) {
		if c == nil {
			c, err = h.describe(ctx, id)
		}
		return err
	}, func(ctx context.Context) error {
		door, doorErr = h.endpointStatus(ctx, id, extranets[0])
		return nil
	})
	if err != nil {
		return c, nil, nil, err
	}
	faults := map[bool]error{extranets[0]: doorErr}
	doors[extranets[0]] = door
	extranets = h.extranets(c)
	for _, extranet := range extranets {
		if _, known := doors[extranet]; !known {
			doors[extranet], faults[extranet] = h.endpointStatus(ctx, id, extranet)
		}
		if faults[extranet] != nil {
			// Of a cluster that comes or goes there may be nothing to tell.
			if err := ready.Check("the cluster", deref(c.ClusterStatus), clusterMeaning(deref(c.ClusterStatus))); err != nil {
				return c, nil, nil, err
			}
			return c, nil, nil, faults[extranet]
		}
	}
	return c, extranets, doors, nil
}

// closingTime is how long a caller waits at most until an endpoint is gone.
const closingTime = 30 * time.Minute

// closeDoor sends the removal of an endpoint, and waits until it is gone if told to.
func (h *Handler) closeDoor(ctx context.Context, id string, extranet, wait bool) error {
	in := tke.NewDeleteClusterEndpointRequest()
	in.ClusterId, in.IsExtranet = &id, &extranet
	closing := func(ctx context.Context) (bool, error) {
		now, err := h.endpointStatus(ctx, id, extranet)
		return err == nil && (now == doorDeleting || !isOpen(now)), err
	}
	done, err := closing(ctx)
	if err == nil && !done {
		_, err = settle(ctx, once.Mutation{
			Send: func(ctx context.Context) error {
				_, err := send(ctx, h, in, tke.NewDeleteClusterEndpointResponse, "answer to DeleteClusterEndpoint", func(o *tke.DeleteClusterEndpointResponse) bool {
					return o.Response != nil && deref(o.Response.RequestId) != ""
				})
				return unfound(err)
			},
			Happened: closing,
		})
		if errs.Is(err, pmks.CodeBusy) || errs.Is(err, pmks.CodeFailedPrecondition) {
			// Somebody else may be closing it too, or have closed it.
			if done, lookErr := closing(ctx); lookErr == nil && done {
				err = nil
			}
		}
	}
	if err != nil || !wait {
		return err
	}
	end := time.Now().Add(closingTime)
	return await.Until(ctx, h.cfg.PollInterval, func(ctx context.Context) (bool, error) {
		now, err := h.endpointStatus(ctx, id, extranet)
		if err == nil && isOpen(now) && !time.Now().Before(end) {
			err = &pmks.Error{Code: pmks.CodeBusy, ProviderCode: now, Message: fmt.Sprintf("the endpoint is %s for more than %s", now, closingTime)}
		}
		if err == nil && now == doorDeleteFailed {
			err = refuse.Precondition("the endpoint could not be closed (%s)", now)
		}
		return err == nil && !isOpen(now), err
	})
}

// readEndpoints reads the addresses of a cluster.
func (h *Handler) readEndpoints(ctx context.Context, id string) (*tke.DescribeClusterEndpointsResponseParams, error) {
	in := tke.NewDescribeClusterEndpointsRequest()
	in.ClusterId = &id
	out, err := read(ctx, h, in, tke.NewDescribeClusterEndpointsResponse, "endpoints", func(o *tke.DescribeClusterEndpointsResponse) bool {
		return o.Response != nil && deref(o.Response.RequestId) != ""
	})
	if err != nil {
		return nil, err
	}
	return out.Response, nil
}

// endpoint is the address of the API server that kubeconfigs are for; "" while it is
// closed. The domain that every cluster has leads nowhere.
func (r *clusterRead) endpoint() string {
	if r.endpoints == nil {
		return ""
	}
	if !r.extranet {
		return server(r.endpoints.ClusterIntranetEndpoint)
	}
	return server(r.endpoints.ClusterExternalEndpoint)
}

// kubeconfigRead is the kubeconfig of a cluster, or why there is none.
type kubeconfigRead struct {
	text string
	err  error
}

// readKubeconfig reads the kubeconfig of a cluster that has an address.
func (h *Handler) readKubeconfig(ctx context.Context, r *clusterRead) (k kubeconfigRead) {
	status := clusterMeaning(deref(r.cluster.ClusterStatus)).Status
	if r.endpoint() == "" || status == pmks.ClusterCreating || status == pmks.ClusterDeleting {
		return k
	}
	in := tke.NewDescribeClusterKubeconfigRequest()
	in.ClusterId, in.IsExtranet = new(r.id()), &r.extranet
	out, err := read(ctx, h, in, tke.NewDescribeClusterKubeconfigResponse, "kubeconfig", func(o *tke.DescribeClusterKubeconfigResponse) bool {
		return o.Response != nil && strings.TrimSpace(deref(o.Response.Kubeconfig)) != ""
	})
	if err != nil {
		return kubeconfigRead{err: err}
	}
	iid := clusterIID(r.cluster)
	k.text, k.err = h.buildKubeconfig(iid, r.endpoint(), *out.Response.Kubeconfig)
	return k
}

// buildKubeconfig makes the kubeconfig of a cluster from the one of TKE, in which names
// are bare numbers that kubectl does not take.
func (h *Handler) buildKubeconfig(iid pmks.IID, endpoint, text string) (string, error) {
	k, err := kubeconfigyaml.Parse([]byte(text))
	switch {
	case err != nil:
		return "", &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that TKE sent cannot be read", Err: err}
	case k.ClientCertificate == "":
		// What it names, a program for one, would be run.
		return "", &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig that TKE sent holds no client certificate"}
	}
	k.Name, k.Server = iid.NameId+"-"+iid.SystemId, endpoint
	if h.cfg.KubeconfigKind == kindExec {
		k.ClientCertificate, k.ClientKey = "", kubeconfig.Secret{}
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(iid)}
	}
	out, err := kubeconfig.Build(k)
	if err != nil {
		return "", &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	return out, nil
}

// addKubeconfig puts a kubeconfig into info. One that cannot be made is named.
func (h *Handler) addKubeconfig(info *pmks.ClusterInfo, k kubeconfigRead) {
	info.AccessInfo.Kubeconfig = k.text
	info.KeyValueList = pmks.AddUnread(info.KeyValueList, "Kubeconfig", k.err)
}

// helperArgs tell the credential helper which identity to use and where the cluster is.
// They hold no secret: keys must be in the environment of the helper.
func (h *Handler) helperArgs(iid pmks.IID) []string {
	args := []string{"-provider", Name, "-region", h.cfg.Region, "-cluster", iid.String()}
	if h.cfg.Endpoint != "" {
		args = append(args, "-endpoint", h.cfg.Endpoint)
	}
	for _, s := range []struct{ name, value, standard string }{
		{"profile", h.cfg.Profile, ""}, {"cvmRole", h.cfg.CVMRole, ""}, {"oidcProviderId", h.cfg.OIDCProviderID, ""}, {"oidcTokenFile", h.cfg.OIDCTokenFile, ""},
		{"roleArn", h.cfg.RoleARN, ""}, {"stsEndpoint", h.cfg.STSEndpoint, ""}, {"rootDomain", h.cfg.RootDomain, defaultRootDomain}, {"endpointAccess", h.cfg.EndpointAccess, accessPublic},
	} {
		if s.value != s.standard {
			args = append(args, "-setting", s.name+"="+s.value)
		}
	}
	return args
}

// GenerateClusterToken implements [pmks.TokenIssuer]: TKE mints none. The certificate of
// the kubeconfig is the credential.
func (h *Handler) GenerateClusterToken(_ context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer annotate(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	if _, err := h.clusterRef(clusterIID); err != nil {
		return pmks.Token{}, err
	}
	return pmks.Token{}, refuse.Unsupported("", "TKE has no tokens: use the client certificate of the kubeconfig")
}
