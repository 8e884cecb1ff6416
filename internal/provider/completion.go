// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"slices"
	"strings"

	"mainstay.dev/mainstay/internal/probe"
)

const (
	// firstBudget is how many tokens a completion may take at first. Less is refused: OpenAI's Responses API
	// takes 16 at least.
	firstBudget = 16
	// prompt is what models are asked.
	prompt = "Reply with the word OK"
)

// completion is how a vendor is asked for a completion, and how it answers.
type completion struct {
	// path is where to post; {name} in it stands for the model. baseURL is empty where it is the provider's.
	path, baseURL string
	// spelled is how the path spells a model that the spec names; nil for alike.
	spelled func(model string) string
	// body is what to post, as a value for JSON.
	body func(model string, tokens int) any
	// read takes an answer apart. It returns an error for what the vendor would not answer.
	read func(body []byte) (said, error)
}

// said is what is kept of a model's answer: whether there were words in it, whether it ran out of tokens, and
// whether a filter kept something back.
type said struct{ spoke, cut, blocked bool }

// say takes up a piece of what a model said.
func (s *said) say(text string) { s.spoke = s.spoke || strings.TrimSpace(text) != "" }

// sayParts takes up what a model said in the shape that most vendors have for it: a text, or a list of parts,
// of which others than text hold what the model thought or drew; null where it said nothing.
func (s *said) sayParts(content json.RawMessage) error {
	if len(content) > 0 && content[0] == '"' {
		var text string
		err := json.Unmarshal(content, &text)
		s.say(text)
		return err
	}
	return each(content, func(part textPart) {
		if part.Type == "text" {
			s.say(part.Text)
		}
	})
}

// textPart is what is decoded of one part of what a model said.
type textPart struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// step returns the step that asks for the completion. A model that reasons may use up its tokens before it
// says a word, so they are doubled as far as the spec allows.
func (c completion) step() Step {
	return Step{
		Path: c.path, BaseURL: c.baseURL, Spelled: c.spelled, OptIn: true, Refused: probe.CompletionFailed,
		When: func(w probe.Wants) bool { return completionOf(w).Model != "" },
		Each: func(w probe.Wants) []string { return []string{completionOf(w).Model} },
		Body: func(page *Page) string {
			body, _ := json.Marshal(c.body(page.Name, budget(page.Turn))) // A value of our own marshals.
			return string(body)
		},
		Read: func(page *Page) error {
			said, err := c.read(page.Body)
			if err != nil {
				return err
			}
			said.judge(page)
			return nil
		},
	}
}

// budget is how many tokens a completion may take after so many turns.
func budget(turn int) int { return firstBudget << turn }

func completionOf(w probe.Wants) probe.Completion {
	ai, _ := w.(probe.AIWants)
	return ai.Completion
}

func (s said) judge(page *Page) {
	switch {
	case s.blocked:
		page.Outcome.Fail(probe.OutputBlocked, page.Name)
	case s.spoke:
		page.Outcome.Set(probe.Working, probe.Pass())
		proveModel(page)
	case !s.cut:
		page.Outcome.Fail(probe.EmptyOutput, page.Name)
	case budget(page.Turn+1) <= completionOf(page.Wants).MaxTokens:
		page.Again = true
	default:
		page.Outcome.Set(probe.Working, probe.Finding{
			Result: probe.Undecided, Symptom: probe.ProbeBudgetTooSmall, Args: []string{page.Name},
		})
	}
}

// proveModel takes up what an answer proves of a model that no free request shows: that it exists and that the
// key may run it, which is all that the key is needed for.
func proveModel(page *Page) {
	authorized, provisioned := &page.Outcome[probe.Authorized], &page.Outcome[probe.Provisioned]
	var open []string
	switch {
	case provisioned.Symptom == probe.ModelNotVisible:
		open = provisioned.Args
	case authorized.Result == probe.Unprovable && provisioned.Result == probe.NotReached:
		open = page.Wants.Names()
	default:
		return
	}
	if authorized.Result == probe.Unprovable {
		*authorized = probe.Pass()
	}
	open = slices.DeleteFunc(slices.Clone(open), func(name string) bool { return name == page.Name })
	*provisioned = probe.Pass()
	if len(open) > 0 {
		*provisioned = probe.Finding{Result: probe.Unprovable, Symptom: probe.ModelNotVisible, Args: open}
	}
}
