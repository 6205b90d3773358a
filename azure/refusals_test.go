// SPDX-License-Identifier: Apache-2.0

package azure_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/providertest"
)

var cluster0 = pmks.IID{NameId: "c000"}

// puts are the calls that write something, and deletions those that remove it, with
// the request that does it.
func puts() []providertest.Probe {
	plain := bench.SampleNodeGroup("plain")
	plain.KeyPairIID = pmks.IID{}
	return []providertest.Probe{
		{Name: "create", Request: "ManagedClusters_CreateOrUpdate", Call: providertest.CreateCluster(bench.SampleRequest("new"))},
		{Name: "upgrade", Request: "ManagedClusters_CreateOrUpdate", Call: providertest.UpgradeCluster(cluster0, "1.34")},
		{Name: "add", Request: "AgentPools_CreateOrUpdate", Call: providertest.AddNodeGroup(cluster0, plain)},
		{Name: "scale", Request: "AgentPools_CreateOrUpdate", Call: providertest.ChangeNodeGroupScaling(cluster0, poolG0, 3, 1, 4)},
		{Name: "tags", Request: "ManagedClusters_UpdateTags", Call: setTags(cluster0, pmks.KeyValue{Key: "a", Value: "b"})},
		{Name: "autoscaling", Request: "AgentPools_CreateOrUpdate", Call: providertest.SetNodeGroupAutoScaling(cluster0, poolG0, false)},
	}
}

func deletions() []providertest.Probe {
	return []providertest.Probe{
		{Name: "delete", Request: "ManagedClusters_Delete", Call: providertest.DeleteCluster(cluster0)},
		{Name: "remove", Request: "AgentPools_Delete", Call: providertest.RemoveNodeGroup(cluster0, poolG0)},
	}
}

// TestRefused_once: a 4xx settles the outcome although nobody knows its code. One
// request leaves, and the error says what it was.
func TestRefused_once(t *testing.T) {
	t.Parallel()
	bench.Refusals(t, append(puts(), deletions()...))
}

// TestRefused_meaning: the true code is found wherever it stands.
func TestRefused_meaning(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   pmks.Code
		native string
	}{
		{"quota-in-details", 400, `{"code":"BadRequest","message":"Provisioning failed.","details":[{"code":"QuotaExceeded","message":"Cores: 10 of 10."}]}`, pmks.CodeQuotaExceeded, "QuotaExceeded"},
		{"quota-in-details-of-details", 400, `{"error":{"code":"DeploymentFailed","message":"x","details":[{"code":"Conflict","details":[{"code":"ErrCode_InsufficientVCPUQuota","message":"y"}]}]}}`, pmks.CodeQuotaExceeded, "ErrCode_InsufficientVCPUQuota"},
		{"known-code-stays", 400, `{"code":"K8sVersionNotSupported","message":"x","details":[{"code":"QuotaExceeded"}]}`, pmks.CodeInvalidArgument, "K8sVersionNotSupported"},
		{"operation-in-progress", 409, `{"code":"Conflict","message":"Another operation is in progress on the managed cluster."}`, pmks.CodeBusy, "Conflict"},
		{"exists", 409, `{"code":"Conflict","message":"The managed cluster already exists."}`, pmks.CodeAlreadyExists, "Conflict"},
		{"exists-under-a-new-code", 409, `{"code":"ResourceExists","message":"A managed cluster of this name already exists."}`, pmks.CodeAlreadyExists, "ResourceExists"},
		{"in-use", 409, `{"code":"InUseRouteTableCannotBeDeleted","message":"x"}`, pmks.CodeFailedPrecondition, "InUseRouteTableCannotBeDeleted"},
		{"subscription-disabled", 409, `{"error":{"code":"ReadOnlyDisabledSubscription","message":"x"}}`, pmks.CodeFailedPrecondition, "ReadOnlyDisabledSubscription"},
		{"quota-in-words", 400, `{"code":"BadRequest","message":"Operation results in exceeding the approved Total Regional Cores quota."}`, pmks.CodeQuotaExceeded, "BadRequest"},
		{"quota-in-the-inner-error", 400, `{"error":{"code":"DeploymentFailed","message":"x","innererror":{"code":"QuotaExceeded","message":"y"}}}`, pmks.CodeQuotaExceeded, "QuotaExceeded"},
		{"policy-in-details", 409, `{"error":{"code":"DeploymentFailed","message":"x","details":[{"code":"RequestDisallowedByPolicy","message":"y"}]}}`, pmks.CodePermissionDenied, "RequestDisallowedByPolicy"},
		{"throttled-by-compute", 429, `{"error":{"code":"OperationNotAllowed","message":"The server rejected the request because too many requests have been received.","details":[{"code":"TooManyRequests","target":"PutVM"}]}}`, pmks.CodeThrottled, "TooManyRequests"},
		{"throttled-in-words-of-a-quota", 429, `{"code":"QuotaExceeded","message":"x"}`, pmks.CodeThrottled, "QuotaExceeded"},
		{"details-that-are-none", 400, `{"code":"InvalidParameter","message":"x","details":"none"}`, pmks.CodeInvalidArgument, "InvalidParameter"},
		{"subnet-not-found", 404, `{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.Network/virtualNetworks/v' under resource group 'g' was not found."}}`, pmks.CodeFailedPrecondition, "ResourceNotFound"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, p, _ := tapped(t, seedOf("g0"), nil)
			p.answer = func(r *http.Request) *http.Response {
				if ending(http.MethodPut, "/managedClusters/new")(r) {
					return replyWith(test.status, test.body)
				}
				return nil
			}
			_, err := h.CreateCluster(t.Context(), bench.SampleRequest("new"))
			var e *pmks.Error
			if !errors.As(err, &e) || e.Code != test.want || e.ProviderCode != test.native {
				t.Errorf("got %v, want %s of %s", err, test.want, test.native)
			}
		})
	}
}

