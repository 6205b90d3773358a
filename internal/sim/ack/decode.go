// SPDX-License-Identifier: Apache-2.0

package ack

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// decodeBody reads a JSON body strictly into a struct, as simkit.Decode does.
func decodeBody(body []byte, into any) *apiError {
	err := simkit.Decode(body, into)
	wrong := &simkit.DecodeError{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Fault == simkit.NotSimulated:
		return notSimulated("%s", wrong.Path)
	case errors.As(err, &wrong) && wrong.Fault == simkit.Unknown:
		return invalid("", "unknown parameter: %s", wrong.Path)
	case errors.As(err, &wrong) && wrong.Fault == simkit.WrongType:
		return fail(http.StatusBadRequest, "InvalidParameter", "Unmarshal type error: %v", err)
	}
	return invalid("", "%v", err)
}

// decodeText reads a list of texts that a query carries as JSON.
func (c *call) decodeText(key string) ([]string, *apiError) {
	if !c.query.Has(key) {
		return nil, nil
	}
	var list []string
	if json.Unmarshal([]byte(c.query.Get(key)), &list) != nil {
		return nil, invalid("", "%s must be a list of texts in JSON", key)
	}
	return list, nil
}
