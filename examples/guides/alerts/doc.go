// Package alerts holds alert rules for Prometheus, and tests them by metrics of awsfed in clouds of
// the emulator: each name and label of a rule is one that is emitted, and in outages and refusals
// the alerts come when they should, and not before.
//
// The files are shown in docs/operating.md.
package alerts
