// SPDX-License-Identifier: Apache-2.0

package gcp

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/pmks-go/pmks/internal/refuse"
)

var (
	// A zone has one part more than a region; those for accelerators end in a word.
	zonePattern   = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+-[a-z0-9]+$`)
	regionPattern = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)
	// A project id may have the domain of its organization before it.
	projectPattern = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	emailPattern   = regexp.MustCompile(`^[^\s@/]+@[^\s@/]+$`)
	userPattern    = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)
	// resourcePattern is that of networks, subnetworks, machine types and tags.
	resourcePattern = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

// regionOf is the region of a zone; a region is its own.
func regionOf(location string) string {
	if zonePattern.MatchString(location) {
		return location[:strings.LastIndexByte(location, '-')]
	}
	return location
}

// normalize fills the defaults in and refuses what cannot work.
func (c *Config) normalize() error {
	var f refuse.List
	c.checkPlace(&f)
	c.checkCredentials(&f)
	c.checkClusters(&f)
	c.checkEndpoint(&f)
	c.ReleaseChannel = cmp.Or(c.ReleaseChannel, DefaultReleaseChannel)
	c.SSHUser = cmp.Or(c.SSHUser, DefaultSSHUser)
	c.KubeconfigKind = cmp.Or(c.KubeconfigKind, kindToken)
	c.CredentialHelper = cmp.Or(c.CredentialHelper, DefaultCredentialHelper)
	if c.PollInterval <= 0 {
		c.PollInterval = defaultPollInterval
	}
	if c.OperationWait <= 0 {
		c.OperationWait = defaultOperationWait
	}
	if c.Protocol == "" {
		c.Protocol = protocolGRPC
		if c.Transport != nil {
			c.Protocol = protocolREST
		}
	}
	return f.Err()
}

// checkPlace finds the zone and the region. A zone may be given as the region: it
// says both.
func (c *Config) checkPlace(f *refuse.List) {
	if zonePattern.MatchString(c.Region) {
		c.Zone = cmp.Or(c.Zone, c.Region)
		c.Region = regionOf(c.Region)
	}
	switch {
	case c.Zone != "" && !zonePattern.MatchString(c.Zone):
		f.Add("Zone", "%q is not a zone such as asia-northeast3-a", c.Zone)
		return
	case c.Region != "" && !regionPattern.MatchString(c.Region):
		f.Add("Region", "%q is not a region such as asia-northeast3", c.Region)
		return
	case c.Zone != "" && c.Region != "" && regionOf(c.Zone) != c.Region:
		f.Add("Zone", "%q is not in the region %q", c.Zone, c.Region)
		return
	}
	c.Region = cmp.Or(c.Region, regionOf(c.Zone))
	switch {
	case c.Region == "":
		f.Add("Zone", "is required: give one such as asia-northeast3-a, or a region with regional=true")
	case c.Zone == "" && !c.Regional:
		f.Add("Zone", "is required for zonal clusters: give one such as %s-a. With regional=true clusters are regional, with each node group in several zones", c.Region)
	}
	for _, zone := range c.NodeZones {
		if !zonePattern.MatchString(zone) || regionOf(zone) != c.Region {
			f.Add("Settings.nodeZones", "%q is not a zone of the region %q", zone, c.Region)
		}
	}
	if len(c.NodeZones) > 0 && !c.Regional {
		f.Add("Settings.nodeZones", "goes with regional=true")
	}
}

// checkCredentials checks that one way to get a token is given, or none.
func (c *Config) checkCredentials(f *refuse.List) {
	if (c.ClientEmail == "") != (c.PrivateKey == "") {
		f.Add("Credentials", "clientEmail and privateKey go together: give both or none")
	}
	if c.TokenURI != "" && c.ClientEmail == "" {
		f.Add("Settings.tokenUri", "goes with clientEmail and privateKey")
	}
	var ways []string
	for _, way := range []struct {
		name  string
		given bool
	}{
		{"clientEmail and privateKey", c.ClientEmail != "" || c.PrivateKey != ""}, {"credentialsJson", c.CredentialsJSON != ""},
		{"credentialsFile", c.CredentialsFile != ""}, {"accessToken", c.AccessToken != ""},
		{"TokenSource", c.TokenSource != nil}, {"Credentials", c.Credentials != nil},
	} {
		if way.given {
			ways = append(ways, way.name)
		}
	}
	if len(ways) > 1 {
		f.Add("Credentials", "%s exclude each other: give one", strings.Join(ways, ", "))
	}
	if strings.ContainsFunc(c.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		f.Add("Credentials.accessToken", "holds characters that a token cannot have")
	}
	for _, e := range []struct{ field, text string }{
		{"Credentials.clientEmail", c.ClientEmail}, {"Settings.impersonateServiceAccount", c.ImpersonateServiceAccount},
		{"Settings.nodeServiceAccount", c.NodeServiceAccount},
	} {
		if e.text != "" && !emailPattern.MatchString(e.text) {
			f.Add(e.field, "%q is not the e-mail of a service account", e.text)
		}
	}
}

// checkClusters checks what new clusters are to be like.
func (c *Config) checkClusters(f *refuse.List) {
	if (c.PodRange == "") != (c.ServiceRange == "") {
		f.Add("Settings.podRange", "goes with serviceRange: give both or none")
	}
	for _, r := range []struct{ field, text string }{{"Settings.podRange", c.PodRange}, {"Settings.serviceRange", c.ServiceRange}} {
		if r.text != "" && !resourcePattern.MatchString(r.text) {
			f.Add(r.field, "%q is not the name of a secondary range", r.text)
		}
	}
	if c.SSHUser != "" && !userPattern.MatchString(c.SSHUser) {
		f.Add("Settings.sshUser", "%q is not a user name", c.SSHUser)
	}
	if fields := strings.Fields(c.SSHPublicKey); c.SSHPublicKey != "" && (len(fields) < 2 || strings.ContainsAny(c.SSHPublicKey, "\r\n")) {
		// The text is not repeated: it may be the private key.
		f.Add("Settings.sshPublicKey", "is not one line of an OpenSSH public key, such as ssh-ed25519 AAAA...")
	}
}

// checkEndpoint refuses to send tokens in clear to another machine.
func (c *Config) checkEndpoint(f *refuse.List) {
	for _, e := range []struct{ field, text string }{{"Endpoint", c.Endpoint}, {"Settings.tokenUri", c.TokenURI}} {
		if e.text == "" {
			continue
		}
		// The text is not shown: it may hold a password.
		u, err := url.Parse(e.text)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
			f.Add(e.field, "is not a URL such as https://container.example.com, without a user")
		case u.Scheme == "http" && !isLoopback(u.Hostname()):
			f.Add(e.field, "must be https: tokens would be sent in clear to another machine")
		}
	}
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// checkProject is about the project, which the credentials may have named.
func (c *Config) checkProject() error {
	c.ProjectID = cmp.Or(c.ProjectID, os.Getenv("GOOGLE_CLOUD_PROJECT"))
	switch {
	case c.ProjectID == "":
		return refuse.Invalid("Credentials.projectId", "is required: give it, or set GOOGLE_CLOUD_PROJECT")
	case !projectPattern.MatchString(c.ProjectID):
		return refuse.Invalid("Credentials.projectId", "%q is not the id of a project; a number or a name does not do", c.ProjectID)
	}
	return nil
}

// address is where gRPC connects to, and whether without TLS; empty means Google.
func (c *Config) address() (hostPort string, insecure bool) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" {
		return "", false
	}
	insecure = u.Scheme == "http"
	port := u.Port()
	if port == "" {
		port = "443"
		if insecure {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port), insecure
}

// shown is an endpoint without the password that it may hold.
func shown(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Opaque != "" {
		return "[invalid]"
	}
	return u.Redacted()
}

