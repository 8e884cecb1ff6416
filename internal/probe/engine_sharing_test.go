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

func TestIdenticalRequestsAreSentOnce(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		for i := range 20 {
			w.have(with(shop, func(d *dependency) { d.name = fmt.Sprint(i) }), with(blog, func(d *dependency) { d.name = fmt.Sprint(i) }))
		}
		w.at(2 * second)
		// The first may have gone alone, since nobody knew of the others.
		if n := len(v.requests("")); n > 2 {
			t.Errorf("expected one request for all that were there and one for the first, found %d", n)
		}
		for i := range 20 {
			if !w.verdict(with(blog, func(d *dependency) { d.name = fmt.Sprint(i) }).id()).Probed {
				t.Errorf("summaries %d: expected a verdict", i)
			}
		}
		before := len(v.requests(""))
		w.at(601 * second)
		if n := len(v.requests("")) - before; n != 10 {
			t.Errorf("expected one request a minute for 40 objects, found %d in ten minutes", n)
		}
	})
}

// TestWhoComesOneByOneIsServedTogether has many objects that are made within seconds, and a vendor that answers
// faster than they come.
func TestWhoComesOneByOneIsServedTogether(t *testing.T) {
	const objects, apart = 40, 50 * time.Millisecond
	nth := func(i int) dependency {
		return with(shop, func(d *dependency) { d.name = fmt.Sprint(i) })
	}
	for name, c := range map[string]struct {
		begin func(*world)
		come  func(*world, int)
	}{
		"where they are new": {come: func(w *world, i int) { w.have(nth(i)) }},
		"where the Secret of all was changed": {
			begin: func(w *world) {
				for i := range objects {
					w.have(nth(i))
				}
			},
			come: func(w *world, i int) {
				changed := with(nth(i), func(d *dependency) { d.key = "k2" })
				verdict := fresh("shop" + changed.name)
				verdict.Key.Secret.ResourceVersion = "2"
				w.Set(changed.id(), changed.target(), verdict)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				if c.begin != nil {
					c.begin(w)
				}
				w.at(10 * second)
				before := len(v.requests(""))
				for i := range objects {
					w.at(10*second + time.Duration(i)*apart)
					c.come(w, i)
				}
				w.at(10*second + objects*apart + second)
				if n := len(v.requests("")) - before; n > 4 {
					t.Errorf("expected one request for the first and one a second for those who came meanwhile, found %d", n)
				}
				for i := range objects {
					if !w.verdict(nth(i).id()).Probed {
						t.Errorf("%d: expected a verdict within a second", i)
					}
				}
			})
		})
	}
}

// TestWhoIsAloneWaitsForNobody holds that the time in which others may come is for those alone who have others.
func TestWhoIsAloneWaitsForNobody(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop)
		w.at(10 * second)
		first := edited(w.verdict(shop.id()))
		w.Set(shop.id(), shop.target(), first)
		w.at(10*second + 1)
		w.Set(shop.id(), shop.target(), edited(first))
		w.at(10*second + 2)
		if !w.verdict(shop.id()).Probed || len(v.requests("")) != 3 {
			t.Errorf("expected a probe at once for each edit, found requests at %v", v.times(""))
		}
	})
}

func TestObjectsThatBeganApartFallIntoOneRhythm(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop)
		w.at(25 * second)
		w.have(blog)
		w.at(30 * second)
		want := []time.Duration{0, 25 * second}
		if diff := cmp.Diff(want, v.times("")); diff != "" {
			t.Fatalf("requests at first (-want +found):\n%s", diff)
		}
		w.at(10 * time.Minute)
		if n := len(v.requests("")); n < 10 || n > 12 {
			t.Errorf("expected about one request a minute, found %v", v.times(""))
		}
		for _, o := range w.counted()[4:] {
			if o.Shared && (o.Lag != 0 || o.Duration != 0) {
				t.Errorf("expected no figures of a probe that sent nothing, found %+v", o)
			}
		}
	})
}

func TestEachIsJudgedByItsOwnSpec(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(_ context.Context, r probe.Request) probe.Answer {
			if r.URL == "https://api.one.com/gpt-9" {
				return status(404)
			}
			return status(200)
		})
		wants := with(blog, func(d *dependency) { d.models = []string{"gpt-9"} })
		w.have(shop, wants)
		w.at(2 * second)
		if w.symptom(wants, probe.Provisioned) != probe.ModelNotAvailable || w.symptom(shop, probe.Provisioned) != (probe.Symptom{}) {
			t.Errorf("expected the missing model to be one object's alone, found %v and %v",
				w.symptom(wants, probe.Provisioned), w.symptom(shop, probe.Provisioned))
		}
		if n := len(v.requests("gpt-9")); n != 1 {
			t.Errorf("expected who asks for more to send it itself, found %d requests", n)
		}
	})
}

