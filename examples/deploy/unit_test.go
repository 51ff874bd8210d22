package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A setting is a line of a unit of systemd.
type setting struct{ section, name, value string }

// directives are those that the units use, by their section, as systemd.unit(5),
// systemd.service(5), systemd.exec(5), systemd.kill(5) and systemd.resource-control(5) have them.
func directives() map[string][]string {
	return map[string][]string{
		"Unit":    {"Description", "Documentation", "Wants", "After", "StartLimitIntervalSec"},
		"Install": {"WantedBy"},
		"Service": {
			"Type", "NotifyAccess", "ExecStart", "Restart", "RestartSec", "TimeoutStopSec",
			"Environment", "UnsetEnvironment", "MemoryMax", "DynamicUser", "UMask",
			"CapabilityBoundingSet", "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
			"ProtectProc", "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs",
			"ProtectKernelModules", "ProtectKernelTunables", "LockPersonality", "MemoryDenyWriteExecute",
			"RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
			"SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber",
		},
	}
}

// parseUnit reads a unit, more strictly than systemd, which warns of what it does not know and goes
// on.
func parseUnit(text string) ([]setting, error) {
	var settings []setting
	var faults []error
	section := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		switch name, value, assigned := strings.Cut(line, "="); {
		case line == "" || strings.HasPrefix(line, "#"):
		case line != strings.TrimSpace(line) || strings.HasSuffix(line, `\`):
			faults = append(faults, fmt.Errorf("line %d has blanks around it, or goes on", number))
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
			if directives()[section] == nil {
				faults = append(faults, fmt.Errorf("line %d: the section %q", number, section))
			}
		case !assigned:
			faults = append(faults, fmt.Errorf("line %d has no =", number))
		case !slices.Contains(directives()[section], name):
			faults = append(faults, fmt.Errorf("line %d: section %q has no %q", number, section, name))
		case value == "" && name != "CapabilityBoundingSet":
			faults = append(faults, fmt.Errorf("line %d: %s is empty", number, name))
		case value != strings.TrimSpace(value):
			faults = append(faults, fmt.Errorf("line %d: blanks around the value of %s", number, name))
		default:
			settings = append(settings, setting{section, name, value})
		}
	}
	return settings, errors.Join(faults...)
}

func unitKeys(text string) ([]key, error) {
	var keys []key
	number := 0
	for line := range strings.Lines(text) {
		number++
		if name, ok := strings.CutPrefix(line, "["); ok {
			keys = append(keys, key{strings.TrimSuffix(name, "]\n"), number, 2})
		} else if name, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			keys = append(keys, key{name, number, 1})
		}
	}
	return keys, nil
}

// unitEnvironment gives the variables of a unit, none of which is quoted.
func unitEnvironment(settings []setting) map[string]string {
	env := make(map[string]string)
	for _, s := range settings {
		if s.name == "Environment" {
			name, value, _ := strings.Cut(s.value, "=")
			env[name] = value
		}
	}
	return env
}

func checkService(text string) error {
	settings, err := parseUnit(text)
	if err != nil {
		return err
	}
	var faults []error
	for _, want := range []setting{
		{"Service", "Type", "notify"},
		{"Service", "NotifyAccess", "main"},
		{"Service", "DynamicUser", "yes"},
		{"Service", "MemoryMax", "64M"},
		{"Service", "CapabilityBoundingSet", ""},
		{"Install", "WantedBy", "multi-user.target"},
	} {
		if !slices.Contains(settings, want) {
			faults = append(faults, fmt.Errorf("%s is not %q", want.name, want.value))
		}
	}
	for _, s := range settings {
		if s.name == "ExecStart" {
			faults = append(faults, checkCommandLine(strings.Fields(s.value)...))
		}
	}
	env := unitEnvironment(settings)
	if env["AWSFED_ALLOW_UID"] == "" {
		faults = append(faults, errors.New("nobody is allowed: the user of awsfed is its own alone"))
	}
	return errors.Join(append(faults, checkServerEnvironment("serve", env, "GOMEMLIMIT"))...)
}

func checkDropIn(text string) error {
	settings, err := parseUnit(text)
	if err != nil {
		return err
	}
	var faults []error
	for _, want := range []setting{
		{"Unit", "Wants", "awsfed.service"},
		{"Unit", "After", "awsfed.service"},
		{"Service", "UnsetEnvironment", "GOOGLE_APPLICATION_CREDENTIALS"},
	} {
		if !slices.Contains(settings, want) {
			faults = append(faults, fmt.Errorf("%s is not %q", want.name, want.value))
		}
	}
	return errors.Join(append(faults, checkClientEnvironment(unitEnvironment(settings), "127.0.0.1:8988"))...)
}

// systemd's own word on the units, which goes further than the names.
func TestSystemdHasNothingToSayAgainstTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), mode))
		return file
	}
	program := write("awsfed", "#!/bin/sh\n", 0o755) // it has to be there
	verify := func(service string) string {
		cmd := exec.CommandContext(t.Context(), analyze, "verify", "--man=no",
			write("awsfed.service", strings.ReplaceAll(service, "/usr/local/bin/awsfed", program), 0o644),
			write("app.service", "[Service]\nExecStart="+program+"\n", 0o644))
		printed, err := cmd.CombinedOutput()
		assert.NoError(t, err)
		return string(printed)
	}
	write("app.service.d/awsfed.conf", read(t, "systemd/app.conf"), 0o644)
	service := read(t, "systemd/awsfed.service")
	assert.Empty(t, verify(service))
	assert.Contains(t, verify(strings.Replace(service, "ProtectProc=", "ProtectProx=", 1)), "ProtectProx")
}
