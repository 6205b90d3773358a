// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pmks-go/pmks"
	"github.com/pmks-go/pmks/internal/redact"
)

// The members of bodies, parameters and elements whose values are credentials, by their
// names in lower case and without "-" and "_": those that are named, and those that end so
// and are not among the harmless.
var (
	secretKeys = []string{"assertion", "clientassertion", "clientcertificate", "clientcertificatedata", "signature", "userdata", "xamzcredential"}
	secretEnds = []string{"accesskeyid", "adminpass", "apikey", "clientkey", "clientkeydata", "password", "privatekey", "secret", "secretid", "secretkey", "signature", "token"}
	harmless   = []string{"clientrequesttoken", "clienttoken", "continuationtoken", "idempotencytoken", "nextpagetoken", "nexttoken", "pagetoken", "skiptoken", "requesttoken"}
)

func secretKey(key string) bool {
	if len(key) > 64 {
		return false
	}
	key = strings.ToLower(inKeys.Replace(key))
	return slices.Contains(secretKeys, key) || !slices.Contains(harmless, key) &&
		slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(key, end) })
}

var inKeys = strings.NewReplacer("-", "", "_", "", "$", "")

// scrubber takes secrets out of texts, and puts placeholders for the ids of accounts. One
// id has the same placeholder everywhere, of the same form, so that what hangs together
// in a record still does.
type scrubber struct {
	secrets []string
	// placeholders are by the ids that they stand for.
	placeholders map[string]string
	replacer     *strings.Replacer
	// learned are the texts in which learn has looked; done is what text has made of them,
	// and bodies what body has.
	learned      map[string]bool
	done, bodies map[string]string
}

// newScrubber returns one that knows nothing yet, and has to be made ready.
func newScrubber() *scrubber {
	return &scrubber{placeholders: map[string]string{}, learned: map[string]bool{}, done: map[string]string{}, bodies: map[string]string{}}
}

// scrub returns the record without the secrets and the ids of accounts in it. config are
// the entries of the configuration's credentials.
func scrub(rec *record, secrets []string, config map[string]string) (*record, error) {
	s := newScrubber()
	accounts := s.configured(config)
	for _, secret := range secrets {
		s.addSecret(secret)
	}
	for _, x := range rec.exchanges() {
		s.learn(x)
	}
	s.ready()
	out := &record{head: rec.head}
	out.head.Accounts = map[string]string{}
	for name, id := range accounts {
		out.head.Accounts[name] = s.placeholders[id]
	}
	out.head.Request = pmks.ClusterInfo{} // whose lists the run goes on using
	if err := s.value(rec.head.Request, &out.head.Request); err != nil {
		return nil, err
	}
	for _, l := range rec.lines {
		scrubbed, err := s.line(l)
		if err != nil {
			return nil, err
		}
		out.lines = append(out.lines, scrubbed)
	}
	return out, s.check(out)
}

// configured sorts the entries of a configuration into secrets and ids of the account,
// which it returns by their names.
func (s *scrubber) configured(config map[string]string) map[string]string {
	accounts := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(config)) { // the same numbers each time
		value := config[name]
		var file map[string]any
		switch lower := strings.ToLower(name); {
		case value == "":
		case json.Unmarshal([]byte(value), &file) == nil && file != nil: // the file of a service account
			s.addSecret(value)
			for _, key := range slices.Sorted(maps.Keys(file)) {
				text, ok := file[key].(string)
				switch {
				case !ok:
				case strings.HasPrefix(key, "private_key"):
					s.addSecret(text)
				case key == "client_email" || key == "client_id" || key == "project_id":
					s.addAccount(text)
				}
			}
		case strings.Contains(lower, "secret"), strings.Contains(lower, "password"), strings.Contains(lower, "key"), strings.Contains(lower, "token"),
			strings.Contains(lower, "json"), strings.Contains(lower, "certificate"):
			s.addSecret(value)
		default:
			s.addAccount(value)
			accounts[name] = value
		}
	}
	return accounts
}

func (s *scrubber) addSecret(secret string) {
	if strings.HasPrefix(secret, "-----BEGIN ") {
		// Its first line is that of certificates too, whose beginnings would be taken out.
		_, secret, _ = strings.Cut(secret, "\n")
		secret, _, _ = strings.Cut(secret, "-----END ")
	}
	if secret = strings.TrimSpace(secret); len(secret) >= 4 && !strings.Contains(secret, redact.Placeholder) && !slices.Contains(s.secrets, secret) {
		s.secrets = append(s.secrets, secret)
	}
}

