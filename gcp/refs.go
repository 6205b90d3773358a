// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
	"github.com/pmks-go/pmks/internal/provider/ident"
	"github.com/pmks-go/pmks/internal/refuse"
)

var resourcePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// resource is one of Compute Engine. A network that several projects share belongs
// to its host project. Global ones have no region.
type resource struct{ project, region, kind, name string }

// path is the resource in the words of a request, from its project on.
func (r resource) path() string {
	where := "global"
	if r.region != "" {
		where = "regions/" + r.region
	}
	return "projects/" + r.project + "/" + where + "/" + r.kind + "/" + r.name
}

// short is the path of a resource of another project, and the name of one of the
// own.
func (r resource) short(project string) string {
	if r.project == project {
		return r.name
	}
	return r.path()
}

// resourcePath matches paths and self links of Compute Engine. The project may be
// left out.
var resourcePath = regexp.MustCompile(`^(?:https://(?:www|compute)\.googleapis\.com/compute/[a-z0-9]+/|/)?(?:projects/([^/]+)/)?(?:global|regions/([^/]+))/([a-z]+)/([^/]+)$`)

// readResource reads a reference: a name, or a path or self link that says all of
// it. Of another project than the default it is kept so, and of another region it is
// refused.
func readResource(field string, iid pmks.IID, kind, defaultProject, region string) (resource, error) {
	if err := pmks.CheckIID(field, iid); err != nil {
		return resource{}, err
	}
	text := cmp.Or(iid.SystemId, iid.NameId)
	r := resource{project: defaultProject, region: region, kind: kind, name: text}
	if strings.Contains(text, "/") {
		m := resourcePath.FindStringSubmatch(text)
		if m == nil || m[3] != kind || (m[2] == "") != (region == "") {
			example := resource{project: "PROJECT", kind: kind, name: "NAME"}
			if region != "" {
				example.region = "REGION"
			}
			return resource{}, refuse.Invalid(field, "%q is not the name or path of one, such as %s", refuse.Clip(text), example.path())
		}
		if m[1] != "" && !projectPattern.MatchString(m[1]) {
			return resource{}, refuse.Invalid(field, "%q does not say its project by its id: numbers cannot be compared", refuse.Clip(text))
		}
		if err := ident.Match(field, text, ident.Part{Name: "region", Got: m[2], Want: region}); err != nil {
			return resource{}, err
		}
		r.project, r.name = cmp.Or(m[1], defaultProject), m[4]
	}
	if !resourcePattern.MatchString(r.name) {
		return resource{}, refuse.Invalid(field, "%q is not a name that Google Cloud can have", refuse.Clip(r.name))
	}
	return r, nil
}

// network is where a cluster is to be.
type network struct {
	network, subnet resource
	// tags are the network tags that the nodes get.
	tags []string
}

// readNetwork reads the references of a request. A subnetwork given by its name is
// in the project of its network.
func (h *Handler) readNetwork(in pmks.NetworkInfo) (network, error) {
	var n network
	var f refuse.List
	var err error
	n.network, err = readResource("Network.VpcIID", in.VpcIID, "networks", h.cfg.ProjectID, "")
	f.Join(err)
	project := cmp.Or(n.network.project, h.cfg.ProjectID)
	n.subnet, err = readResource("Network.SubnetIIDs[0]", in.SubnetIIDs[0], "subnetworks", project, h.cfg.Region)
	f.Join(err)
	for i, iid := range in.SecurityGroupIIDs {
		field := fmt.Sprintf("Network.SecurityGroupIIDs[%d]", i)
		rule, err := readResource(field, iid, "firewalls", project, "")
		f.Join(err)
		if err == nil && rule.project != project {
			f.Add(field, "%q is a rule of another project than the network, %s", rule.path(), project)
		}
		n.tags = append(n.tags, rule.name)
	}
	return n, f.Err()
}

// checkNetwork looks the network and its subnetwork up, and checks what GKE would
// refuse. A caller who may not read them leaves that to GKE.
func (h *Handler) checkNetwork(ctx context.Context, n network) error {
	var networkErr, subnetErr error
	// Each keeps its own fault, so All has none to report but a panic.
	err := fanout.All(ctx, func(ctx context.Context) error {
		networkErr = h.checkVPC(ctx, n.network)
		return nil
	}, func(ctx context.Context) error {
		subnetErr = h.checkSubnet(ctx, n)
		return nil
	})
	// With the network missing, the subnetwork is nobody's.
	return cmp.Or(networkErr, subnetErr, err)
}

func (h *Handler) checkVPC(ctx context.Context, r resource) error {
	const field = "Network.VpcIID"
	_, err := readCompute(ctx, h, bucketReads, func(ctx context.Context) (*networkObject, error) {
		found, err := h.api.compute.network(ctx, r.project, r.name)
		if err == nil && (found == nil || found.Name != r.name) {
			err = errs.LostAnswer("Compute Engine", "network")
		}
		return found, err
	})
	return unusable(err, field, fmt.Sprintf("there is no network %q in the project %q", r.name, r.project))
}

// unusable says of a reference that was looked up that there is no such thing. A
// caller who may not look leaves that to GKE.
func unusable(err error, field, what string) error {
	switch {
	case errs.Is(err, pmks.CodePermissionDenied):
		return nil
	case errs.Is(err, pmks.CodeNotFound):
		return errs.With(err, func(e *pmks.Error) { e.Code, e.Field, e.Message = pmks.CodeInvalidArgument, field, what+": "+e.Message })
	}
	return err
}

func (h *Handler) checkSubnet(ctx context.Context, n network) error {
	const field = "Network.SubnetIIDs[0]"
	r := n.subnet
	subnet, err := readCompute(ctx, h, bucketReads, func(ctx context.Context) (*subnetworkObject, error) {
		found, err := h.api.compute.subnetwork(ctx, r.project, r.region, r.name)
		if err == nil && (found == nil || found.Name != r.name || found.Network == "") {
			err = errs.LostAnswer("Compute Engine", "subnetwork")
		}
		return found, err
	})
	switch {
	case err != nil:
		return unusable(err, field, fmt.Sprintf("there is no subnetwork %q in the region %q of the project %q", r.name, r.region, r.project))
	case !strings.HasSuffix(subnet.Network, "/"+n.network.path()):
		return refuse.Invalid(field, "%q is a subnetwork of another network than %q", r.short(h.cfg.ProjectID), n.network.short(h.cfg.ProjectID))
	}
	return nil
}