func TestOneAnswerCountsOnce(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop, blog)
		w.at(30 * second)
		v.play(always(status(500)))
		w.at(61 * second)
		for _, d := range []dependency{shop, blog} {
			if bad := w.verdict(d.id()).Stages[probe.Reachable].Bad; bad != 1 {
				t.Errorf("%s: expected one answer to be counted once, found %d", d.name, bad)
			}
		}
		w.at(82 * second)
		for _, d := range []dependency{shop, blog} {
			if s := w.verdict(d.id()).Stages[probe.Reachable]; s.Bad != 3 || !s.Firm {
				t.Errorf("%s: expected three answers 10 s apart to be believed, found %+v", d.name, s)
			}
		}
		if diff := cmp.Diff([]time.Duration{60 * second, 70 * second, 80 * second}, v.times("")[len(v.times(""))-3:]); diff != "" {
			t.Errorf("requests (-want +found):\n%s", diff)
		}
	})
}

func TestWhatIsNotTheSameIsNotShared(t *testing.T) {
	for name, other := range map[string]dependency{
		"another credential": with(blog, func(d *dependency) { d.key = "k2" }),
		"another host":       with(blog, func(d *dependency) { d.host = "api.two.com" }),
		"another path":       with(blog, func(d *dependency) { d.host += "/v2" }),
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				w.have(shop, other)
				w.at(1 * second)
				if n := len(v.requests("")); n != 2 {
					t.Errorf("expected a request each, found %d", n)
				}
			})
		})
	}
}

func TestWhoIsMorePatientIsNotToldOfATimeout(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		v.play(func(ctx context.Context, _ probe.Request) probe.Answer {
			select {
			case <-ctx.Done():
				return probe.Answer{Fault: probe.TimedOut, Connected: true}
			case <-time.After(5 * second):
				return status(200)
			}
		})
		hasty := shop.target()
		hasty.Timeout = 2 * second
		w.Set(shop.id(), hasty, fresh("hasty"))
		w.have(blog)
		w.at(30 * second)
		if got := w.symptom(shop, probe.Reachable); got != probe.TimedOut {
			t.Errorf("expected 2 s not to suffice, found %v", got)
		}
		if got := w.verdict(blog.id()); !got.Probed || w.symptom(blog, probe.Reachable) != (probe.Symptom{}) {
			t.Errorf("expected 10 s to suffice, found %+v", got.Stages[probe.Reachable])
		}
	})
}

func TestASharedProbeGoesOnForTheOthers(t *testing.T) {
	for name, part := range map[string]func(*world){
		"when its target is removed": func(w *world) { w.Remove(shop.id()) },
		"when its target is edited":  func(w *world) { w.Set(shop.id(), shop.target(), edited(fresh("shopassistant"))) },
	} {
		t.Run(name, func(t *testing.T) {
			amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
				w.have(shop, blog)
				w.at(1 * second)
				v.play(func(ctx context.Context, _ probe.Request) probe.Answer {
					select {
					case <-ctx.Done():
						return probe.Answer{Fault: probe.TimedOut}
					case <-time.After(5 * second):
						return status(200)
					}
				})
				w.at(61 * second)
				before := len(v.requests(""))
				part(w)
				w.at(65*second + 1)
				if got := w.verdict(blog.id()); got.At.Sub(w.epoch) < 60*second {
					t.Errorf("expected the answer to serve the other object, last heard of after %s", got.At.Sub(w.epoch))
				}
				if n := len(v.requests("")) - before; n > 1 {
					t.Errorf("expected no more than the request of the edited target, found %d", n)
				}
			})
		})
	}
}

func TestAnAnswerFromBeforeAnEditSaysNothingOfIt(t *testing.T) {
	amongVendors(t, probe.Options{}, func(w *world, v *vendor) {
		w.have(shop, blog)
		w.at(1 * second)
		v.play(func(context.Context, probe.Request) probe.Answer {
			time.Sleep(5 * second)
			return status(200)
		})
		w.at(61 * second) // A round is under way since 60 s.
		w.request(blog, "now")
		w.at(66 * second)
		if got := w.verdict(blog.id()); got.Probed {
			t.Error("expected that what was asked for before the request does not serve it")
		}
		w.at(72 * second)
		if !w.verdict(blog.id()).Probed {
			t.Error("expected a probe of its own")
		}
	})
}
