// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"math"
	"net/url"
	"slices"
	"time"
)

const (
	// DefaultShare is how many requests a minute go to one host with one credential where nothing is known
	// of its limit. The limit belongs to the application; the probes take a small part of it.
	DefaultShare = 6
	// hostPlaces is how many probes of one host are in flight at once.
	hostPlaces = 8
	// requestPause is the least time between two probes that owners asked for, with one credential.
	requestPause = 10 * time.Second
	// gathering is the part of the time in which a share grows by one request that a lane waits between two
	// rounds for others to take part in the next.
	gathering = 0.1
	// stretchStep is the step in which periods are stretched, so that a small change of what is asked for
	// changes no status.
	stretchStep = 1.5
	// incidentSize is how many credentials that had been accepted a host has to refuse within
	// incidentWindow for that to be the provider's fault. It is believed for incidentLength.
	incidentSize   = 3
	incidentWindow = 5 * time.Minute
	incidentLength = time.Hour
)

// lane is what all targets with one credential at one host share, and without one those of a namespace: the budget of requests, the waits that
// the host asked for, and the answers of a round. One probe of a lane is in flight at a time, and those
// that ask for the same take part in it.
type lane struct {
	key     laneKey
	host    *host
	members []*entry
	// taken says that a probe of the lane is in flight, or waits for a place for it. line are the members that
	// wait for its end, or for the lane to open: at opened, as of when the alarm was last set.
	taken  bool
	line   line
	alarm  alarm
	opened time.Time

	// share is how many requests a minute are ours: the least that a member states, or DefaultShare. tokens are
	// those that are left, as of refilled; a probe begins where there is one, and may then overdraw.
	share    float64
	stated   bool
	tokens   float64
	refilled time.Time
	// sent is when the last round ended that sent anything.
	sent time.Time
	// closedUntil is how long the host asked to wait, and requestsFrom when the next probe may begin that
	// an owner asked for.
	closedUntil, requestsFrom time.Time
	// stretch is the factor by which periods are longer than asked for, so that the share suffices; moved
	// says that what it depends on has changed.
	stretch float64
	moved   bool

	// guess says where a login with the credential counts as a guess; zero where it is none.
	guess guessKey
	// accepted is when the credential was last accepted, and refused when it was refused for the first time
	// after that; zero for never.
	accepted, refused time.Time
}

// laneKey names a lane. The host has its port. Where there is no credential each namespace has a lane of its own:
// who need not even know a key could else use up the share of everybody who asks that host without one.
type laneKey struct {
	host       string
	credential Fingerprint
	namespace  string
}

// host is what all lanes of one host share.
type host struct {
	name  string
	lanes map[*lane]struct{}
	// taken is how many of its places are, and line are those that wait for one.
	taken int
	line  line
}

func (m *entry) laneKey() laneKey {
	key := laneKey{host: m.target.host(), credential: m.target.Credential.Fingerprint()}
	if m.target.Credential.IsZero() {
		key.namespace = m.id.Namespace
	}
	return key
}

// host is where the target is, as host:port.
func (t Target) host() string {
	u, err := url.Parse(t.BaseURL)
	if err != nil || u.Host == "" {
		return t.BaseURL
	}
	return URLHostPort(u).String()
}

// join makes an entry a member of the lane of its target, and leaves the lane that it was in.
func (e *Engine) join(m *entry, now time.Time) {
	key := m.laneKey()
	if m.lane != nil && m.lane.key != key {
		e.leave(m)
	}
	l := e.lanes[key]
	if l == nil {
		h := e.hosts[key.host]
		if h == nil {
			h = &host{name: key.host, lanes: map[*lane]struct{}{}}
			e.hosts[key.host] = h
		}
		l = &lane{key: key, host: h, stretch: 1, share: DefaultShare}
		l.alarm = alarm{place: -1, lane: l}
		l.learns(m.target)
		l.tokens, l.refilled = l.share, now
		if m.verdict.Accepted != m.target.Login() {
			l.guess = m.guessKey()
		}
		h.lanes[l] = struct{}{}
		e.lanes[key] = l
	}
	l.learns(m.target)
	if m.lane == nil {
		m.lane, l.members = l, append(l.members, m)
	}
	l.moved = true
}

// leave takes an entry out of its lane. The lane stays until it is swept, and with it what it knows of the
// budget: a target that is made anew gains nothing.
func (e *Engine) leave(m *entry) {
	l := m.lane
	i := slices.Index(l.members, m)
	l.members = slices.Delete(l.members, i, i+1)
	l.moved = true // The sweep shows it, or an earlier probe: many leave at once where a Secret of many is changed.
	m.lane = nil
}

// learns takes up what a target states of the share. The least holds, whoever came first or last.
func (l *lane) learns(t Target) {
	if stated := t.RequestsPerMinute; stated > 0 && (!l.stated || stated < l.share) {
		l.share, l.stated = stated, true
	}
}

// sharedWithout says whether the lane has another member than m.
func (l *lane) sharedWithout(m *entry) bool {
	return slices.ContainsFunc(l.members, func(other *entry) bool { return other != m })
}

// idle says whether the lane can be forgotten.
func (l *lane) idle(now time.Time) bool {
	l.refill(now)
	return len(l.members) == 0 && !l.taken && l.tokens >= l.capacity() &&
		now.After(l.closedUntil) && now.After(l.requestsFrom)
}

