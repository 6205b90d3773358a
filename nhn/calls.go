// SPDX-License-Identifier: Apache-2.0

package nhn

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/provider/errs"
	"github.com/pmks-go/pmks/internal/provider/fanout"
)

// changes, behind the name of a service, is the bucket of what changes something.
const changes = "/changes"

// published bounds the requests to each service. NHN publishes no rates; these are
// what a small fleet needs.
func published(bucket string) fanout.Rate {
	if bucket == keystone || strings.HasSuffix(bucket, changes) {
		return fanout.Rate{PerSecond: 1, Burst: 2}
	}
	return fanout.Rate{PerSecond: 5, Burst: 10}
}

// read makes a read. check says what is wrong with an answer that arrived.
func read[T any](ctx context.Context, h *Handler, service string, path []string, query url.Values, check func(*T) error) (T, error) {
	return fanout.Read(ctx, h.api.limiter, service, func(ctx context.Context) (T, error) {
		var out T
		r := request{service: service, method: http.MethodGet, path: path, query: query, ok: []int{http.StatusOK}}
		if err := h.api.do(ctx, r, &out); err != nil {
			return out, err
		}
		return out, check(&out)
	})
}

// post makes a request of NKS that is accepted, once. Whether the success of the calls
// that Magnum does not have is 200 or 202 is not documented.
func post[T any](ctx context.Context, h *Handler, path []string, body any, check func(*T) error) (T, error) {
	return fanout.Do(ctx, h.api.limiter, serviceNKS+changes, func(ctx context.Context) (T, error) {
		var out T
		r := request{service: serviceNKS, method: http.MethodPost, path: path, body: body,
			ok: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted}}
		if err := h.api.do(ctx, r, &out); err != nil {
			return out, err
		}
		return out, check(&out)
	})
}

// remove makes a request that removes something, once. Success is 204 and nothing
// else: another 2xx may be the page of something on the way.
func remove(ctx context.Context, h *Handler, path []string) error {
	_, err := fanout.Do(ctx, h.api.limiter, serviceNKS+changes, func(ctx context.Context) (struct{}, error) {
		r := request{service: serviceNKS, method: http.MethodDelete, path: path, ok: []int{http.StatusNoContent}}
		return struct{}{}, h.api.do(ctx, r, nil)
	})
	return err
}

// pages reads a whole list.
func pages[T any](ctx context.Context, h *Handler, service string, path []string, query url.Values, key string, id func(T) string) ([]T, error) {
	var all []T
	for items, err := range pageByPage(ctx, h, service, path, query, key, id) {
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = items // most lists have one page
		} else {
			all = append(all, items...)
		}
	}
	return all, nil
}

// pageByPage reads a list. Each page names the next one; only the marker in that is used,
// with our own address, and each marker once. With a limit in the query a full page is
// taken for one that has a next, since NHN's Compute names none.
func pageByPage[T any](ctx context.Context, h *Handler, service string, path []string, query url.Values, key string, id func(T) string) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		query := url.Values(http.Header(query).Clone())
		if query == nil {
			query = url.Values{}
		}
		seen := map[string]bool{}
		for {
			items, marker, err := page(ctx, h, service, path, query, key, id)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(items, nil) || marker == "" {
				return
			}
			if seen[marker] {
				yield(nil, &pmks.Error{Code: pmks.CodeInternal, Message: fmt.Sprintf("%s gave the marker of a page a second time: its list of %s has no end", titleOf[service], key)})
				return
			}
			seen[marker] = true
			query.Set("marker", marker)
		}
	}
}

// page reads one page of a list, with the marker of the next; empty where there is none.
func page[T any](ctx context.Context, h *Handler, service string, path []string, query url.Values, key string, id func(T) string) (items []T, marker string, err error) {
	r := request{service: service, method: http.MethodGet, path: path, query: query, ok: []int{http.StatusOK}}
	list, err := fanout.Read(ctx, h.api.limiter, service, func(ctx context.Context) (*pageOf[T], error) {
		list := &pageOf[T]{key: key}
		err := h.api.do(ctx, r, list)
		if err == nil && !list.isList {
			err = errs.LostAnswer(titleOf[service], "list of "+key)
		}
		return list, err
	})
	if err != nil {
		return nil, "", err
	}
	if list.err != nil {
		return nil, "", &pmks.Error{Code: pmks.CodeUnavailable, Message: fmt.Sprintf("the list of %s cannot be read: it counts as lost", key), Err: list.err}
	}
	items = list.items
	marker, err = nextMarker(key, list.next, list.links)
	if limit, _ := strconv.Atoi(query.Get("limit")); err == nil && marker == "" && limit > 0 && len(items) >= limit {
		marker = id(items[len(items)-1])
	}
	return items, marker, err
}

// nextMarker is the marker of the next page, as Magnum and Glance name it, or as Nova
// and Neutron do; empty where there is none. A next page that cannot be asked for is an
// error: a part of a list is not the whole.
func nextMarker(key string, next, links json.RawMessage) (string, error) {
	link := ""
	if len(next) > 0 && json.Unmarshal(next, &link) != nil {
		link = "?"
	}
	var all []struct{ Rel, Href string }
	_ = json.Unmarshal(links, &all) // what is no list of links has none
	for _, l := range all {
		if l.Rel == "next" {
			link = l.Href
		}
	}
	if link == "" {
		return "", nil
	}
	if u, err := url.Parse(link); err == nil && u.Query().Get("marker") != "" {
		return u.Query().Get("marker"), nil
	}
	return "", &pmks.Error{Code: pmks.CodeInternal, Message: "the list of " + key + " goes on where nobody can follow: its next page has no marker"}
}