// accountPatterns find the ids of accounts, tenants and people in a text.
var accountPatterns = []*regexp.Regexp{
	regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:(\d{12}):`),
	regexp.MustCompile(`acs:[a-z]+:[a-z0-9-]*:(\d{12,20}):`),
	regexp.MustCompile(`uin/(\d{6,20})`),
	regexp.MustCompile(`:a/([0-9a-f]{32})`),
	regexp.MustCompile(`projects/(\d{6,20})\b`),
	regexp.MustCompile(`\b(\d{6,20})-compute@`),
	regexp.MustCompile(`(?i)/subscriptions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`),
	regexp.MustCompile(`(?i)<(?:ownerId|account|userId|arn)>(\d{12})<`),
	regexp.MustCompile(`(?i)"(?:account|account_?id|owner_?id|owner|owner_?uin|uin|app_?id|user_?id|uid|tenant_?id|project_?id|subscription_?id|user_?uuid|ali_?uid|bss|created_?by|iam_?id|principal_?id|client_?id|object_?id)"\s*:\s*"?([0-9A-Za-z@._-]{6,64})"?`),
	regexp.MustCompile(`([A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)`),
}

// learn finds secrets and ids in an exchange.
func (s *scrubber) learn(x *exchange) {
	texts := append([]string{x.URL, x.Body, x.Reply.Body}, append(values(x.Header), values(x.Reply.Header)...)...)
	for _, text := range texts {
		if s.learned[text] { // polls are answered alike a hundred times
			continue
		}
		for _, pattern := range accountPatterns {
			for _, m := range pattern.FindAllStringSubmatch(text, -1) {
				if strings.ContainsAny(m[1], "0123456789@") { // not a word, such as "amazon"
					s.addAccount(m[1])
				}
			}
		}
	}
	for _, body := range []string{x.Body, x.Reply.Body} {
		var v any
		if !s.learned[body] && decode(body, &v) == nil {
			s.secretsIn("", v)
		}
	}
	for _, text := range texts {
		s.learned[text] = true
	}
}

// secretsIn remembers what credentials a tree of JSON holds, so that they are found where
// they stand elsewhere.
func (s *scrubber) secretsIn(key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if id, ok := member.(string); ok && k == "id" && secretKey(key) {
				s.addSecret(id) // a token of Keystone is an object with an id
			}
			s.secretsIn(k, member)
		}
	case []any:
		for _, element := range v {
			s.secretsIn(key, element)
		}
	case string:
		if len(v) >= 8 && secretKey(key) {
			s.addSecret(v)
		}
	}
}

// addAccount remembers an id, unless it is a word or a placeholder.
func (s *scrubber) addAccount(id string) {
	if len(id) < 6 || s.placeholders[id] != "" || slices.Contains([]string{"default", "system", "unknown", "global"}, strings.ToLower(id)) {
		return
	}
	s.placeholders[id] = placeholder(id, len(s.placeholders)+1)
}

var (
	digits = regexp.MustCompile(`^\d+$`)
	hexes  = regexp.MustCompile(`^[0-9a-f]+$`)
	uuids  = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// placeholder returns a text of the form of id.
func placeholder(id string, n int) string {
	number := fmt.Sprint(n)
	padded := func(first string, length int) string {
		return first + strings.Repeat("0", max(0, length-len(first)-len(number))) + number
	}
	switch name, domain, isMail := strings.Cut(id, "@"); {
	case isMail && strings.HasSuffix(domain, ".gserviceaccount.com"):
		return "account-" + number + "@" + domain
	case isMail:
		return "someone-" + number + "@example.com"
	case digits.MatchString(id):
		return padded("1", len(id))
	case uuids.MatchString(id):
		return "a0000000-0000-4000-8000-" + padded("", 12)
	case hexes.MatchString(id):
		return padded("a", len(id))
	default:
		return "account-" + padded("", max(3, min(len(name), 11)-8))
	}
}

// ready makes the replacer. Longer ids go first: one may be part of another.
func (s *scrubber) ready() {
	ids := make([]string, 0, len(s.placeholders))
	for id := range s.placeholders {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	var pairs []string
	for _, id := range ids {
		pairs = append(pairs, id, s.placeholders[id])
		if escaped := url.QueryEscape(id); escaped != id {
			pairs = append(pairs, escaped, url.QueryEscape(s.placeholders[id]))
		}
	}
	s.replacer = strings.NewReplacer(pairs...)
}

// line scrubs a line.
func (s *scrubber) line(l line) (out line, err error) {
	out.Step = s.text(l.Step)
	if l.Result != nil {
		r := *l.Result
		r.Error = s.text(r.Error)
		if len(r.Value) > 0 {
			r.Value = json.RawMessage(s.body("application/json", string(r.Value)))
		}
		out.Result = &r
	}
	if l.Found != nil {
		out.Found = &pmks.ClusterInfo{}
		err = s.value(*l.Found, out.Found)
	}
	if l.Exchange != nil {
		x := *l.Exchange
		x.URL = s.url(x.URL)
		x.Header, x.Reply.Header = s.headers(x.Header), s.headers(x.Reply.Header)
		x.Body = s.body(x.Header["content-type"], x.Body)
		x.Reply.Body = s.body(x.Reply.Header["content-type"], x.Reply.Body)
		x.Failed = s.text(x.Failed)
		out.Exchange = &x
	}
	return out, err
}

// value scrubs a value that has a form in JSON.
func (s *scrubber) value(in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(s.body("application/json", string(text))), out)
}

func (s *scrubber) headers(h map[string]string) map[string]string {
	if h == nil {
		return nil
	}
	out := map[string]string{}
	for name, v := range h {
		if strings.Contains(v, "://") && !strings.Contains(v, " ") {
			out[name] = s.url(v)
		} else {
			out[name] = s.text(v)
		}
	}
	return out
}

// text takes secrets and ids out of a text.
func (s *scrubber) text(text string) string {
	if text == "" {
		return ""
	}
	out, ok := s.done[text]
	if !ok {
		out = s.replacer.Replace(redact.Text(pemKey.ReplaceAllString(text, redact.Placeholder), s.secrets...))
		s.done[text] = out
	}
	return out
}

var pemKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----`)

// url scrubs a URL: the values of parameters that are credentials, and what text does.
func (s *scrubber) url(text string) string {
	base, query, ok := strings.Cut(text, "?")
	if ok {
		query = "?" + form(query)
	}
	return s.text(base + query)
}

// form redacts the parameters of a form that are credentials.
func form(text string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		if key, _, ok := strings.Cut(part, "="); ok && secretKey(key) {
			parts[i] = key + "=" + url.QueryEscape(redact.Placeholder)
		}
	}
	return strings.Join(parts, "&")
}

