package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// A changelog is what CHANGELOG.md says of versions.
type changelog struct {
	sections []section // as they stand, the newest first
}

type section struct {
	name    string // Unreleased, or a version without the v
	date    string
	entries int
}

const unreleased = "Unreleased"

func readChangelog(root string) (changelog, error) {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	return parseChangelog(string(text)), err
}

// parseChangelog reads headings such as "## [0.1.0] - 2026-01-31" and counts the list items below.
func parseChangelog(text string) changelog {
	var c changelog
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			name, date, _ := strings.Cut(heading, " - ")
			c.sections = append(c.sections, section{name: strings.Trim(name, "[]"), date: date})
		} else if n := len(c.sections); n > 0 && strings.HasPrefix(line, "- ") {
			c.sections[n-1].entries++
		}
	}
	return c
}

// check holds the version of the source against the changelog. With changes under Unreleased it is
// the version that they will be released as, so one that follows the newest section; without any it
// is that of the newest section.
func (c changelog) check(version string) error {
	if !isVersion(version) {
		return fmt.Errorf("the version %q is not one of Semantic Versioning", version)
	}
	if len(c.sections) == 0 || c.sections[0].name != unreleased {
		return errors.New("the first section of the changelog is not [Unreleased]")
	}
	for i, s := range c.sections[1:] {
		if !isVersion(s.name) {
			return fmt.Errorf("the changelog's section %q is not named by a version", s.name)
		}
		if _, err := time.Parse(time.DateOnly, s.date); err != nil {
			return fmt.Errorf("the changelog's section %s has no date such as 2026-01-31", s.name)
		}
		if i > 0 && semver.Compare("v"+s.name, "v"+c.sections[i].name) >= 0 {
			return fmt.Errorf("the changelog's section %s stands below the older %s", s.name, c.sections[i].name)
		}
	}
	newest := ""
	if len(c.sections) > 1 {
		newest = c.sections[1].name
	}
	switch {
	case c.sections[0].entries == 0 && version != newest:
		return fmt.Errorf("the version is %s, and the changelog has nothing under [Unreleased] and no section %s on top", version, version)
	case c.sections[0].entries > 0 && newest != "" && !follows(version, newest):
		return fmt.Errorf("the changelog has changes since %s, and the version %s does not follow it", newest, version)
	}
	return nil
}

// checkRelease holds before the tags are made: the changes have got the heading of their version.
func (c changelog) checkRelease(version string) error {
	if len(c.sections) < 2 || c.sections[0].entries > 0 || c.sections[1].name != version {
		return fmt.Errorf("the changelog's changes under [Unreleased] are to move to a section [%s] with the date", version)
	}
	return nil
}

// isVersion asks for all three numbers, which semver.IsValid does not.
func isVersion(version string) bool { return semver.Canonical("v"+version) == "v"+version }

// follows reports whether version is the next patch, minor or major one after old. A pre-release of
// it counts as the version itself.
func follows(version, old string) bool {
	v := "v" + version
	next := strings.TrimSuffix(v, semver.Prerelease(v))
	var n [3]int
	release, _, _ := strings.Cut(old, "-")
	for i, part := range strings.SplitN(release, ".", 3) {
		n[i], _ = strconv.Atoi(part)
	}
	patch := fmt.Sprintf("v%d.%d.%d", n[0], n[1], n[2]+1)
	if semver.Prerelease("v"+old) != "" {
		patch = "v" + release
	}
	return semver.Compare(v, "v"+old) > 0 &&
		(next == patch || next == fmt.Sprintf("v%d.%d.0", n[0], n[1]+1) || next == fmt.Sprintf("v%d.0.0", n[0]+1))
}

// sourceVersion is the one place where the version stands.
func sourceVersion(root string) (string, error) {
	file := filepath.Join(root, "awsfed", "doc.go")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^const version = "([^"]*)"`).FindSubmatch(text)
	if found == nil {
		return "", errors.New(file + " has no const version")
	}
	return string(found[1]), nil
}
