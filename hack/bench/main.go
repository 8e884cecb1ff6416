// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command bench measures what probing costs: the engine as the operator drives it, beside a bare loop that
// sends the same requests. The server, the engine and the loop are processes of their own, all of this
// program, so that each one's CPU time and memory are its own. With -start it measures how long the operator takes to
// start instead.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"time"
)

// load is one way to probe.
type load struct {
	Name    string
	Targets int
	Period  time.Duration
	// Hosts says that each target is at a host of its own, rather than all at one.
	Hosts bool
	// Slow is how long the server takes for an answer.
	Slow time.Duration
}

// The bare loops. The second and the third bear one more of the engine's limits each.
const (
	loop      = "loop"
	fewLoop   = "loop, 8 in flight"
	freshLoop = "loop, new connections"
)

// probers are those that a load is measured with. The engine has no more than 8 probes of one host in flight; and
// where there are more hosts than it keeps connections to, it makes one for each probe.
func (l load) probers() []string {
	const kept = 1024
	switch {
	case !l.Hosts:
		return []string{loop, fewLoop, "engine"}
	case l.Targets > kept:
		return []string{loop, freshLoop, "engine"}
	}
	return []string{loop, "engine"}
}

var loads = []load{
	{Name: "1,000 every 1 s, one host", Targets: 1000, Period: time.Second},
	{Name: "1,000 every 1 s, a host each", Targets: 1000, Period: time.Second, Hosts: true},
	{Name: "10,000 every 10 s, one host", Targets: 10000, Period: 10 * time.Second},
	{Name: "10,000 every 10 s, a host each", Targets: 10000, Period: 10 * time.Second, Hosts: true},
	{Name: "1,000 every 10 s, a host each, answers after 2 s", Targets: 1000, Period: 10 * time.Second, Hosts: true, Slow: 2 * time.Second},
}

// task is what a process of this program is told to do, as JSON in its first argument.
type task struct {
	// Prober is engine, server or one of the loops.
	Prober string
	Load   load
	// Server is the address and the certificate of the server.
	Server server
	Window time.Duration
}

// result is what a prober reports when it ends.
type result struct {
	// CPU is the CPU time for each probe in each window, Achieved the probes of all windows as part of those
	// asked for.
	CPU      []time.Duration
	Achieved float64
	// Connections is how many connections each probe took.
	Connections float64
	// Late is how much later than planned 99 of 100 probes began, at most.
	Late time.Duration
	// Reached is when the last target was first probed.
	Reached time.Duration
	// Memory is the resident memory in bytes, at the end of each window.
	Memory []int64
}

func main() {
	window := flag.Duration("window", 10*time.Second, "how long one of three measurements takes")
	only := flag.Int("load", 0, "number of the one load to measure; 0 for all")
	program := flag.String("start", "", "measure how long this operator takes to start instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *program != "":
		err = measureStart(ctx, *program)
	case flag.NArg() == 1:
		err = work(ctx, flag.Arg(0))
	default:
		err = compare(ctx, *window, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// work does one task.
func work(ctx context.Context, text string) error {
	var t task
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return err
	}
	switch t.Prober {
	case "server":
		return serve(ctx, t.Load.Slow)
	case "engine":
		return measure(ctx, t, runEngine)
	case loop, fewLoop, freshLoop:
		return measure(ctx, t, runLoop)
	}
	return fmt.Errorf("unknown prober %q", t.Prober)
}

// compare measures all loads and prints a table.
func compare(ctx context.Context, window time.Duration, only int) error {
	fmt.Printf("%d CPUs, %s/%s, %s; three windows of %s\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), window)
	fmt.Println("| load | prober | done/asked % | CPU-µs per probe: min, **median**, max | connections per probe | MB resident (of 1 target) | MB per 1,000 targets | late p99, ms | all reached after, s |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for i, l := range loads {
		if only != 0 && only != i+1 {
			continue
		}
		for _, prober := range l.probers() {
			one := l
			one.Targets = 1
			base, err := probe(ctx, prober, one, time.Second)
			if err != nil {
				return err
			}
			found, err := probe(ctx, prober, l, window)
			if err != nil {
				return err
			}
			row(l, prober, base, found)
		}
	}
	return nil
}

// row prints a line of the table.
func row(l load, prober string, base, found result) {
	slices.Sort(found.CPU)
	memory, alone := slices.Max(found.Memory), slices.Max(base.Memory)
	const mega = 1e6
	fmt.Printf("| %s | %s | %.0f | %d, **%d**, %d | %.2f | %.0f (%.0f) | %.1f | %d | %.1f |\n",
		l.Name, prober, 100*found.Achieved,
		found.CPU[0].Microseconds(), found.CPU[len(found.CPU)/2].Microseconds(), found.CPU[len(found.CPU)-1].Microseconds(),
		found.Connections, float64(memory)/mega, float64(alone)/mega,
		float64(memory-alone)/mega/float64(l.Targets-1)*1000, found.Late.Milliseconds(), found.Reached.Seconds())
}

// probe runs a prober against a server of its own.
func probe(ctx context.Context, prober string, l load, window time.Duration) (found result, err error) {
	var at server
	stop, err := spawn(ctx, task{Prober: "server", Load: l}, &at)
	if err != nil {
		return found, fmt.Errorf("server: %w", err)
	}
	defer func() { err = errors.Join(err, stop()) }()
	wait, err := spawn(ctx, task{Prober: prober, Load: l, Server: at, Window: window}, &found)
	if err != nil {
		return found, fmt.Errorf("%s: %w", prober, err)
	}
	return found, wait()
}

// spawn starts a process of this program and reads the line of JSON that it prints. What it returns ends the
// process.
func spawn(ctx context.Context, t task, answer any) (stop func() error, err error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self, string(text))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, answer)
	}
	stop = func() error {
		_ = c.Process.Signal(os.Interrupt)
		return c.Wait()
	}
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return stop, nil
}
