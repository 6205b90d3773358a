// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// call is a request on its way.
type call struct {
	*server
	w       http.ResponseWriter
	r       *http.Request
	query   url.Values
	view    Cluster
	who     User
	form    form
	started bool // a status has been written
	// unacceptable: the caller takes no form that there is. It is told so only where
	// there is anything.
	unacceptable *refusal

	// What the path is about, if it is a resource.
	of              *resource
	namespace, name string
}

// serveHTTP answers one request.
func (s *server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		panic(http.ErrAbortHandler)
	}
	defer s.tasks.Done()
	view := s.refresh()
	if view.Condition != Up {
		panic(http.ErrAbortHandler) // nothing answers
	}
	c := &call{server: s, w: w, r: r, view: view}
	e := c.serve() //nolint:contextcheck // the request holds it
	status, reason := http.StatusOK, ""
	if e != nil {
		status, reason = e.Code, e.Reason
	}
	s.all.log.InfoContext(r.Context(), "call", "service", "kubernetes", "op", r.Method+" "+r.URL.Path, "cluster", s.cluster, "status", status, "code", reason)
	if e != nil && !c.started {
		if e.Details != nil && e.Details.RetryAfterSeconds > 0 {
			w.Header().Set("Retry-After", fmt.Sprint(e.Details.RetryAfterSeconds))
		}
		writeJSON(w, e.Code, "application/json", e)
	}
}

func (c *call) serve() (e *refusal) {
	if c.who, e = c.authenticate(); e != nil {
		return e
	}
	var err error
	if c.query, err = url.ParseQuery(c.r.URL.RawQuery); err != nil {
		return badRequest("the query cannot be read: %v", err)
	}
	c.form, c.unacceptable = negotiate(c.r.Header.Get("Accept"))
	parts := strings.Split(strings.Trim(c.r.URL.Path, "/"), "/")
	if c.find(parts) {
		if e := c.authorize(); e != nil {
			return e
		}
		return c.serveResource()
	}
	if c.who.Name == anonymous && !slices.Contains([]string{"version", "healthz", "livez", "readyz"}, parts[0]) {
		return refuse(http.StatusForbidden, "Forbidden", "forbidden: User %q cannot %s path %q", c.who.Name, strings.ToLower(c.r.Method), c.r.URL.Path)
	}
	answer, text, e := c.serveInfo(parts)
	switch {
	case e != nil:
		return e
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodHead:
		return wrongMethod()
	case text == "" && c.unacceptable != nil:
		return c.unacceptable
	case text != "":
		c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = c.w.Write([]byte(text)) // a caller that is gone reads nothing
	default:
		writeJSON(c.w, http.StatusOK, c.form.discoveryType(), answer)
	}
	return nil
}

// find reads a path of a resource: /api/v1/... or /apis/GROUP/VERSION/....
func (c *call) find(parts []string) bool {
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = append([]string{""}, parts[1:]...)
	case parts[0] == "apis" && len(parts) > 3:
		parts = parts[1:]
	default:
		return false
	}
	group, version, rest := parts[0], parts[1], parts[2:]
	if len(rest) > 2 && rest[0] == namespaces.name {
		c.namespace, rest = rest[1], rest[2:]
	}
	i := slices.IndexFunc(resources, func(r *resource) bool { return r.group == group && r.version == version && r.name == rest[0] })
	if i < 0 || len(rest) > 2 || c.namespace != "" && !resources[i].namespaced {
		return false // subresources too: there are none
	}
	c.of = resources[i]
	if len(rest) == 2 {
		c.name = rest[1]
	}
	return c.name == "" || c.namespace != "" || !c.of.namespaced
}

// serveResource answers a request about objects.
func (c *call) serveResource() *refusal {
	verb, e := c.verb()
	if e != nil {
		return e
	}
	switch {
	case !slices.Contains(c.of.verbs, verb):
		return wrongMethod()
	case c.unacceptable != nil:
		return c.unacceptable
	}
	switch verb {
	case "get":
		o, ok := c.store.get(c.of, c.namespace, c.name)
		if !ok {
			return notFound(c.of, c.name)
		}
		c.write(http.StatusOK, o)
		return nil
	case "list":
		return c.list()
	case "watch":
		return c.watch()
	case "create":
		if c.of == reviews {
			return c.review()
		}
		return c.create()
	case "update":
		return c.update()
	case "patch":
		return c.patch()
	}
	return c.delete()
}

// verb is what the request asks for, in the words of Kubernetes.
func (c *call) verb() (string, *refusal) {
	switch {
	case c.r.Method == http.MethodGet && c.name == "":
		if c.flag("watch") {
			return "watch", nil
		}
		return "list", nil
	case c.r.Method == http.MethodGet:
		return "get", nil
	case c.r.Method == http.MethodPost && c.name == "":
		return "create", nil
	case c.r.Method == http.MethodPut && c.name != "":
		return "update", nil
	case c.r.Method == http.MethodPatch && c.name != "":
		return "patch", nil
	case c.r.Method == http.MethodDelete && c.name != "":
		return "delete", nil
	}
	return "", wrongMethod()
}

// flag reads a parameter that is on or off.
func (c *call) flag(name string) bool {
	value := c.query.Get(name)
	return value == "true" || value == "1" || value == "" && c.query.Has(name)
}

// write answers with an object in the form that was asked for.
func (c *call) write(status int, o object) {
	writeJSON(c.w, status, c.form.contentType(), c.form.object(c, o))
}
