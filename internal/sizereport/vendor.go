// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A vendor's program makes the requests that a provider makes, each once, with the
// vendor's SDK alone: what a program without pmks would link that does the same. What the
// requests are is read from the provider's own files, so that the two cannot drift apart.

// maker is what a vendor's program cannot take from the provider: how its clients are
// made, and the requests that the provider makes of functions.
type maker struct {
	imports []string
	// body may use ctx and fails with check(err). A line "use <type> <expression>" becomes
	// the calls of the provider's type, which is an interface or a struct of functions, on
	// a client of the SDK.
	body string
}

// maker of each cloud. The compute service and the generic calls of Alibaba are called by
// functions in the provider, the services of NHN and IBM by their paths.
var makers = map[string]maker{
	"alibaba": {[]string{
		`cs "github.com/alibabacloud-go/cs-20151215/v5/client"`,
		`openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"`,
		`"github.com/alibabacloud-go/tea/dara"`,
		`"github.com/aliyun/credentials-go/credentials"`,
	}, `	keys, err := credentials.NewCredential(nil)
	check(err)
	config := &openapi.Config{Credential: keys}
	client, err := cs.NewClient(config)
	check(err)
	use csAPI client
	generic, err := openapi.NewClient(config)
	check(err)
	fmt.Println(generic.CallApi(&openapi.Params{}, &openapi.OpenApiRequest{}, &dara.RuntimeOptions{}))
`},
	"aws": {[]string{
		`"github.com/aws/aws-sdk-go-v2/config"`,
		`"github.com/aws/aws-sdk-go-v2/credentials/stscreds"`,
		`"github.com/aws/aws-sdk-go-v2/service/autoscaling"`,
		`"github.com/aws/aws-sdk-go-v2/service/ec2"`,
		`"github.com/aws/aws-sdk-go-v2/service/eks"`,
		`"github.com/aws/aws-sdk-go-v2/service/iam"`,
		`"github.com/aws/aws-sdk-go-v2/service/sts"`,
	}, `	cfg, err := config.LoadDefaultConfig(ctx)
	check(err)
	use eksCalls eks.NewFromConfig(cfg)
	use ec2Calls ec2.NewFromConfig(cfg)
	use iamCalls iam.NewFromConfig(cfg)
	use asgCalls autoscaling.NewFromConfig(cfg)
	tokens := sts.NewFromConfig(cfg)
	fmt.Println(sts.NewPresignClient(tokens).PresignGetCallerIdentity(ctx, nil))
	cfg.Credentials = stscreds.NewAssumeRoleProvider(tokens, os.Args[1])
`},
	"azure": {[]string{
		`"github.com/Azure/azure-sdk-for-go/sdk/azidentity"`,
		`"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"`,
		`"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"`,
		`"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"`,
		`aks "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/containerservice/armcontainerservice/v8"`,
		`"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"`,
	}, `	keys, err := azidentity.NewDefaultAzureCredential(nil)
	check(err)
	id := os.Args[1]
	clusters, err := aks.NewManagedClustersClient(id, keys, nil)
	check(err)
	use clusterCalls clusters
	pools, err := aks.NewAgentPoolsClient(id, keys, nil)
	check(err)
	use poolCalls pools
	machines, err := aks.NewMachinesClient(id, keys, nil)
	check(err)
	use machineCalls machines
	networks, err := armnetwork.NewVirtualNetworksClient(id, keys, nil)
	check(err)
	use networkCalls networks
	groups, err := armnetwork.NewSecurityGroupsClient(id, keys, nil)
	check(err)
	use securityGroupCalls groups
	logins, err := armcompute.NewSSHPublicKeysClient(id, keys, nil)
	check(err)
	use keyCalls logins
	graph, err := arm.NewClient("graph", "v1", keys, nil)
	check(err)
	request, err := runtime.NewRequest(ctx, "POST", graph.Endpoint())
	check(err)
	fmt.Println(graph.Pipeline().Do(request))
`},
	"gcp": {[]string{
		`container "cloud.google.com/go/container/apiv1"`,
		`"google.golang.org/api/compute/v1"`,
	}, `	grpc, err := container.NewClusterManagerClient(ctx)
	check(err)
	use clusterManager grpc
	rest, err := container.NewClusterManagerRESTClient(ctx)
	check(err)
	use clusterManager rest
	s, err := compute.NewService(ctx)
	check(err)
	fmt.Println(s.Networks.Get("", "").Do())
	fmt.Println(s.Subnetworks.Get("", "", "").Do())
	fmt.Println(s.InstanceGroupManagers.Get("", "", "").Do())
	fmt.Println(s.InstanceGroupManagers.ListManagedInstances("", "", "").Do())
`},
	"ibm": {[]string{
		`"encoding/json"`,
		`"github.com/IBM/go-sdk-core/v5/core"`,
	}, `	keys, err := core.GetAuthenticatorFromEnvironment(os.Args[1])
	check(err)
	service, err := core.NewBaseService(&core.ServiceOptions{URL: os.Args[2], Authenticator: keys})
	check(err)
	b := core.NewRequestBuilder(os.Args[3]).WithContext(ctx)
	_, err = b.ResolveRequestURL(service.Options.URL, os.Args[4], map[string]string{})
	check(err)
	_, err = b.SetBodyContentJSON(map[string]any{})
	check(err)
	request, err := b.Build()
	check(err)
	var body json.RawMessage
	fmt.Println(service.Request(request, &body))
`},
	"nhn": {[]string{
		`"github.com/gophercloud/gophercloud/v2"`,
		`"github.com/gophercloud/gophercloud/v2/openstack"`,
	}, `	options, err := openstack.AuthOptionsFromEnv()
	check(err)
	provider, err := openstack.AuthenticatedClient(ctx, options)
	check(err)
	service := &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: os.Args[1]}
	var answer map[string]any
	fmt.Println(service.Request(ctx, os.Args[2], os.Args[3], &gophercloud.RequestOpts{JSONBody: answer, JSONResponse: &answer}))
`},
	"tencent": {[]string{
		`"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"`,
		`"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"`,
	}, `	keys := common.NewCredential(os.Args[1], os.Args[2])
	options := profile.NewClientProfile()
`},
}

