// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/refuse"
)

// keyNodeLabels is the label of NKS that holds the Kubernetes labels of a group's nodes.
const keyNodeLabels = "k8s_node_labels"

// The forms that keyNodeLabels may have in a creation. The table of the API guide says
// that it is a text, its sample of a later change shows an object (March 2026).
const (
	formUnknown int32 = iota
	formText
	formObject
)

// nodeLabels writes the labels of nodes in the form that NKS has taken before, as a text
// until one is known.
func (h *Handler) nodeLabels(labels map[string]string) any {
	if h.labelForm.Load() == formObject {
		return labels
	}
	data, _ := json.Marshal(labels) // texts can be marshaled
	return string(data)
}

// otherForm returns the labels of nodes in the other form, with that form; nil for what
// pmks did not write.
func otherForm(written any) (other any, form int32) {
	switch w := written.(type) {
	case map[string]string:
		data, _ := json.Marshal(w) // texts can be marshaled
		return string(data), formText
	case string:
		var labels map[string]string
		if json.Unmarshal([]byte(w), &labels) == nil && labels != nil {
			return labels, formObject
		}
	}
	return nil, formUnknown
}

// inEitherForm makes a request with these labels, which send sends. While it is not known
// in which form NKS takes those of nodes, a request that it calls wrong is made again in
// the other form: what was refused has not happened.
func (h *Handler) inEitherForm(labels map[string]any, send func() error) error {
	written := labels[keyNodeLabels]
	other, form := otherForm(written)
	if form == formUnknown {
		return send()
	}
	err := send()
	switch {
	case err == nil:
		h.labelForm.CompareAndSwap(formUnknown, formText+formObject-form)
		return nil
	case h.labelForm.Load() != formUnknown || !calledWrong(err):
		return err
	}
	labels[keyNodeLabels] = other
	again := send()
	switch {
	case again == nil:
		h.labelForm.CompareAndSwap(formUnknown, form)
	case calledWrong(again):
		// One of both refusals may be about the form, and the other about the fault.
		labels[keyNodeLabels] = written
		return twoRefusals(err, again)
	}
	return again
}

// calledWrong: NKS has refused a request for what it holds.
func calledWrong(err error) bool {
	var e *pmks.Error
	return errors.As(err, &e) && e.HTTPStatus == http.StatusBadRequest && e.Code == pmks.CodeInvalidArgument
}

// twoRefusals joins what NKS says of a request in both forms.
func twoRefusals(first, second error) error {
	var other *pmks.Error
	if !errors.As(second, &other) {
		return first
	}
	return errs.With(first, func(e *pmks.Error) {
		if other.Message != e.Message {
			e.Message += "; and with " + keyNodeLabels + " as an object: " + other.Message
		}
	})
}

// checkLabelsOnce refuses labels of nodes that are given twice, in the field and in a
// KeyValueList.
func checkLabelsOnce(f *refuse.List, at string, labels map[string]string, lists ...[]pmks.KeyValue) {
	if len(labels) == 0 {
		return
	}
	for _, list := range lists {
		if slices.ContainsFunc(list, func(kv pmks.KeyValue) bool { return kv.Key == labelPrefix+keyNodeLabels }) {
			f.Add(at+"Labels", "are given in the KeyValueList as %s%s too: give them once", labelPrefix, keyNodeLabels)
		}
	}
}

// askedLabels are the labels of nodes that a request asks for, in whatever form.
func askedLabels(asked map[string]any) map[string]string {
	written, isText := asked[keyNodeLabels].(string)
	if !isText {
		data, _ := json.Marshal(asked[keyNodeLabels]) // what cannot be written asks for none
		written = string(data)
	}
	return groupObject{Labels: labels{keyNodeLabels: text(written)}}.userLabels()
}

// userLabels are the labels of a group's nodes as reads show them, less those that are
// not the user's; nil where NKS shows none. Whether it shows them at all is not
// documented.
func (g groupObject) userLabels() map[string]string {
	var shown map[string]text
	if json.Unmarshal([]byte(g.Labels[keyNodeLabels]), &shown) != nil {
		return nil
	}
	var own map[string]string
	for key, value := range shown {
		if capabilities.NodeGroups.Reserved(key) {
			continue
		}
		if own == nil {
			own = map[string]string{}
		}
		own[key] = string(value)
	}
	return own
}

// zones are those of a group: one, or none where NKS does not tell it.
func zones(name text) []string {
	if name == "" {
		return nil
	}
	return []string{string(name)}
}

// checkZone refuses a zone that the region does not have, or not now.
func checkZone(field, asked, region string, available []string) error {
	if slices.Contains(available, asked) {
		return nil
	}
	return refuse.Invalid(field, "the region %s has no zone %q that is available; there are %s", region, refuse.Clip(asked), strings.Join(available, ", "))
}
