// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command simulator plays every vendor that Mainstay knows over plain HTTP on loopback, a mail server over
// plain SMTP, and the name server of their domains, from the same recorded answers that the tests use, and an app
// that takes webhooks; with a switch for each failure:
//
//	go run ./hack/simulator                                        play, and print the operator's flags in one line
//	curl 127.0.0.1:8500/                                           what can be played
//	curl -X POST '127.0.0.1:8500/play?provider=OpenAI&case=…'      play a case to everyone
//	curl -X POST '127.0.0.1:8500/play?provider=OpenAI&case=…&key=…' play a case to who sends this key
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"mainstay.dev/mainstay/internal/provider/providertest"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8500", "address to listen at")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string) error {
	fixtures, err := providertest.Load()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	mail, err := startMail()
	if err != nil {
		return err
	}
	defer mail.close()
	played := cast{fixtures: fixtures, vendors: map[string]*providertest.Vendor{}, others: map[string]actor{mail.fixture.Provider: mail}}
	mux := http.NewServeMux()
	place := func(name string, handler http.Handler) string {
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, handler))
		return fmt.Sprintf("--endpoint=%s=http://%s/%s", name, listener.Addr(), name)
	}
	for _, f := range fixtures {
		if known := played.vendors[f.Provider]; known != nil {
			known.Also(f)
			continue
		}
		played.vendors[f.Provider] = providertest.NewVendor(f)
		fmt.Print(place(f.Provider, played.vendors[f.Provider]), f.BasePath, " ")
	}
	receiver := newReceiver()
	played.others[receiverName] = receiver
	fmt.Print(place(receiverName, receiver), " ")
	fmt.Printf("--endpoint=%s=smtp://%s --dns-server=%s\n", mail.fixture.Provider, mail.server.Address, mail.names.Address)
	mux.HandleFunc("GET /{$}", played.list)
	mux.HandleFunc("POST /play", func(w http.ResponseWriter, r *http.Request) {
		if err := played.play(r.FormValue("provider"), r.FormValue("case"), r.FormValue("key")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// cast is all that is played.
type cast struct {
	fixtures []providertest.Fixture
	vendors  map[string]*providertest.Vendor
	others   map[string]actor
}

// actor is what is played that is no vendor over HTTP. It plays a case to everyone.
type actor interface {
	cases() []string
	play(name string) error
}

// list writes which cases can be played.
func (c cast) list(w http.ResponseWriter, _ *http.Request) {
	show := func(provider string, names []string) {
		for _, name := range names {
			_, _ = fmt.Fprintf(w, "provider=%s case=%s\n", provider, name)
		}
	}
	for _, f := range c.fixtures {
		show(f.Provider, slices.Sorted(maps.Keys(f.Cases)))
	}
	for _, provider := range slices.Sorted(maps.Keys(c.others)) {
		show(provider, c.others[provider].cases())
	}
}

// play switches a provider to a case, for one key or for everyone.
func (c cast) play(provider, name, key string) error {
	if other, is := c.others[provider]; is {
		return other.play(name)
	}
	if c.vendors[provider] == nil {
		return fmt.Errorf("no provider %q", provider)
	}
	known := slices.ContainsFunc(c.fixtures, func(f providertest.Fixture) bool {
		_, found := f.Case(name)
		return found && f.Provider == provider
	})
	if !known {
		return fmt.Errorf("no case %q of provider %s; GET / lists them", name, provider)
	}
	if key != "" {
		c.vendors[provider].PlayFor(key, name)
	} else {
		c.vendors[provider].Play(name)
	}
	return nil
}