// vendorProgram is the program that makes the requests of some clouds without pmks.
func vendorProgram(root, name string, clouds ...string) (program, error) {
	p := program{name: name, more: map[string]string{}}
	var calls strings.Builder
	for _, cloud := range clouds {
		text, err := vendorSource(root, cloud)
		if err != nil {
			return p, err
		}
		p.more[cloud+".go"] = text
		fmt.Fprintf(&calls, "\trun_%s(ctx)\n", cloud)
	}
	p.source = fmt.Sprintf(`package main

import (
	"context"
	"fmt"
	"os"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
%s}
`, &calls)
	return p, nil
}

// vendorSource is the file of a vendor's program with the requests of a cloud.
func vendorSource(root, cloud string) (string, error) {
	m, ok := makers[cloud]
	if !ok {
		return "", fmt.Errorf("no vendor's program of %s is known", cloud)
	}
	imports, body := slices.Clone(m.imports), m.body
	if cloud == "tencent" {
		services, calls, err := tencentCalls(root)
		if err != nil {
			return "", err
		}
		imports, body = append(imports, services...), body+calls
	} else {
		found, filled, err := fillIn(filepath.Join(root, cloud), body)
		if err != nil {
			return "", err
		}
		imports, body = append(imports, found...), filled
	}
	imports = append(imports, `"context"`, `"fmt"`, `"os"`)
	slices.Sort(imports)
	return fmt.Sprintf(`package main

import (
	%s
)

func run_%s(ctx context.Context) {
	fmt.Fprint(os.Stderr, ctx)
%s}
`, strings.Join(slices.Compact(imports), "\n\t"), cloud, body), nil
}

var use = regexp.MustCompile(`(?m)^\tuse (\w+) (.+)\n`)

// fillIn puts calls where a body uses types of a provider. imports are those that the
// calls mention.
func fillIn(dir, body string) (imports []string, filled string, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, "", err
	}
	calls := map[string]string{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		found, err := callsIn(path, use.FindAllStringSubmatch(body, -1), calls)
		if err != nil {
			return nil, "", err
		}
		imports = append(imports, found...)
	}
	var missing []string
	filled = use.ReplaceAllStringFunc(body, func(line string) string {
		m := use.FindStringSubmatch(line)
		if calls[m[1]] == "" {
			missing = append(missing, m[1])
		}
		return fmt.Sprintf("\t{\n\t\tc := %s\n%s\t}\n", m[2], calls[m[1]])
	})
	if len(missing) > 0 {
		return nil, "", fmt.Errorf("%s has no interface and no struct of functions %q", dir, missing)
	}
	return imports, filled, nil
}

