// SPDX-License-Identifier: Apache-2.0

package eks

import (
	"bytes"
	"errors"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// decodeBody reads a JSON body strictly into a struct, as simkit.Decode does. No
// body at all is that of an operation whose members are all optional.
func decodeBody(body []byte, into any) *apiError {
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	err := simkit.Decode(body, into)
	wrong := &simkit.DecodeError{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong) && wrong.Fault == simkit.NotSimulated:
		return notSimulated("%s", wrong.Path)
	case errors.As(err, &wrong) && wrong.Fault == simkit.Unknown:
		return invalidParameter("unknown parameter: %s", wrong.Path)
	}
	return invalidParameter("%v", err)
}
