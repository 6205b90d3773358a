// SPDX-License-Identifier: Apache-2.0

package tencent

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"time"

	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/endpoint"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/redact"
	"github.com/pmks-go/pmks/internal/refuse"
)

const (
	stsVersion = "2018-08-13"
	// roleSeconds is how long the keys of a role live.
	roleSeconds = 7200
)

// The requests of STS, as much as is needed.
type (
	stsRequest struct {
		*tchttp.BaseRequest
		RoleArn          *string `json:"RoleArn,omitempty"`
		RoleSessionName  *string `json:"RoleSessionName,omitempty"`
		DurationSeconds  *int    `json:"DurationSeconds,omitempty"`
		ProviderId       *string `json:"ProviderId,omitempty"`
		WebIdentityToken *string `json:"WebIdentityToken,omitempty"`
	}
	roleResponse struct {
		*tchttp.BaseResponse
		Response *struct {
			Credentials *struct {
				Token, TmpSecretId, TmpSecretKey string
			} `json:"Credentials"`
			ExpiredTime int64 `json:"ExpiredTime"`
		} `json:"Response"`
	}
	callerResponse struct {
		*tchttp.BaseResponse
		Response *struct {
			AccountId string `json:"AccountId"`
		} `json:"Response"`
	}
)

func newSTSRequest(action string) *stsRequest {
	r := &stsRequest{BaseRequest: &tchttp.BaseRequest{}}
	r.Init().WithApiInfo("sts", stsVersion, action)
	return r
}

func newCallerResponse() *callerResponse {
	return &callerResponse{BaseResponse: &tchttp.BaseResponse{}}
}

// assumption is a role that is to be assumed: with keys, or with the token of an OIDC
// provider, which is read anew each time because what put it there renews it.
type assumption struct {
	arn, session        string
	keys                way // asked where there is no provider
	provider, tokenFile string
}

// assume returns the way to a role. The SDK's own ways follow redirects, with the token,
// and know nothing of the transport and the endpoint of the handler.
func (c *clients) assume(a assumption) way {
	return func(ctx context.Context) (snapshot, time.Time, error) {
		in := newSTSRequest("AssumeRole")
		var oidc string
		if a.provider != "" {
			text, err := os.ReadFile(a.tokenFile)
			if oidc = string(bytes.TrimSpace(text)); err != nil || oidc == "" {
				return snapshot{}, time.Time{}, refuse.Invalid("Settings.oidcTokenFile", "%q cannot be read, or is empty: name a file with a token", a.tokenFile)
			}
			in = newSTSRequest("AssumeRoleWithWebIdentity")
			in.ProviderId, in.WebIdentityToken = &a.provider, &oidc
			in.SetSkipSign(true)
		}
		in.RoleArn, in.RoleSessionName, in.DurationSeconds = &a.arn, &a.session, new(roleSeconds)
		out := &roleResponse{BaseResponse: &tchttp.BaseResponse{}}
		var keys snapshot
		var err error
		if a.provider == "" {
			if keys, _, err = a.keys(ctx); err != nil {
				return snapshot{}, time.Time{}, err
			}
		}
		err = c.call(ctx, keys, in, out)
		if err == nil && (out.Response == nil || out.Response.Credentials == nil || out.Response.Credentials.TmpSecretId == "" ||
			out.Response.Credentials.TmpSecretKey == "" || out.Response.ExpiredTime <= 0) {
			err = errs.LostAnswer(vendor, "keys of the role")
		}
		if err != nil {
			return snapshot{}, time.Time{}, errs.With(err, func(e *pmks.Error) {
				if e.ProviderCode != "" && e.Code != pmks.CodePermissionDenied && e.Code != pmks.CodeThrottled && e.Code != pmks.CodeUnavailable && e.Code != pmks.CodeInternal {
					e.Code = pmks.CodeUnauthenticated
				}
				e.Message, e.Field, e.Err = "the role "+a.arn+" could not be assumed: "+redact.Text(e.Message, oidc), "", nil
			})
		}
		k := out.Response.Credentials
		return snapshot{k.TmpSecretId, k.TmpSecretKey, k.Token}, time.Unix(out.Response.ExpiredTime, 0), nil
	}
}

// metadataURL is where an instance of CVM gets the keys of its role.
const metadataURL = "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/"

// instanceRole returns the way to the role of the instance that the program runs on. The
// SDK's own has no time limit and follows redirects.
func instanceRole(role string) way {
	return func(ctx context.Context) (snapshot, time.Time, error) {
		web := &http.Client{Transport: endpoint.Guard(&http.Transport{DisableKeepAlives: true})}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, metadataURL+role, http.NoBody)
		if err != nil {
			return snapshot{}, time.Time{}, err
		}
		var answer struct {
			TmpSecretId, TmpSecretKey, Token, Code string
			ExpiredTime                            int64
		}
		resp, err := web.Do(req)
		if err == nil {
			var body []byte
			if body, err = io.ReadAll(resp.Body); err == nil && json.Unmarshal(body, &answer) != nil {
				answer.Code = resp.Status
			}
			_ = resp.Body.Close() // it was read
		}
		switch {
		case err != nil:
			return snapshot{}, time.Time{}, unreached(ctx, err)
		case answer.Code != "Success" || answer.TmpSecretId == "" || answer.TmpSecretKey == "":
			return snapshot{}, time.Time{}, &pmks.Error{Code: pmks.CodeUnauthenticated, ProviderCode: refuse.Clip(answer.Code),
				Message: "the metadata service gives no keys of the role " + role + ": bind it to the instance"}
		}
		return snapshot{answer.TmpSecretId, answer.TmpSecretKey, answer.Token}, time.Unix(answer.ExpiredTime, 0), nil
	}
}