// body scrubs a body, by what it is.
func (s *scrubber) body(contentType, body string) string {
	key := contentType + "\n" + body
	out, ok := s.bodies[key]
	if !ok {
		out = s.freshBody(contentType, body)
		s.bodies[key] = out
	}
	return out
}

// freshBody scrubs a body that was not seen before.
func (s *scrubber) freshBody(contentType, body string) string {
	var v any
	switch {
	case body == "":
		return ""
	case !utf8.ValidString(body):
		return fmt.Sprintf("%s (%d bytes that are no text)", redact.Placeholder, len(body))
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded"):
		return s.text(form(body))
	case decode(body, &v) == nil:
		return s.text(encode(withoutSecrets("", v)))
	}
	return s.text(outline(elements.ReplaceAllStringFunc(body, func(element string) string {
		if m := elements.FindStringSubmatch(element); secretKey(m[1]) {
			return "<" + m[1] + ">" + redact.Placeholder + "<"
		}
		return element
	})))
}

var elements = regexp.MustCompile(`<([A-Za-z]+)>([^<]+)<`)

// decode and encode keep numbers as they are.
func decode(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("more than one value")
	}
	return nil
}

func encode(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// withoutSecrets is a tree of JSON without the values of secretKeys and those in
// kubeconfigs.
func withoutSecrets(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, member := range v {
			if _, ok := member.(string); ok && k == "id" && secretKey(key) {
				v[k] = redact.Placeholder
				continue
			}
			v[k] = withoutSecrets(k, member)
		}
	case []any:
		for i, element := range v {
			v[i] = withoutSecrets(key, element)
		}
	case string:
		if v != "" && secretKey(key) {
			return redact.Placeholder
		}
		return outline(v)
	}
	return v
}

// inKubeconfig are the lines of a kubeconfig that are credentials.
var inKubeconfig = regexp.MustCompile(`(?m)^(\s*(?:- )?"?(?:client-key-data|client-certificate-data|token|password|id-token|refresh-token|access-token|secret)"?:\s*).+$`)

// outline redacts the credentials in a text that is a kubeconfig, also one in base64, and
// keeps the rest. Other texts come back as they are.
func outline(text string) string {
	return inKubeconfigs(text, func(kubeconfig string) string {
		return inKubeconfig.ReplaceAllString(kubeconfig, "${1}"+`"`+redact.Placeholder+`"`)
	})
}

// inKubeconfigs changes a text that is a kubeconfig, also one in base64.
func inKubeconfigs(text string, change func(string) string) string {
	if strings.Contains(text, "clusters:") && strings.Contains(text, "contexts:") {
		return change(text)
	}
	if len(text) < 64 || strings.ContainsAny(text, " {<") {
		return text
	}
	if inner, err := base64.StdEncoding.DecodeString(text); err == nil {
		if out := inKubeconfigs(string(inner), change); out != string(inner) {
			return base64.StdEncoding.EncodeToString([]byte(out))
		}
	}
	return text
}

func values(m map[string]string) (list []string) {
	for _, v := range m {
		list = append(list, v)
	}
	return list
}

// check refuses a record that still shows what it must not, whatever the reason. It names
// no secret.
func (s *scrubber) check(rec *record) error {
	var b strings.Builder
	if err := rec.write(&b); err != nil {
		return err
	}
	text := b.String()
	for i, secret := range s.secrets {
		if strings.Contains(text, secret) {
			return fmt.Errorf("the record is not written: secret %d of %d still stands in it", i+1, len(s.secrets))
		}
	}
	for id := range s.placeholders {
		if strings.Contains(text, id) && !slices.ContainsFunc(values(s.placeholders), func(p string) bool { return strings.Contains(p, id) }) {
			return fmt.Errorf("the record is not written: an id of an account, of %d characters, still stands in it", len(id))
		}
	}
	return nil
}
