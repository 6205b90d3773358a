// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"encoding/base64"
	"encoding/xml"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmks-go/pmks/internal/sim/core"
	"github.com/pmks-go/pmks/internal/sim/profile"
	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// launchTemplate is an EC2 launch template; it has one version.
type launchTemplate struct {
	id, name string
	created  time.Time
	tags     map[string]string
	data     templateData
	// token and hash make CreateLaunchTemplate idempotent.
	token, hash string
}

// templateData is what EKS looks at.
type templateData struct {
	imageID, instanceType, keyName, userData string
	securityGroups                           []string
	disks                                    []templateDisk
}

// templateDisk is one block device.
type templateDisk struct {
	device, kind string
	size         int
}

type (
	templateItem struct {
		ID             string   `xml:"launchTemplateId"`
		Name           string   `xml:"launchTemplateName"`
		CreateTime     string   `xml:"createTime"`
		CreatedBy      string   `xml:"createdBy"`
		DefaultVersion int      `xml:"defaultVersionNumber"`
		LatestVersion  int      `xml:"latestVersionNumber"`
		Tags           []ec2Tag `xml:"tagSet>item"`
	}
	createLaunchTemplateResponse struct {
		XMLName   xml.Name     `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ CreateLaunchTemplateResponse"`
		RequestID string       `xml:"requestId"`
		Template  templateItem `xml:"launchTemplate"`
	}
	deleteLaunchTemplateResponse struct {
		XMLName   xml.Name     `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DeleteLaunchTemplateResponse"`
		RequestID string       `xml:"requestId"`
		Template  templateItem `xml:"launchTemplate"`
	}
	describeLaunchTemplatesResponse struct {
		XMLName   xml.Name       `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeLaunchTemplatesResponse"`
		RequestID string         `xml:"requestId"`
		Items     []templateItem `xml:"launchTemplates>item"`
		NextToken string         `xml:"nextToken,omitempty"`
	}
)

const (
	noTemplateID   = "InvalidLaunchTemplateId.NotFound"
	noTemplateName = "InvalidLaunchTemplateName.NotFoundException"
)

var (
	templateNamePattern = regexp.MustCompile(`^[a-zA-Z0-9().\-/_]{3,128}$`)
	volumeTypes         = []string{"gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"}
	// leftOutData lists the members of LaunchTemplateData that EKS refuses in a
	// template, and what else is left out here.
	leftOutData = []string{"BlockDeviceMapping.Ebs.EbsCardIndex", "BlockDeviceMapping.Ebs.KmsKeyId", "BlockDeviceMapping.Ebs.SnapshotId",
		"BlockDeviceMapping.Ebs.VolumeInitializationRate", "BlockDeviceMapping.NoDevice", "BlockDeviceMapping.VirtualName",
		"CapacityReservationSpecification", "CpuOptions", "CreditSpecification", "DisableApiStop", "DisableApiTermination", "EbsOptimized",
		"ElasticGpuSpecification", "ElasticInferenceAccelerator", "EnclaveOptions", "HibernationOptions", "IamInstanceProfile",
		"InstanceInitiatedShutdownBehavior", "InstanceMarketOptions", "InstanceRequirements", "KernelId", "LicenseSpecification",
		"MaintenanceOptions", "MetadataOptions.HttpProtocolIpv6", "Monitoring", "NetworkInterface", "NetworkPerformanceOptions", "Operator",
		"Placement", "PrivateDnsNameOptions", "RamDiskId", "SecondaryInterface", "SecurityGroup", "TagSpecification"}
)

func (s *Server) templateItem(t *launchTemplate) templateItem {
	return templateItem{t.id, t.name, iso(t.created), s.arn("iam", false, "user/pmks"), 1, 1, tagItems(t.tags)}
}