// capacity is how many requests can be sent at once after a quiet time: those of a minute, and at least
// one.
func (l *lane) capacity() float64 { return max(l.share, 1) }

func (l *lane) refill(now time.Time) {
	if passed := now.Sub(l.refilled); passed > 0 {
		l.tokens = min(l.capacity(), l.tokens+l.share*passed.Minutes())
		l.refilled = now
	}
}

// opens returns when a probe of a lane may begin, as far as time decides it. Between two rounds of a lane
// that several share some time passes: objects that are made or changed one by one, as when the Secret of
// many is changed, would else use up the share with a round each, and the last of them wait the longer.
func (e *Engine) opens(l *lane, requested bool, now time.Time) time.Time {
	l.refill(now)
	at := l.closedUntil
	if g := e.guessesOf(l); g != nil {
		at = latest(at, g.opens(now))
	}
	if missing := 1 - l.tokens; missing > 1e-9 {
		wait := time.Duration(math.Ceil(missing / l.share * float64(time.Minute)))
		at = latest(at, now.Add(wait))
	}
	pause := time.Duration(gathering / l.share * float64(time.Minute))
	switch {
	case requested:
		at = latest(at, l.requestsFrom)
	case len(l.members) > 1 && !l.sent.IsZero() && pause > tick: // A share that lasts for any number needs none.
		at = latest(at, l.sent.Add(pause))
	}
	return at
}

// spend takes the requests of a probe off the budget. It says whether they were more than our share.
func (l *lane) spend(requests int, now time.Time) (overdrawn bool) {
	l.refill(now)
	l.tokens -= float64(requests)
	if requests > 0 {
		l.sent = now
	}
	return l.tokens < -1e-9
}

// recall takes up how far periods were stretched by the process before this one, which shown tells.
func (l *lane) recall(shown, period time.Duration) {
	if shown > period && l.stretch == 1 {
		steps := math.Round(math.Log(shown.Seconds()/period.Seconds()) / math.Log(stretchStep))
		l.stretch = math.Pow(stretchStep, steps)
	}
}

// restretch sets the factor by which the periods of a lane are longer than asked for, and tells the
// members where it changed. Each distinct request counts once, as often as the most eager member asks for
// it. Periods get no shorter before each member has shown what it asks for.
func (e *Engine) restretch(l *lane) {
	if !l.moved || len(l.members) == 0 {
		return
	}
	l.moved = false
	perMinute, known := map[uint64]float64{}, true
	l.share, l.stated = DefaultShare, false
	for _, m := range l.members {
		l.learns(m.target)
		known = known && m.known
		for _, request := range m.asked {
			perMinute[request] = max(perMinute[request], 1/max(m.target.Period, time.Second).Minutes())
		}
	}
	demand := 0.0
	for _, each := range perMinute {
		demand += each
	}
	factor := 1.0
	for factor*l.share < demand-1e-9 {
		factor *= stretchStep
	}
	if factor == l.stretch || factor < l.stretch && !known {
		return
	}
	l.stretch = factor
	for _, m := range l.members {
		e.showPeriod(m)
	}
}

// asks takes note of what a probe asked for. One that failed on its way asked for less than the next one may.
func (m *entry) asks(asked []uint64, found Outcome) {
	if len(asked) > 0 {
		m.first = asked[0]
	}
	cutShort := found[Provisioned].Result == NotReached && len(asked) < len(m.asked)
	if !cutShort && !slices.Equal(m.asked, asked) || !m.known {
		m.asked, m.known, m.lane.moved = asked, true, true
	}
}

// showPeriod puts the period of an entry into its verdict where it is not the one asked for.
func (e *Engine) showPeriod(m *entry) {
	shown := time.Duration(0)
	if m.lane.stretch > 1 {
		shown = m.period().Round(time.Second)
	}
	if m.verdict.EffectivePeriod != shown {
		m.verdict.EffectivePeriod = shown
		e.changed = append(e.changed, m.id)
	}
}

// notes takes down what an outcome says of the lane's credential.
func (l *lane) notes(o Outcome, had bool, now time.Time) {
	switch f := o[Authenticated]; {
	case f.Result == Passed:
		l.accepted, l.refused = now, time.Time{}
	case f.Symptom == KeyRejected && had && l.refused.IsZero():
		l.refused = now
	}
}

// incident says whether a host refuses so many credentials that it had accepted that the fault is its own:
// three or more within a few minutes, and more than it still accepts. Who really revokes keys revokes
// some of many.
func (h *host) incident(now time.Time) bool {
	var refusals []time.Time
	for l := range h.lanes {
		if !l.refused.IsZero() && now.Sub(l.refused) < incidentLength {
			refusals = append(refusals, l.refused)
		}
	}
	if len(refusals) < incidentSize {
		return false
	}
	slices.SortFunc(refusals, time.Time.Compare)
	together := false
	for i := incidentSize - 1; i < len(refusals); i++ {
		together = together || refusals[i].Sub(refusals[i-incidentSize+1]) <= incidentWindow
	}
	accepted := 0
	for l := range h.lanes {
		if l.accepted.After(refusals[0]) {
			accepted++
		}
	}
	return together && len(refusals) > accepted
}
