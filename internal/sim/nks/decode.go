// SPDX-License-Identifier: Apache-2.0

package nks

import (
	"errors"

	"github.com/pmks-go/pmks/internal/sim/simkit"
)

// decodeFault says what is wrong with a body.
func decodeFault(err error) *apiError {
	wrong := &simkit.DecodeError{}
	if errors.As(err, &wrong) && wrong.Fault == simkit.NotSimulated {
		return notSimulated("%s", wrong.Path)
	}
	return badRequest("Invalid input for field/attribute. %v.", err)
}
