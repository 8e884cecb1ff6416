// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mainstay.dev/mainstay/internal/probe"
)

// login has a mail server, or another, asked with a user's password.
func (w *world) login(d dependency, edit ...func(*probe.Target)) {
	target := d.target()
	target.BaseURL, target.TLS = "smtp://"+d.host, probe.STARTTLS
	for _, change := range edit {
		change(&target)
	}
	next := fresh(d.namespace + d.name)
	if v, known := w.Verdict(d.id()); known {
		next.Key = v.Key
		next.Key.Secret.ResourceVersion += "'"
	}
	w.Set(d.id(), target, next)
}

// refuseLogins has a server refuse all passwords but one.
func refuseLogins(_ context.Context, r probe.Request) probe.Answer {
	if r.Credential.Fingerprint() == probe.NewSecret("right").Fingerprint() {
		return status(200)
	}
	return status(401)
}

func TestPasswordsAreNotGuessed(t *testing.T) {
	rotate := func(edit func(i int, t *probe.Target)) func(*world) {
		return func(w *world) {
			for i := range 590 {
				w.at(time.Duration(i) * second)
				w.login(dependency{namespace: "evil", name: "rotating", host: "mail.one.com", key: fmt.Sprint("guess", i)},
					func(t *probe.Target) { edit(i, t) })
			}
		}
	}
	for name, c := range map[string]struct {
		story  func(*world)
		answer func(context.Context, probe.Request) probe.Answer
	}{
		"with a Secret that changes": {story: rotate(func(int, *probe.Target) {})},
		"with names of its own for a server whose certificate nobody checks": {story: rotate(func(i int, t *probe.Target) {
			t.BaseURL, t.TLS = fmt.Sprintf("postgres://db%d.evil.com", i), probe.AnyCertificate
		})},
		"with changes that are faster than the answers": {
			story: rotate(func(int, *probe.Target) {}),
			answer: func(ctx context.Context, _ probe.Request) probe.Answer {
				<-ctx.Done()
				return probe.Answer{Fault: probe.ProbeFailed, Connected: true}
			},
		},
		"with no patience for a server that is slow to refuse": {
			story: func(w *world) {
				for i := range 290 {
					w.at(time.Duration(2*i) * second)
					w.login(dependency{namespace: "evil", name: "hasty", host: "mail.one.com", key: fmt.Sprint("guess", i)},
						func(t *probe.Target) { t.Timeout = second })
				}
			},
			answer: func(ctx context.Context, _ probe.Request) probe.Answer {
				<-ctx.Done()
				return probe.Answer{Fault: probe.TimedOut, Connected: true}
			},
		},
		"with many objects": {story: func(w *world) {
			for i := range 50 {
				w.login(dependency{namespace: "evil", name: fmt.Sprint(i), host: "mail.one.com", key: fmt.Sprint("guess", i), period: time.Hour})
			}
		}},
		"with objects that are removed": {story: func(w *world) {
			for i := range 590 {
				d := dependency{namespace: "evil", name: "new", host: "mail.one.com", key: fmt.Sprint("guess", i)}
				w.at(time.Duration(i) * second)
				w.login(d)
				w.at(time.Duration(i)*second + second/2)
				w.Remove(d.id())
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				if v.play(refuseLogins); c.answer != nil {
					v.play(c.answer)
				}
				c.story(w)
				w.at(599 * second)
				tried := v.times("")
				for i, at := range tried {
					if i >= 3 && at-tried[i-3] < 5*time.Minute {
						t.Errorf("expected three passwords in five minutes, found them tried at %v", tried[:i+1])
						break
					}
				}
				if len(tried) < 6 {
					t.Errorf("expected the others to be tried once the pause is over, found %v", tried)
				}
			})
		})
	}
}

func TestWhoMendsAPasswordIsProbedAtOnce(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(refuseLogins)
		mail := dependency{namespace: "shop", name: "mail", host: "mail.one.com"}
		var want []time.Duration
		for i, key := range []string{"wrong", "worse", "right"} {
			now := time.Duration(i*7) * second
			w.at(now)
			w.login(with(mail, func(d *dependency) { d.key = key }))
			want = append(want, now)
		}
		w.at(25 * second)
		if diff := cmp.Diff(want, v.times("")); diff != "" {
			t.Errorf("expected a login with each password at once (-want +found):\n%s", diff)
		}
		if got := w.symptom(mail, probe.Authenticated); got != (probe.Symptom{}) {
			t.Errorf("expected the login to be accepted, found %v", got)
		}
	})
}

// TestOnlyWhoGuessesWaits has a namespace at its limit, and logins that have nothing to do with that.
func TestOnlyWhoGuessesWaits(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(refuseLogins)
		known := dependency{namespace: "evil", name: "known", host: "mail.one.com", key: "right"}
		w.login(known)
		w.at(1 * second)
		for i := range 10 {
			w.login(dependency{namespace: "evil", name: fmt.Sprint(i), host: "mail.one.com", key: fmt.Sprint("wrong", i)})
		}
		w.at(2 * second)
		w.login(dependency{namespace: "shop", name: "mail", host: "mail.one.com", key: "theirs"})
		w.login(dependency{namespace: "evil", name: "other", host: "mail.two.com", key: "other"})
		w.have(dependency{namespace: "evil", name: "web", host: "mail.one.com", key: "web"})
		w.at(130 * second)
		count := map[string]int{}
		for _, a := range v.requests("") {
			for _, key := range []string{"right", "theirs", "other", "web"} {
				if a.by == probe.NewSecret(key).Fingerprint() {
					count[key]++
				}
			}
		}
		want := map[string]int{"right": 3, "theirs": count["other"], "other": count["web"], "web": count["web"]}
		if diff := cmp.Diff(want, count); diff != "" || count["web"] < 3 {
			t.Errorf("expected all others to keep their rhythm, found %v", count)
		}
	})
}

func TestNewPasswordsThatAreRightWaitForSecondsAtMost(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(second / 5)
			return status(200)
		})
		for i := range 30 {
			w.login(dependency{namespace: "shop", name: fmt.Sprint(i), host: "mail.one.com", key: fmt.Sprint("k", i)})
		}
		w.at(12 * second)
		if n := len(v.requests("")); n != 30 {
			t.Errorf("expected all to be tried, a few at a time, found %d in 12 s", n)
		}
	})
}

// TestAPasswordThatWasAcceptedBeforeARestartIsNoGuess has many objects that an earlier process saw logged in.
func TestAPasswordThatWasAcceptedBeforeARestartIsNoGuess(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(5 * second)
			return status(200)
		})
		for i := range 8 {
			d := dependency{namespace: "shop", name: fmt.Sprint(i), host: "mail.one.com", key: fmt.Sprint("k", i)}
			target := d.target()
			target.BaseURL, target.TLS = "smtp://"+d.host, probe.STARTTLS
			standing := fresh(d.name)
			standing.Accepted = target.Login()
			w.Set(d.id(), target, standing)
		}
		w.at(1 * second)
		if got := w.Stats().InFlight; got != 8 {
			t.Errorf("expected all places of the host to be used, found %d", got)
		}
	})
}