// callsIn adds the calls of those used types that a file declares.
func callsIn(path string, used [][]string, calls map[string]string) (imports []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, 0)
	if err != nil {
		return nil, err
	}
	source := func(n ast.Node) string {
		return string(text[set.Position(n.Pos()).Offset:set.Position(n.End()).Offset])
	}
	mentioned := map[string]bool{}
	for _, m := range used {
		var out strings.Builder
		for _, f := range methodsOf(file, m[1]) {
			writeCall(&out, f, source, mentioned)
		}
		if out.Len() > 0 {
			calls[m[1]] = out.String()
		}
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		name, written := importName(path), spec.Path.Value
		if spec.Name != nil {
			name, written = spec.Name.Name, spec.Name.Name+" "+written
		}
		if mentioned[name] {
			imports = append(imports, written)
		}
	}
	return imports, nil
}

// methodsOf returns the methods of an interface, or the functions in a struct, which may
// have a generic type call[Input, Output, Options].
func methodsOf(file *ast.File, name string) []*ast.Field {
	var list []*ast.Field
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		var all *ast.FieldList
		switch t := spec.Type.(type) {
		case *ast.InterfaceType:
			all = t.Methods
		case *ast.StructType:
			all = t.Fields
		default:
			return false
		}
		for _, f := range all.List {
			switch f.Type.(type) {
			case *ast.FuncType, *ast.IndexListExpr:
				if len(f.Names) == 1 {
					list = append(list, f)
				}
			}
		}
		return false
	})
	return list
}

// writeCall writes a call of c with nothing to say, and its answer's use.
func writeCall(out *strings.Builder, method *ast.Field, source func(ast.Node) string, mentioned map[string]bool) {
	name := method.Names[0].Name
	name = strings.ToUpper(name[:1]) + name[1:]
	note := func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			mentioned[source(s.X)] = true
		}
		return true
	}
	switch f := method.Type.(type) {
	case *ast.IndexListExpr:
		ast.Inspect(f.Indices[0], note)
		fmt.Fprintf(out, "\t\tfmt.Println(c.%s(ctx, &%s{}))\n", name, source(f.Indices[0]))
	case *ast.FuncType:
		out.WriteString("\t\t{\n")
		var args []string
		for _, p := range f.Params.List {
			if _, variadic := p.Type.(*ast.Ellipsis); variadic {
				continue
			}
			ast.Inspect(p.Type, note)
			for range max(1, len(p.Names)) {
				arg := "a" + strconv.Itoa(len(args))
				fmt.Fprintf(out, "\t\t\tvar %s %s\n", arg, source(p.Type))
				args = append(args, arg)
			}
		}
		fmt.Fprintf(out, "\t\t\tfmt.Println(c.%s(%s))\n\t\t}\n", name, strings.Join(args, ", "))
	}
}

var majorVersion = regexp.MustCompile(`/v[0-9]+$`)

// importName is what a package is called by its path; those of which that is not true have
// a name where they are imported.
func importName(path string) string {
	base := filepath.Base(majorVersion.ReplaceAllString(path, ""))
	return strings.TrimSuffix(base, "-go")
}

var (
	tencentRequest = regexp.MustCompile(`\b(tke|as|cvm|vpc)\.New(\w+)Request\(\)`)
	tencentImport  = regexp.MustCompile(`(?m)^\s*((tke|as|cvm|vpc) "[^"]+")$`)
)

// tencentCalls finds the requests that the provider makes, and makes a call of each.
func tencentCalls(root string) (imports []string, calls string, err error) {
	files, err := filepath.Glob(filepath.Join(root, "tencent", "*.go"))
	if err != nil {
		return nil, "", err
	}
	requests, services := map[string][]string{}, map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, "", err
		}
		for _, m := range tencentImport.FindAllStringSubmatch(string(text), -1) {
			services[m[2]] = m[1]
		}
		for _, m := range tencentRequest.FindAllStringSubmatch(string(text), -1) {
			requests[m[1]] = append(requests[m[1]], m[2])
		}
	}
	var out strings.Builder
	for _, service := range []string{"tke", "as", "cvm", "vpc"} {
		names := requests[service]
		if len(names) == 0 {
			return nil, "", fmt.Errorf("no request of %s is made by the provider", service)
		}
		imports = append(imports, services[service])
		fmt.Fprintf(&out, "\t%sClient, err := %s.NewClient(keys, os.Args[3], options)\n\tcheck(err)\n", service, service)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			fmt.Fprintf(&out, "\tfmt.Println(%sClient.%s(%s.New%sRequest()))\n", service, name, service, name)
		}
	}
	return imports, out.String(), nil
}
