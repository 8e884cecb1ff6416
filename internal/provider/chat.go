// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"errors"
	"fmt"
)

// The parameters that bound what a model may write through /chat/completions. OpenAI's newer models take the
// second alone. The first is the one that every compatible server understands: Ollama and Mistral know no
// other, and what a server does not know it passes over, which would leave the model without a bound.
const (
	maxTokens           = "max_tokens"
	maxCompletionTokens = "max_completion_tokens"
)

// chat is how a vendor is asked through /chat/completions, which many have taken over from OpenAI. limit is
// one of the parameters above.
func chat(limit string) completion {
	return completion{
		path: "/chat/completions",
		body: func(model string, tokens int) any {
			return map[string]any{"model": model, "messages": []chatMessage{{"user", prompt}}, limit: tokens}
		},
		read: readChat,
	}
}

// chatMessage is what is said to a model. Anthropic and Cohere take the same shape.
type chatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chatChoice is what is decoded of one answer of a model.
type chatChoice struct {
	Finish  string `json:"finish_reason"`
	Message struct {
		Content json.RawMessage `json:"content"`
		Refusal string          `json:"refusal"`
	} `json:"message"`
	// Error is OpenRouter's, for a model that failed while it was answering.
	Error json.RawMessage `json:"error"`
}

func readChat(body []byte) (s said, err error) {
	var answer struct {
		Choices json.RawMessage `json:"choices"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return said{}, fmt.Errorf("chat completion: %w", err)
	}
	var found, failed, unread bool
	err = each(answer.Choices, func(c chatChoice) {
		unread = unread || s.sayParts(c.Message.Content) != nil
		s.cut = s.cut || c.Finish == "length" || c.Finish == "model_length" // The second is Mistral's.
		s.blocked = s.blocked || c.Finish == "content_filter" || c.Message.Refusal != ""
		found, failed = true, failed || c.Finish == "error" || !absent(c.Error)
	})
	switch {
	case err != nil:
		return said{}, fmt.Errorf("chat completion: %w", err)
	case !found || unread:
		return said{}, errors.New("expected what a model said, found something else")
	case failed:
		return said{}, errors.New("expected what a model said, found that it failed")
	}
	return s, nil
}
