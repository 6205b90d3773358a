// SPDX-License-Identifier: Apache-2.0

package ibm

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/kubeconfig"
	"github.com/pmks-go/pmks/internal/kubeconfig/kubeconfigyaml"
	"github.com/pmks-go/pmks/internal/provider/await"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

const (
	// syncPatience is how long the roles of IAM may take to reach a cluster.
	syncPatience = time.Minute
	syncPause    = 5 * time.Second
)

// isUp reports whether the master of a cluster takes requests.
func isUp(c clusterObject) bool {
	switch strings.ToLower(c.Lifecycle.MasterState) {
	case "deploying", "deploy_failed", "deleting", "scaled_down", "":
		return false
	}
	return true
}

// GenerateClusterToken implements [pmks.TokenIssuer]: the token that every cluster of
// the account takes, after the roles of IAM have reached this one, without which its
// bearer may do nothing.
func (h *Handler) GenerateClusterToken(ctx context.Context, clusterIID pmks.IID) (_ pmks.Token, err error) {
	defer annotate(&err, "GenerateClusterToken", clusterIID, pmks.IID{})
	r, err := h.clusterRef(ctx, clusterIID)
	if err != nil {
		return pmks.Token{}, err
	}
	id, err := h.identify(ctx, r)
	if err != nil {
		return pmks.Token{}, err
	}
	c, err := h.readCluster(ctx, id)
	if err != nil {
		return pmks.Token{}, err
	}
	if !isUp(c) {
		return pmks.Token{}, &pmks.Error{Code: pmks.CodeBusy, ProviderCode: c.Lifecycle.MasterState, Message: "the master of the cluster is not up: wait until the cluster is Active"}
	}
	if err := h.syncRoles(ctx, c); err != nil {
		return pmks.Token{}, err
	}
	t, err := h.clusterToken(ctx)
	return pmks.Token{Value: t.value, ExpiresAt: t.expiry.UTC()}, err
}

// syncRoles makes the roles that IAM gives the caller known to the cluster. It may be
// repeated: it says what is to be.
func (h *Handler) syncRoles(ctx context.Context, c clusterObject) error {
	type request struct {
		Cluster string `json:"cluster"`
		Format  string `json:"format"`
	}
	_, err := fanout.Read(ctx, h.api.limiter, bucketIKS, func(ctx context.Context) (answer, error) {
		a, err := h.send(ctx, h.api.iks, cloud, post("/v2/applyRBACAndGetKubeconfig", c.ResourceGroup, request{c.ID, "yaml"}, 0))
		if err != nil {
			return a, err
		}
		if _, err := kubeconfigyaml.ParseCluster(a.body); err != nil {
			return a, errs.LostAnswer(cloud, "kubeconfig")
		}
		return a, nil
	})
	if err != nil {
		return h.ofCluster(ctx, err, c.ID)
	}
	type status struct {
		Synchronized *bool  `json:"synchronized"`
		Error        string `json:"error"`
	}
	bounded, cancel := context.WithTimeout(ctx, syncPatience)
	defer cancel()
	var last error // of the looks
	err = await.Until(bounded, syncPause, func(ctx context.Context) (_ bool, err error) {
		defer func() { last = err }()
		s, err := read(ctx, h, get("/v2/getRBACStatus", "cluster", c.ID), func(s status) error {
			if s.Synchronized == nil {
				return errs.LostAnswer(cloud, "state of the roles")
			}
			return nil
		})
		if err == nil && s.Error != "" {
			err = &pmks.Error{Code: pmks.CodeFailedPrecondition, Message: "the roles of IAM do not reach the cluster: " + s.Error}
		}
		return err == nil && *s.Synchronized, err
	})
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		if fanout.Passing(last) {
			return last
		}
		return &pmks.Error{Code: pmks.CodeUnavailable, Err: err, Message: "the roles of IAM have not reached the cluster yet: a token would be of no use"}
	}
	return errs.Ended(ctx, err)
}

// readKubeconfig reads the service's own file. It is not handed on: the one that is not
// for the administrator carries a refresh token.
func (h *Handler) readKubeconfig(ctx context.Context, id string, admin bool) ([]byte, error) {
	c := get("/v2/getKubeconfig", "cluster", id, "format", "yaml")
	if admin {
		c.query = append(c.query, "admin", "true")
	}
	return fanout.Read(ctx, h.api.limiter, bucketIKS, func(ctx context.Context) ([]byte, error) {
		a, err := h.send(ctx, h.api.iks, cloud, c)
		if err != nil {
			return nil, err
		}
		if _, err := kubeconfigyaml.ParseCluster(a.body); err != nil {
			return nil, unreadable(cloud, a.status, a.header, a.body, err)
		}
		return a.body, nil
	})
}

