// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

// The sizes of the model: as small as llama.cpp runs, with a token for each byte and a few words.
const (
	ggufWidth, ggufInner, ggufHeads, ggufContext = 64, 128, 4, 512
	ggufAlignment                                = 32
)

// The types of values that the model needs, of tokens, and of tensors.
const (
	ggufUint32, ggufInt32, ggufFloat32, ggufString, ggufArray = 4, 5, 6, 8, 9

	tokenWord, tokenUnknown, tokenControl, tokenByte = 1, 2, 3, 6

	tensorFloat32 = 0
)

// gguf writes the file format of llama.cpp, version 3.
type gguf struct{ bytes.Buffer }

// add adds numbers in the order of bytes that the format has. A buffer takes everything.
func (g *gguf) add(values ...any) {
	for _, v := range values {
		_ = binary.Write(g, binary.LittleEndian, v)
	}
}

func (g *gguf) text(s string) {
	g.add(uint64(len(s)))
	g.WriteString(s)
}

// entry adds one of the facts about the model.
func (g *gguf) entry(key string, value any) {
	g.text(key)
	switch v := value.(type) {
	case uint32:
		g.add(uint32(ggufUint32), v)
	case float32:
		g.add(uint32(ggufFloat32), v)
	case string:
		g.add(uint32(ggufString))
		g.text(v)
	case []string:
		g.add(uint32(ggufArray), uint32(ggufString), uint64(len(v)))
		for _, s := range v {
			g.text(s)
		}
	case []float32:
		g.add(uint32(ggufArray), uint32(ggufFloat32), uint64(len(v)), v)
	case []int32:
		g.add(uint32(ggufArray), uint32(ggufInt32), uint64(len(v)), v)
	}
}

func (g *gguf) align() {
	for g.Len()%ggufAlignment != 0 {
		g.WriteByte(0)
	}
}

// vocabulary is the tokens of the model, with their types and scores.
type vocabulary struct {
	tokens []string
	types  []int32
	scores []float32
}

func (v *vocabulary) add(kind int32, score float32, tokens ...string) {
	for _, token := range tokens {
		v.tokens, v.types, v.scores = append(v.tokens, token), append(v.types, kind), append(v.scores, score)
	}
}

func newVocabulary() (v vocabulary) {
	v.add(tokenUnknown, 0, "<unk>")
	v.add(tokenControl, 0, "<s>", "</s>")
	for i := range 256 {
		v.add(tokenByte, 0, fmt.Sprintf("<0x%02X>", i))
	}
	for i, word := range []string{"\u2581", "\u2581ok", "pong", "\u2581hello", "a", "e", "o", "t"} {
		v.add(tokenWord, -float32(i), word)
	}
	return v
}

// tensor is a name and a shape.
type tensor struct {
	name  string
	shape []uint64
}

// weights are what a tensor holds: noise, or ones where it is what a norm is multiplied with.
func (t tensor) weights(noise *rand.Rand) []float32 {
	size := uint64(1)
	for _, n := range t.shape {
		size *= n
	}
	weights := make([]float32, size)
	for i := range weights {
		if weights[i] = 1; len(t.shape) > 1 {
			weights[i] = float32(noise.NormFloat64() / 20)
		}
	}
	return weights
}

// tinyModel is a model of the shape of Llama, in one layer and 300 kB, whose words are noise.
func tinyModel(t *testing.T) []byte {
	t.Helper()
	words := newVocabulary()
	size := uint64(len(words.tokens))
	facts := []struct {
		key   string
		value any
	}{
		{"general.architecture", "llama"}, {"general.name", "tiny"}, {"general.file_type", uint32(tensorFloat32)},
		{"llama.context_length", uint32(ggufContext)}, {"llama.embedding_length", uint32(ggufWidth)}, {"llama.block_count", uint32(1)},
		{"llama.feed_forward_length", uint32(ggufInner)}, {"llama.attention.head_count", uint32(ggufHeads)},
		{"llama.attention.head_count_kv", uint32(ggufHeads)}, {"llama.attention.layer_norm_rms_epsilon", float32(1e-5)},
		{"llama.rope.dimension_count", uint32(ggufWidth / ggufHeads)}, {"llama.vocab_size", uint32(size)},
		{"tokenizer.ggml.model", "llama"}, {"tokenizer.ggml.tokens", words.tokens}, {"tokenizer.ggml.scores", words.scores},
		{"tokenizer.ggml.token_type", words.types}, {"tokenizer.ggml.unknown_token_id", uint32(0)},
		{"tokenizer.ggml.bos_token_id", uint32(1)}, {"tokenizer.ggml.eos_token_id", uint32(2)},
	}
	square := []uint64{ggufWidth, ggufWidth}
	tensors := []tensor{
		{"token_embd.weight", []uint64{ggufWidth, size}},
		{"blk.0.attn_norm.weight", []uint64{ggufWidth}}, {"blk.0.attn_q.weight", square}, {"blk.0.attn_k.weight", square},
		{"blk.0.attn_v.weight", square}, {"blk.0.attn_output.weight", square},
		{"blk.0.ffn_norm.weight", []uint64{ggufWidth}}, {"blk.0.ffn_gate.weight", []uint64{ggufWidth, ggufInner}},
		{"blk.0.ffn_up.weight", []uint64{ggufWidth, ggufInner}}, {"blk.0.ffn_down.weight", []uint64{ggufInner, ggufWidth}},
		{"output_norm.weight", []uint64{ggufWidth}}, {"output.weight", []uint64{ggufWidth, size}},
	}
	var file, data gguf
	file.WriteString("GGUF")
	file.add(uint32(3), uint64(len(tensors)), uint64(len(facts)))
	for _, fact := range facts {
		file.entry(fact.key, fact.value)
	}
	noise := rand.New(rand.NewPCG(1, 1))
	for _, tensor := range tensors {
		file.text(tensor.name)
		file.add(uint32(len(tensor.shape)), tensor.shape, uint32(tensorFloat32), uint64(data.Len()))
		data.add(tensor.weights(noise))
		data.align()
	}
	file.align()
	return append(file.Bytes(), data.Bytes()...)
}
