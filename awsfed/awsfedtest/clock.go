package awsfedtest

import "time"

// ClockOffset returns how far the clock of both clouds is ahead of time.Now: what [Cloud.SetClock]
// set, and what the faults clock-behind and clock-ahead add.
func (c *Cloud) ClockOffset() time.Duration {
	return time.Duration(c.offset.Load() + c.skew.Load())
}