// adminConfig is the way into a cluster with the certificate of its administrator.
func (h *Handler) adminConfig(ctx context.Context, c clusterObject) (kubeconfig.Config, error) {
	text, err := h.readKubeconfig(ctx, c.ID, true)
	if err != nil {
		return kubeconfig.Config{}, err
	}
	k, err := kubeconfigyaml.Parse(text)
	if err == nil && k.ClientKey.IsZero() {
		err = &kubeconfig.Error{Field: "user", Reason: "no client certificate"}
	}
	if err != nil {
		return k, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig of IKS cannot be read: " + err.Error(), Err: err}
	}
	return k, nil
}

// access makes a kubeconfig of the kind that the settings want; nothing before the
// cluster is up. It returns the certificate of the administrator as well, where it has
// read it.
func (h *Handler) access(ctx context.Context, c clusterObject) (info pmks.AccessInfo, admin *kubeconfig.Config, err error) {
	info.Endpoint = h.endpoint(c)
	switch {
	case !isUp(c):
		return info, nil, nil
	case info.Endpoint == "":
		return info, nil, h.checkReachable(c)
	}
	k, err := h.credential(ctx, c, &info)
	if err != nil {
		return info, nil, err
	}
	if h.cfg.KubeconfigKind == kindAdmin {
		read := k
		admin = &read
	}
	k.Name, k.Server, k.Namespace = "iks_"+c.Region+"_"+c.Name+"_"+c.ID, info.Endpoint, ""
	text, err := kubeconfig.Build(k)
	if err != nil {
		return info, admin, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig could not be built", Err: err}
	}
	info.Kubeconfig = text
	return info, admin, nil
}

// credential is the authority of a cluster with the credential of the kind that the
// settings want, whose end it puts into info.
func (h *Handler) credential(ctx context.Context, c clusterObject, info *pmks.AccessInfo) (kubeconfig.Config, error) {
	if h.cfg.KubeconfigKind == kindAdmin {
		return h.adminConfig(ctx, c)
	}
	text, err := h.readKubeconfig(ctx, c.ID, false)
	if err != nil {
		return kubeconfig.Config{}, err
	}
	k, err := kubeconfigyaml.ParseCluster(text)
	if err != nil {
		return k, &pmks.Error{Code: pmks.CodeInternal, Message: "the kubeconfig of IKS cannot be read: " + err.Error(), Err: err}
	}
	if h.cfg.KubeconfigKind == kindExec {
		k.Exec = &kubeconfig.Exec{Command: h.cfg.CredentialHelper, Args: h.helperArgs(c)}
		return k, nil
	}
	t, err := h.clusterToken(ctx)
	k.Token, info.ExpiresAt = kubeconfig.NewSecret(t.value), t.expiry.UTC()
	return k, err
}

// helperArgs tell the credential helper where the cluster is. They hold no secret: the
// API key must be in the environment of the helper.
func (h *Handler) helperArgs(c clusterObject) []string {
	id := c.ID
	if _, whole := crn(c.CRN); whole {
		id = c.CRN // it says the account, which the helper compares with that of its key
	}
	args := []string{"-provider", Name, "-region", h.cfg.Region}
	if h.cfg.Endpoint != "" {
		args = append(args, "-endpoint", h.cfg.Endpoint)
	}
	args = append(args, "-cluster", c.Name+":"+id, "-setting", "endpointType="+h.cfg.EndpointType)
	if h.cfg.IAMEndpoint != "" {
		args = append(args, "-setting", "iamEndpoint="+h.cfg.IAMEndpoint)
	}
	return args
}

// securityGroupsOf reads the security groups that a cluster's user gave it.
func (h *Handler) securityGroupsOf(ctx context.Context, id string) ([]pmks.IID, error) {
	list, err := read(ctx, h, call{method: http.MethodGet, path: "/network/v2/security-group/getSecurityGroups", query: []string{"cluster", id, "type", "cluster"}},
		func(list []securityGroupObject) error {
			for _, g := range list {
				if g.ID == "" {
					return errs.LostAnswer(cloud, "id of a security group")
				}
			}
			return nil
		})
	var ids []string
	for _, g := range list {
		if g.UserProvided {
			ids = append(ids, g.ID)
		}
	}
	return sameAll(ids), err
}
