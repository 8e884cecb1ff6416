// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"mainstay.dev/mainstay/controllers"
)

// shownDashboard is what a test looks at of the file that ships.
type shownDashboard struct {
	Panels []struct {
		ID      int `json:"id"`
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func readDashboard(t *testing.T) shownDashboard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "grafana", "mainstay.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d shownDashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// variables stand for what Grafana puts into queries.
var variables = strings.NewReplacer("$namespace", "shop", "$kind", "AIProvider", "$__rate_interval", "5m")

func TestTheDashboardAsksForWhatThereIs(t *testing.T) {
	var asked rules
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			knowsMetricsOf(t, fmt.Sprintf("panel %d", p.ID), target.Expr)
			asked.Groups = append(asked.Groups, group{fmt.Sprint("panel ", p.ID, len(asked.Groups)), []rule{{Record: "asked:panel", Expr: variables.Replace(target.Expr)}}})
		}
	}
	text, err := yaml.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, "promtool", "check", "rules", "--lint=none", write(t, "asked.yaml", string(text)))
}

// TestTheDashboardShowsEveryMetric fails for a metric that no panel is about.
func TestTheDashboardShowsEveryMetric(t *testing.T) {
	var asked strings.Builder
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			asked.WriteString(target.Expr + "\n")
		}
	}
	for _, f := range controllers.Families() {
		// The members of a set are for joins; its verdict is what a reader looks for.
		if !strings.Contains(asked.String(), f.Name) && f.Name != "mainstay_dependency_set_member" {
			t.Errorf("expected a panel that shows %s", f.Name)
		}
	}
}

func TestPanelsDoNotOverlap(t *testing.T) {
	taken, ids := map[[2]int]int{}, []int{}
	for _, p := range readDashboard(t).Panels {
		if slices.Contains(ids, p.ID) || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d: expected an id of its own and a place, found %+v", p.ID, p.GridPos)
		}
		ids = append(ids, p.ID)
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				cell := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other, found := taken[cell]; found {
					t.Errorf("panels %d and %d overlap", p.ID, other)
				}
				taken[cell] = p.ID
			}
		}
	}
}
