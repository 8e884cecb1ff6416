// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

// Command simulator plays every vendor that Mainstay knows over plain HTTP on loopback, a mail server over
// plain SMTP, and the name server of their domains, from the same recorded answers that the tests use, with a
// switch for each failure:
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
	"io"
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
	vendors := map[string]*providertest.Vendor{}
	mux := http.NewServeMux()
	for _, f := range fixtures {
		if known := vendors[f.Provider]; known != nil {
			known.Also(f)
			continue
		}
		vendors[f.Provider] = providertest.NewVendor(f)
		mux.Handle("/"+f.Provider+"/", http.StripPrefix("/"+f.Provider, vendors[f.Provider]))
		fmt.Printf("--endpoint=%s=http://%s/%s%s ", f.Provider, listener.Addr(), f.Provider, f.BasePath)
	}
	mail, err := startMail()
	if err != nil {
		return err
	}
	defer mail.close()
	fmt.Printf("--endpoint=%s=smtp://%s --dns-server=%s\n", mail.fixture.Provider, mail.server.Address, mail.names.Address)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		for _, f := range fixtures {
			list(w, f.Provider, slices.Sorted(maps.Keys(f.Cases)))
		}
		list(w, mail.fixture.Provider, slices.Sorted(maps.Keys(mail.fixture.Cases)))
	})
	mux.HandleFunc("POST /play", func(w http.ResponseWriter, r *http.Request) {
		err := mail.play(r)
		if r.FormValue("provider") != mail.fixture.Provider {
			err = play(fixtures, vendors, r)
		}
		if err != nil {
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

func list(w io.Writer, provider string, names []string) {
	for _, name := range names {
		_, _ = fmt.Fprintf(w, "provider=%s case=%s\n", provider, name)
	}
}

// play switches a vendor to a case, for one key or for everyone.
func play(fixtures []providertest.Fixture, vendors map[string]*providertest.Vendor, r *http.Request) error {
	provider, name, key := r.FormValue("provider"), r.FormValue("case"), r.FormValue("key")
	if vendors[provider] == nil {
		return fmt.Errorf("no provider %q", provider)
	}
	known := slices.ContainsFunc(fixtures, func(f providertest.Fixture) bool {
		_, found := f.Case(name)
		return found && f.Provider == provider
	})
	if !known {
		return fmt.Errorf("no case %q of provider %s; GET / lists them", name, provider)
	}
	if key != "" {
		vendors[provider].PlayFor(key, name)
	} else {
		vendors[provider].Play(name)
	}
	return nil
}