func (s *Server) createLaunchTemplate(c *call) (any, *apiError) {
	f := c.form
	t := &launchTemplate{name: f.required("LaunchTemplateName"), token: f.text("ClientToken"), created: c.Now}
	f.text("VersionDescription")
	if !f.has("LaunchTemplateData") {
		f.refuse(f.missing, "The request must contain the parameter LaunchTemplateData")
	}
	t.data = readTemplateData(f)
	t.tags = readTags(f, "TagSpecification", "launch-template")
	if e := f.done(); e != nil {
		return nil, e
	}
	if !templateNamePattern.MatchString(t.name) {
		return nil, fail(http.StatusBadRequest, "InvalidLaunchTemplateName.MalformedException", "The launch template name %q is not valid", t.name)
	}
	t.hash = hexSum(f.values.Encode())
	for _, other := range s.templates {
		switch {
		case t.token != "" && other.token == t.token && other.hash == t.hash:
			return createLaunchTemplateResponse{RequestID: c.requestID, Template: s.templateItem(other)}, nil
		case t.token != "" && other.token == t.token:
			return nil, fail(http.StatusBadRequest, "IdempotentParameterMismatch", "The client token was used before with other parameters")
		case other.name == t.name:
			return nil, fail(http.StatusBadRequest, "InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
		}
	}
	t.id = "lt-0" + s.Random.Text(16, simkit.LowerHex)
	s.templates = append(s.templates, t)
	return createLaunchTemplateResponse{RequestID: c.requestID, Template: s.templateItem(t)}, nil
}

func readTemplateData(f *form) templateData {
	const at = "LaunchTemplateData."
	d := templateData{
		imageID:        f.text(at + "ImageId"),
		instanceType:   f.text(at + "InstanceType"),
		keyName:        f.text(at + "KeyName"),
		userData:       f.text(at + "UserData"),
		securityGroups: f.list(at + "SecurityGroupId"),
	}
	if _, err := base64.StdEncoding.DecodeString(d.userData); err != nil {
		f.refuse("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	}
	for _, item := range f.items(at + "BlockDeviceMapping") {
		disk := templateDisk{
			device: f.required(item + ".DeviceName"),
			kind:   f.text(item + ".Ebs.VolumeType"),
			size:   f.number(item+".Ebs.VolumeSize", 1, 65536, 0),
		}
		f.boolean(item+".Ebs.DeleteOnTermination", true)
		f.boolean(item+".Ebs.Encrypted", false)
		iops := f.number(item+".Ebs.Iops", 100, 256000, 0)
		f.number(item+".Ebs.Throughput", 125, 2000, 0)
		if disk.kind != "" && !slices.Contains(volumeTypes, disk.kind) {
			f.refuse(f.bad, "Invalid value '%s' for volume type", disk.kind)
		}
		if strings.HasPrefix(disk.kind, "io") && iops == 0 {
			f.refuse("MissingParameter", "The parameter iops must be specified for %s volumes.", disk.kind)
		}
		d.disks = append(d.disks, disk)
	}
	options := at + "MetadataOptions."
	for key, allowed := range map[string][]string{
		"HttpTokens": {"optional", "required"}, "HttpEndpoint": {"enabled", "disabled"}, "InstanceMetadataTags": {"enabled", "disabled"},
	} {
		if v := f.text(options + key); v != "" && !slices.Contains(allowed, v) {
			f.refuse(f.bad, "Invalid value '%s' for %s", v, key)
		}
	}
	f.number(options+"HttpPutResponseHopLimit", 1, 64, 1)
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		readTags(f, at+"TagSpecification", kind)
	}
	return d
}

// readTags reads the tag specifications for one type of resource. Another type is
// left unread, and so refused, unless it is read too.
func readTags(f *form, prefix, kind string) map[string]string {
	var tags map[string]string
	for _, item := range f.items(prefix) {
		if f.values.Get(item+".ResourceType") != kind {
			continue
		}
		f.text(item + ".ResourceType")
		for _, tag := range f.items(item + ".Tag") {
			if tags == nil {
				tags = map[string]string{}
			}
			key := f.required(tag + ".Key")
			if _, twice := tags[key]; twice || strings.HasPrefix(key, "aws:") || len(tags) == 50 {
				f.refuse(f.bad, "The tag key '%s' is reserved, given twice, or one too many", key)
			}
			tags[key] = f.text(tag + ".Value")
			if utf8.RuneCountInString(key) > 128 || utf8.RuneCountInString(tags[key]) > 256 {
				f.refuse(f.bad, "The key of a tag may have 128 characters and its value 256")
			}
		}
	}
	return tags
}

func templateID(t *launchTemplate) string   { return t.id }
func templateName(t *launchTemplate) string { return t.name }

func (s *Server) describeLaunchTemplates(c *call) (any, *apiError) {
	list, next, e := describe(s, c, inventory[*launchTemplate]{
		list: s.templates,
		byKey: []naming[*launchTemplate]{
			{"LaunchTemplateId", templateID, noTemplateID, "InvalidLaunchTemplateId.Malformed", "lt-"},
			{"LaunchTemplateName", templateName, noTemplateName, "", ""},
		},
		facts: map[string]func(*launchTemplate) []string{
			"launch-template-name": the(templateName),
			"tag-key":              func(t *launchTemplate) []string { return slices.Collect(maps.Keys(t.tags)) },
		},
		tags:  func(t *launchTemplate) map[string]string { return t.tags },
		least: 1, most: 200,
	})
	if e != nil {
		return nil, e
	}
	out := describeLaunchTemplatesResponse{RequestID: c.requestID, NextToken: next}
	for _, t := range list {
		out.Items = append(out.Items, s.templateItem(t))
	}
	return out, nil
}

// template finds a launch template by its id or its name.
func (s *Server) template(id, name string) (*launchTemplate, bool) {
	return simkit.Find(s.templates, func(t *launchTemplate) bool { return id != "" && t.id == id || id == "" && t.name == name })
}

func (s *Server) deleteLaunchTemplate(c *call) (any, *apiError) {
	id, name := c.form.text("LaunchTemplateId"), c.form.text("LaunchTemplateName")
	if (id == "") == (name == "") {
		c.form.refuse("InvalidParameterCombination", "Give either the id or the name of the launch template")
	}
	if e := c.form.done(); e != nil {
		return nil, e
	}
	t, ok := s.template(id, name)
	if !ok {
		code := noTemplateID
		if id == "" {
			code = noTemplateName
		}
		return nil, fail(http.StatusBadRequest, code, "The launch template %s%s does not exist", id, name)
	}
	s.templates = slices.DeleteFunc(s.templates, func(other *launchTemplate) bool { return other == t })
	if !s.assumptions.LaunchTemplateNotWatched {
		if e := s.missTemplate(c, t); e != nil {
			return nil, e
		}
	}
	return deleteLaunchTemplateResponse{RequestID: c.requestID, Template: s.templateItem(t)}, nil
}

// missTemplate lets the node groups that use a template suffer its loss: EKS can
// neither scale nor delete them properly.
func (s *Server) missTemplate(c *call, t *launchTemplate) *apiError {
	for _, rec := range s.clusters {
		for _, g := range slices.Clone(rec.live.Groups) {
			own := rec.groups[g.Name]
			if rec.live.State == profile.Gone || own.launchTemplate == nil || own.launchTemplate.ID != t.id {
				continue
			}
			to := profile.Degraded
			switch g.State {
			case profile.Creating, profile.CreateFailed:
				to = profile.CreateFailed
			case profile.Deleting, profile.DeleteFailed:
				to = profile.DeleteFailed
			}
			force := core.Force{ClusterID: rec.live.ID, GroupID: g.ID, State: to,
				Reason: "Ec2LaunchTemplateNotFound: The launch template " + t.id + " of the node group was not found"}
			if e := s.must(c, force); e != nil {
				return e
			}
		}
	}
	return nil
}

// useTemplate finds the launch template of a node group and the version that is
// meant.
func (s *Server) useTemplate(in *launchTemplateRequest) (*launchTemplate, *launchTemplateObject, *apiError) {
	if (in.ID == "") == (in.Name == "") {
		return nil, nil, invalidParameter("Either provide launch template ID or launch template name in the request.")
	}
	t, ok := s.template(in.ID, in.Name)
	if !ok {
		return nil, nil, invalidParameter("The launch template %s%s does not exist", in.ID, in.Name)
	}
	if !slices.Contains([]string{"", "$Default", "$Latest", "1"}, in.Version) {
		return nil, nil, invalidParameter("Could not find launch template version %s of %s", in.Version, t.id)
	}
	return t, &launchTemplateObject{t.id, t.name, "1"}, nil
}
