// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

// Keys of the shape that the vendors use. They open nothing.
const (
	openAIKey    = "sk-demo-shop-first-key"
	newOpenAIKey = "sk-demo-shop-second-key"
	resendKey    = "re_demo_shop_key"
	smtpPassword = "demo-shop-password"
	devSphereKey = "dvs_live_demo_shop_key"
	stripeKey    = "rk_live_demo_shop_key"
	// The app that is played checks signatures with it.
	signingSecret = providertest.ReceiverSecret
)

// patience bounds how long one step of the story may take.
const patience = time.Minute

// stage is what the story is told on.
type stage struct {
	env        *envtest.Environment
	folder     string // holds the binaries, the kubeconfig and the log
	kubeconfig string
	logFile    string
	simulator  string // its address
	log        *os.File
	processes  []*exec.Cmd
}

// setUp starts the API server, the simulator and the operator. What it started is in the stage, also
// where it failed.
func setUp(ctx context.Context) (*stage, error) {
	s := &stage{}
	folder, err := os.MkdirTemp("", "mainstay-demo-")
	if err != nil {
		return s, err
	}
	s.folder, s.kubeconfig, s.logFile = folder, filepath.Join(folder, "kubeconfig"), filepath.Join(folder, "operator.log")

	say("Build the operator, the kubectl plugin and the simulator of the vendors")
	build := exec.CommandContext(ctx, "go", "build", "-o", folder,
		"./cmd/manager", "./cmd/kubectl-mainstay", "./hack/simulator")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return s, fmt.Errorf("build: %w", err)
	}
	if err := os.Symlink(filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl"), filepath.Join(folder, "kubectl")); err != nil {
		return s, err
	}

	say("Start a real kube-apiserver and etcd, with Mainstay's CRDs")
	s.env = &envtest.Environment{CRDDirectoryPaths: []string{"config/crd/bases"}, ErrorIfCRDPathMissing: true}
	if _, err := s.env.Start(); err != nil {
		return s, fmt.Errorf("start the control plane (make demo sets KUBEBUILDER_ASSETS): %w", err)
	}
	if err := os.WriteFile(s.kubeconfig, s.env.KubeConfig, 0o600); err != nil {
		return s, err
	}
	return s, s.startProcesses()
}

// startProcesses starts the simulator, and the operator against it.
func (s *stage) startProcesses() error {
	var err error
	if s.log, err = os.Create(s.logFile); err != nil {
		return err
	}
	say("Start the simulator, and the operator as its own process")
	if s.simulator, err = freeAddress(); err != nil {
		return err
	}
	simulator := exec.Command(filepath.Join(s.folder, "simulator"), "-listen", s.simulator)
	output, err := simulator.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.start(simulator); err != nil {
		return err
	}
	args := []string{"--allow-http", "--allow-cidr=127.0.0.0/8", "--metrics-addr=0", "--health-addr=0", "--log-encoding=console"}
	endpoints, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the simulator did not start: %w", err)
	}
	args = append(args, strings.Fields(endpoints)...)
	operator := exec.Command(filepath.Join(s.folder, "manager"), args...)
	operator.Stdout, operator.Env = s.log, append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	return s.start(operator)
}

// freeAddress returns an address on loopback at which nothing listens.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func (s *stage) start(c *exec.Cmd) error {
	c.Stderr = s.log
	if err := c.Start(); err != nil {
		return err
	}
	s.processes = append(s.processes, c)
	return nil
}

func (s *stage) tearDown() {
	for i := len(s.processes) - 1; i >= 0; i-- {
		_ = s.processes[i].Process.Signal(os.Interrupt)
		_ = s.processes[i].Wait()
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	if s.env != nil {
		_ = s.env.Stop()
	}
	_ = os.RemoveAll(s.folder)
}

// kubectl runs a command as a user would, and shows both the command and what it prints.
func (s *stage) kubectl(ctx context.Context, args ...string) error {
	fmt.Println("  $ kubectl", short(args))
	return s.run(ctx, os.Stdout, args...)
}

// short leaves out of a command line what would not help to read it.
func short(args []string) string {
	line := strings.Join(args, " ")
	for _, key := range []string{openAIKey, newOpenAIKey, resendKey, smtpPassword, devSphereKey, stripeKey, signingSecret} {
		line = strings.ReplaceAll(line, key, "…")
	}
	if before, _, found := strings.Cut(line, "jsonpath="); found {
		line = before + "jsonpath=…"
	}
	return line
}

func (s *stage) run(ctx context.Context, out io.Writer, args ...string) error {
	c := exec.CommandContext(ctx, filepath.Join(s.folder, "kubectl"), args...)
	c.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig)
	var errs bytes.Buffer
	c.Stdout, c.Stderr = out, &errs
	if err := c.Run(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", short(args), err, errs.String())
	}
	return nil
}

func (s *stage) table(ctx context.Context) error {
	return s.kubectl(ctx, "get", "dependencies", "-A")
}

// expect waits until Healthy of an object has a reason, and shows it the moment it arrives.
func (s *stage) expect(ctx context.Context, object, namespace, reason string) error {
	began := time.Now()
	err := s.run(ctx, io.Discard, "wait", object, "-n", namespace, fmt.Sprintf("--timeout=%ds", int(patience.Seconds())),
		`--for=jsonpath={.status.conditions[?(@.type=="Healthy")].reason}=`+reason)
	if err != nil {
		_ = s.run(ctx, os.Stdout, "get", object, "-n", namespace, "-o", "yaml")
		return fmt.Errorf("%s in %s: expected reason %s: %w", object, namespace, reason, err)
	}
	fmt.Printf("  %-38s %-22s after %d ms\n", namespace+"/"+object, reason, time.Since(began).Milliseconds())
	return nil
}

// probeNow asks for a probe and waits for its echo.
func (s *stage) probeNow(ctx context.Context, object, namespace, request string) error {
	if err := s.kubectl(ctx, "annotate", object, "-n", namespace, "--overwrite", "mainstay.dev/requestedAt="+request); err != nil {
		return err
	}
	return s.run(ctx, io.Discard, "wait", object, "-n", namespace, "--timeout=60s",
		"--for=jsonpath={.status.lastHandledRequest}="+request)
}

// play switches the simulator.
func (s *stage) play(ctx context.Context, provider, name, key string) error {
	query := url.Values{"provider": {provider}, "case": {name}, "key": {key}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.simulator+"/play?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("simulator: %s", text)
	}
	return nil
}
