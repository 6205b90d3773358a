// SPDX-License-Identifier: Apache-2.0

package aks

import (
	"errors"
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// decodeBody reads a JSON body strictly, and says what is wrong with it as Azure
// Resource Manager does for text that is no JSON, and AKS for the rest.
func decodeBody(body []byte, into any) *apiError {
	err := simkit.Decode(body, into)
	wrong := &simkit.DecodeError{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Fault == simkit.NotSimulated:
		return notSimulated("%s", wrong.Path)
	case errors.As(err, &wrong) && wrong.Fault != simkit.Malformed:
		return fail(http.StatusBadRequest, "UnmarshalError", "UnmarshalEntity encountered error: json: %v.", err)
	}
	return gateway(http.StatusBadRequest, "InvalidRequestContent", "The request content was invalid and could not be deserialized: '%v'.", err)
}
