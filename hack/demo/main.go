// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command demo tells Mainstay's story on a real API server: the operator runs as its own process against
// a simulator of the vendors, the samples are applied, something is broken, and mended again.
//
// It needs KUBEBUILDER_ASSETS, which `make demo` sets. With -once it ends after the story, and fails if
// any step did not show what it should.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

func main() {
	once := flag.Bool("once", false, "end after the story")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctrl.SetLogger(logr.Discard()) // The test environment's own log is no part of the story.
	if err := run(ctx, *once); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, once bool) error {
	s, err := setUp(ctx)
	defer s.tearDown()
	if err != nil {
		return err
	}
	if err := s.tell(ctx); err != nil {
		return err
	}
	if once {
		say("The end: every step showed what it should.")
		return nil
	}
	say("It stays up until Ctrl-C. In another terminal:")
	fmt.Printf("  export KUBECONFIG=%s\n", s.kubeconfig)
	fmt.Printf("  export PATH=%s:$PATH        # has kubectl and kubectl-mainstay\n", s.folder)
	fmt.Println("  kubectl get dependencies -A -o wide")
	fmt.Println("  kubectl describe -n blog emailprovider newsletter")
	fmt.Printf("  curl http://%s/              # lists what the simulator can play\n", s.simulator)
	fmt.Printf("  curl -X POST 'http://%s/play?provider=Resend&case=server-error'\n", s.simulator)
	fmt.Printf("The operator's log: %s\n", s.logFile)
	<-ctx.Done()
	return nil
}

// say prints what is about to happen.
func say(format string, args ...any) { fmt.Printf("\n▶ "+format+"\n", args...) }

// tell is the story.
func (s *stage) tell(ctx context.Context) error {
	say("A shop and a blog declare what they depend on")
	// Somebody made the key for the shop's reports without the scope that reads leads.
	if err := s.play(ctx, "DevSphere", "a scope is missing", devSphereKey); err != nil {
		return err
	}
	for _, args := range [][]string{
		{
			"apply", "-f", "config/samples/namespaces.yaml", "-f", "config/samples/shop.yaml", "-f", "config/samples/blog.yaml",
			"-f", "config/samples/publicapi-devsphere.yaml", "-f", "config/samples/emailprovider-smtp.yaml",
			"-f", "config/samples/stripeaccount-stripe.yaml", "-f", "config/samples/webhookendpoint-stripe.yaml",
			"-f", "config/samples/webhookendpoint-receiver.yaml",
		},
		{"create", "serviceaccount", "app", "-n", "shop"},
		{"apply", "-f", "config/samples/accesscheck-kubernetes.yaml"},
		{"create", "secret", "generic", "openai", "-n", "shop", "--from-literal=apiKey=" + openAIKey},
		{"create", "secret", "generic", "resend", "-n", "shop", "--from-literal=apiKey=" + resendKey},
		{"create", "secret", "generic", "resend", "-n", "blog", "--from-literal=apiKey=" + resendKey},
		{"create", "secret", "generic", "smtp", "-n", "shop", "--from-literal=username=shop", "--from-literal=password=" + smtpPassword},
		{"create", "secret", "generic", "devsphere", "-n", "shop", "--from-literal=apiKey=" + devSphereKey},
		{"create", "secret", "generic", "stripe", "-n", "shop", "--from-literal=apiKey=" + stripeKey},
		{"create", "secret", "generic", "stripe-webhook", "-n", "shop", "--from-literal=signingSecret=" + signingSecret},
	} {
		if err := s.kubectl(ctx, args...); err != nil {
			return err
		}
	}
	say("The verdicts arrive:")
	if err := s.expect(ctx, "aiprovider/assistant", "shop", "Passed"); err != nil {
		return err
	}
	for _, want := range [][3]string{
		{"aiprovider/search", "shop", "SecretNotFound"},
		{"emailprovider/transactional", "shop", "Passed"},
		{"emailprovider/receipts", "shop", "Passed"},
		{"publicapi/reporting", "shop", "InsufficientScope"},
		{"stripeaccount/checkout", "shop", "Passed"},
		{"webhookendpoint/invoices", "shop", "Passed"},
		{"accesscheck/app-permissions", "shop", "RoleForbidden"},
		{"webhookendpoint/invoices-receiver", "shop", "Passed"},
		{"emailprovider/newsletter", "blog", "DomainNotFound"},
		{"aiprovider/summaries", "blog", "NoAIProvider"},
	} {
		if err := s.expect(ctx, want[0], want[1], want[2]); err != nil {
			return err
		}
	}
	if err := s.table(ctx); err != nil {
		return err
	}
	return s.breakAndMend(ctx)
}

// breakAndMend revokes a key at the vendor, and then puts a new one into the Secret.
func (s *stage) breakAndMend(ctx context.Context) error {
	say("OpenAI revokes the shop's key. The annotation mainstay.dev/requestedAt asks for a probe now rather than\n" +
		"  in a minute. One refusal might be a mistake of theirs, so it takes three in a row, 10 s apart:")
	if err := s.play(ctx, "OpenAI", "unauthorized", openAIKey); err != nil {
		return err
	}
	if err := s.probeNow(ctx, "aiprovider/assistant", "shop", "demo"); err != nil {
		return err
	}
	if err := s.expect(ctx, "aiprovider/assistant", "shop", "APIKeyRevokedOrExpired"); err != nil {
		return err
	}
	say("What a developer reads, and what GitOps waits for:")
	err := s.kubectl(ctx, "get", "aiprovider/assistant", "-n", "shop", "-o",
		`jsonpath={range .status.conditions[*]}{.type}{"\t"}{.status}{"\t"}{.reason}{"\n"}{end}{"\n"}{.status.conditions[?(@.type=="Healthy")].message}{"\n"}`)
	if err != nil {
		return err
	}
	say("A new key goes into the Secret. Nothing else is touched, and nobody waits for a period:")
	err = s.kubectl(ctx, "patch", "secret", "openai", "-n", "shop", "--type=merge",
		"-p", `{"stringData":{"apiKey":"`+newOpenAIKey+`"}}`)
	if err != nil {
		return err
	}
	if err := s.expect(ctx, "aiprovider/assistant", "shop", "Passed"); err != nil {
		return err
	}
	if err := s.kubectl(ctx, "wait", "aiprovider/assistant", "-n", "shop", "--for=condition=Ready", "--timeout=60s"); err != nil {
		return err
	}
	if err := s.table(ctx); err != nil {
		return err
	}
	return s.kubectl(ctx, "events", "-n", "shop", "--for", "aiprovider/assistant")
}
