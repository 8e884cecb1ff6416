// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package realtest_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"mainstay.dev/mainstay/internal/probe"
)

// TestOllama probes a server that runs models, with one of a few hundred kilobytes whose words are noise.
// Without any model the server lists null.
func TestOllama(t *testing.T) {
	server := startOllama(t)
	asked := probe.AIWants{Models: []string{"tiny"}, Completion: probe.Completion{Model: "tiny", MaxTokens: 256}}
	outcome := func(provisioned, working string) map[string]string {
		return map[string]string{
			"Reachable": "Passed", "Authenticated": "NotApplicable", "Authorized": "NotApplicable",
			"Provisioned": provisioned, "Working": working,
		}
	}
	t.Run("no model is there, and none is asked for", func(t *testing.T) {
		expect(t, server.target(probe.AIWants{}), outcome("NotApplicable", "NotApplicable"))
	})
	t.Run("no model is there", func(t *testing.T) {
		expect(t, server.target(asked), outcome("Failed ModelNotAvailable tiny", "NotApplicable"))
	})
	server.create("tiny")
	t.Run("the model is listed as tiny:latest, has to be loaded, and answers", func(t *testing.T) {
		begin := time.Now()
		expect(t, server.target(asked), outcome("Passed", "Passed"))
		t.Logf("the first answer took %s", time.Since(begin))
	})
	t.Run("it answers once more, with a key that the server does not ask for", func(t *testing.T) {
		target := server.target(asked)
		target.Credential = probe.NewSecret("a key of nobody")
		want := outcome("Passed", "Passed")
		want["Authenticated"], want["Authorized"] = "Passed", "Passed"
		expect(t, target, want)
	})
	t.Run("one of two models is missing", func(t *testing.T) {
		wants := asked
		wants.Models = []string{"tiny:latest", "huge"}
		expect(t, server.target(wants), outcome("Failed ModelNotAvailable huge", "NotApplicable"))
	})
	t.Run("a model that is missing is asked for all the same", func(t *testing.T) {
		wants := probe.AIWants{Completion: probe.Completion{Model: "huge", MaxTokens: 16}}
		want := outcome("Failed ModelNotAvailable huge", "")
		delete(want, "Working") // It was asked, and did not come to it.
		expect(t, server.target(wants), want)
	})
}

// ollama is a server of Ollama with a folder of its own.
type ollama struct {
	place
	program, host string
}

// startOllama starts the program that MAINSTAY_OLLAMA names. To build it takes minutes and a C++ compiler, so
// no other test run asks for it.
func startOllama(t *testing.T) ollama {
	t.Helper()
	program := os.Getenv("MAINSTAY_OLLAMA")
	if program == "" {
		t.Skip("Ollama is probed by hand: make test-real builds and starts it")
	}
	o := ollama{place: newPlace(t), program: program}
	port := o.freePort()
	o.host = "127.0.0.1:" + port
	o.background(o.command("serve"))
	o.await("Ollama listens", func() bool { return answers(port) })
	return o
}

func (o ollama) command(args ...string) *exec.Cmd {
	c := exec.Command(o.program, args...)
	c.Dir = o.folder
	c.Env = append(os.Environ(), "OLLAMA_HOST="+o.host, "OLLAMA_MODELS="+o.path("models"), "HOME="+o.folder)
	return c
}

// create makes the tiny model known to the server.
func (o ollama) create(name string) {
	o.Helper()
	o.write("tiny.gguf", string(tinyModel(o.T)))
	o.write("Modelfile", "FROM ./tiny.gguf\nTEMPLATE \"\"\"{{ .Prompt }}\"\"\"\nPARAMETER num_ctx 256\n")
	if output, err := o.command("create", name, "-f", "Modelfile").CombinedOutput(); err != nil {
		o.Fatalf("create the model: %v\n%s", err, output)
	}
}

// target is the server as an AI provider that asks for no key.
func (o ollama) target(wants probe.AIWants) probe.Target {
	return probe.Target{
		Kind: "AIProvider", Provider: "OpenAICompatible", BaseURL: "http://" + o.host + "/v1", OwnHost: true,
		OptInDue: true, Wants: wants,
	}
}