// TestAbsence: a 404 that is not Azure's word for that very resource ends no wait as
// success while the cluster lives.
func TestAbsence(t *testing.T) {
	t.Parallel()
	const html = "<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>"
	g1 := pmks.IID{NameId: "g1"}
	for name, body := range map[string]string{
		"page-of-a-proxy": html, "empty": "", "no-code": `{"message":"not found"}`,
		"another-resource": `{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.ContainerService/managedClusters/other' under resource group 'g' was not found."}}`,
		"another-service":  `{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.Network/virtualNetworks/v' under resource group 'g' was not found."}}`,
	} {
		for what, wait := range map[string]providertest.Call{
			"cluster": func(ctx context.Context, h providertest.Handler) error {
				return pmks.WaitClusterDeleted(ctx, h, clusterC, pmks.WithInterval(time.Second))
			},
			"node-group": func(ctx context.Context, h providertest.Handler) error {
				return pmks.WaitNodeGroupDeleted(ctx, h, clusterC, g1, pmks.WithInterval(time.Second))
			},
			"teardown": func(ctx context.Context, h providertest.Handler) error {
				return pmks.Teardown(ctx, h, clusterC, pmks.WithInterval(time.Second))
			},
			"look": providertest.ReadState(clusterC, pmks.IID{}),
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h, p, _ := tapped(t, seedOf("g0", "g1"), nil)
					p.answer = func(r *http.Request) *http.Response {
						if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/managedClusters/c") || r.Method == http.MethodDelete {
							kind := "application/json"
							if body == html {
								kind = "text/html"
							}
							return replyWith(http.StatusNotFound, body, "Content-Type", kind)
						}
						return nil
					}
					if err := wait(t.Context(), h); pmks.CodeOf(err) != pmks.CodeUnavailable {
						t.Errorf("got %v", err)
					}
				})
			})
		}
	}
}

// TestAbsence_true: Azure's own word is taken for it.
func TestAbsence_true(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"gateway":        `{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.ContainerService/managedClusters/c' under resource group 'pmks' was not found."}}`,
		"provider":       `{"code":"NotFound","message":"Could not find managed cluster."}`,
		"resource-group": `{"error":{"code":"ResourceGroupNotFound","message":"Resource group 'pmks' could not be found."}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, p, _ := tapped(t, seedOf("g0"), nil)
			p.answer = func(*http.Request) *http.Response { return replyWith(http.StatusNotFound, body) }
			if _, err := h.ReadState(t.Context(), clusterC, pmks.IID{}); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("ReadState: %v", err)
			}
			if _, err := h.GetCluster(t.Context(), clusterC); pmks.CodeOf(err) != pmks.CodeNotFound {
				t.Errorf("GetCluster: %v", err)
			}
		})
	}
}
