// SPDX-FileCopyrightText: The Mainstay Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/xml"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "mainstay.dev/mainstay/api/v1alpha1"
	"mainstay.dev/mainstay/cmd/kubectl-mainstay/plain"
)

// suite is a report in the form that CI systems show: one case for each object.
type suite struct {
	XMLName  xml.Name   `xml:"testsuite"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Cases    []testCase `xml:"testcase"`
}

type testCase struct {
	// Class is the namespace, which groups the cases.
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Failure *failure `xml:"failure,omitempty"`
}

type failure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// add adds a case, which fails where the condition that is required is not True.
func (s *suite) add(namespace, name string, required metav1.Condition) {
	c := testCase{Class: namespace, Name: name}
	s.Tests++
	if required.Status != metav1.ConditionTrue {
		s.Failures++
		c.Failure = &failure{
			Type: required.Reason, Message: fmt.Sprintf("%s is %s: %s", required.Type, required.Status, required.Reason), Text: plain.Text(required.Message),
		}
	}
	s.Cases = append(s.Cases, c)
}

func (c *check) printJUnit(findings []finding, sets []*v1alpha1.DependencySet) error {
	s := suite{Name: "mainstay"}
	for _, f := range findings {
		s.add(f.Object.GetNamespace(), f.Kind.Name+"/"+f.Object.GetName(), f.condition(c.require))
	}
	for _, set := range sets {
		s.add(set.Namespace, setKind+"/"+set.Name, setCondition(set, c.require))
	}
	text, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	_, err = fmt.Fprintf(c.out, "%s%s\n", xml.Header, text)
	return err
}
