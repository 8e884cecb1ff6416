// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"cmp"
	"net"
	"regexp"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

var (
	// phrases are placeholders that stand for others.
	phrases = strings.NewReplacer(
		"{secret}", "Secret {secretName} ({secretKeys})",
		"{object}", "{kind} {name}",
	)
	placeholder = regexp.MustCompile(`\{(\w+)\}`)
	// optional is a part of a sentence that is left out where something that it names is not known.
	optional = regexp.MustCompile(`\[([^\]]*)\]`)
)

// message says what was seen, then what to do. It holds names from the spec and admitted tokens, and
// nothing that changes while the cause stays.
func message(standing probe.Standing, s Subject) string {
	if standing.Recalled != "" {
		return standing.Recalled
	}
	texts := []string{about(standing.Finding.Symptom, standing.Finding.Args, s)}
	for _, w := range standing.Finding.Also {
		texts = append(texts, about(w.Symptom, w.Args, s))
	}
	return strings.Join(texts, " ")
}

// about says so of one symptom.
func about(symptom probe.Symptom, args []string, s Subject) string {
	d := Of(symptom)
	text := s.Say(d.Seen+" "+d.Advice, args)
	if strings.HasPrefix(text, "the ") {
		return strings.ToUpper(text[:1]) + text[1:] // "the mail server" begins a sentence here, or "the host in Secret db".
	}
	return text
}

// Say fills the names of a subject and of a finding into sentences of the table.
func (s Subject) Say(sentences string, names []string) string {
	values := map[string]string{
		"provider":   s.Provider,
		"kind":       s.Kind,
		"name":       s.Name,
		"namespace":  s.Namespace,
		"secretName": s.SecretName,
		"secretKeys": keys(s.keysOf(names)),
		"credential": s.Credential,
		"host":       s.Host,
		"region":     s.Region,
		"hostname":   hostname(s.Host),
		"names":      enumerate(names),
	}
	if !s.GlobalKeys {
		values["keyRegion"] = s.Region
	}
	sentences = renewed(sentences, cmp.Or(s.Renewal, creation))
	if s.HostHidden {
		// A flag is copied as it stands, so who knows the host has to be told where to put it.
		sentences = strings.ReplaceAll(sentences, "={host}", "=HOST, where HOST is {host}")
	}
	fill := func(template string) string {
		return placeholder.ReplaceAllStringFunc(template, func(p string) string { return values[strings.Trim(p, "{}")] })
	}
	// Parts are left out before anything is filled in, since what is filled in may hold brackets.
	return fill(optional.ReplaceAllStringFunc(phrases.Replace(sentences), func(part string) string {
		for _, p := range placeholder.FindAllString(part, -1) {
			if fill(p) == "" {
				return ""
			}
		}
		return strings.Trim(part, "[]")
	}))
}

// creation is how one comes by a new credential at most providers.
const creation = "create a new one at {provider}"

// renewed says in sentences how one comes by a new credential.
func renewed(sentences, renewal string) string {
	return strings.NewReplacer("{renewal}", renewal, "{Renewal}", strings.ToUpper(renewal[:1])+renewal[1:]).Replace(sentences)
}

// keysOf are the keys of the Secret that a finding is about: those that it names, where it names such, else all.
func (s Subject) keysOf(names []string) []string {
	of := slices.DeleteFunc(slices.Clone(s.Keys), func(key string) bool { return !slices.Contains(names, key) })
	if len(of) == 0 || len(of) < len(names) {
		return s.Keys
	}
	return of
}

// keys names the keys of a Secret.
func keys(names []string) string {
	if len(names) == 1 {
		return "key " + names[0]
	}
	return "keys " + strings.Join(names, " and ")
}

// hostname is the host without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// maxNames is how long an enumeration may be, in bytes. A message has to fit into an event, which holds
// 1,024 bytes.
const maxNames = 400

// enumerate joins names, as far as there is room; the first is always in it.
func enumerate(names []string) string {
	text := ""
	for i, name := range names {
		if i > 0 && len(text)+len(name) > maxNames {
			return text + ", …"
		}
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}

// InGeneral returns a sentence of the table for no object in particular: show says how a placeholder
// looks, and optional parts are kept.
func InGeneral(sentence string, show func(placeholder string) string) string {
	sentence = phrases.Replace(renewed(sentence, creation))
	sentence = strings.NewReplacer("{secretKeys}", "key {secretKey}", "{keyRegion}", "{region}").Replace(sentence)
	sentence = optional.ReplaceAllString(sentence, "$1")
	return placeholder.ReplaceAllStringFunc(sentence, func(p string) string { return show(strings.Trim(p, "{}")) })
}
