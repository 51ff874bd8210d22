package fakeaws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	defaultKeyLifetime = 6 * time.Hour
	// keyOverlap is how long before the old keys expire an endpoint hands out new ones; EC2
	// promises five minutes.
	keyOverlap = 5 * time.Minute
)

// keySource is one place that hands out a role's keys and renews them in time.
type keySource struct {
	role    string // ARN; "" for none
	session string
	keys    aws.Credentials
	roleID  string // of the role when keys were issued
	updated time.Time
}

// current returns the source's keys, new ones if the old are about to end. The caller holds the
// lock.
func (a *Cloud) current(s *keySource, now time.Time) (aws.Credentials, error) {
	r, err := a.role(s.role)
	if err != nil {
		return aws.Credentials{}, err
	}
	if s.roleID != r.id || !now.Before(s.keys.Expires.Add(-keyOverlap)) {
		s.keys, s.roleID = a.issue(r, s.session, now.Add(a.lifetime)), r.id
		s.updated = now.UTC().Truncate(time.Second)
	}
	return s.keys, nil
}

// SetKeyLifetime sets how long the keys live that EC2 metadata and the container endpoints hand out
// from now on. New ones are handed out from 5 minutes before the old ones expire; a lifetime of up
// to 5 minutes gives new keys with every request. Default: 6 h, also for a lifetime of 0 or less.
func (a *Cloud) SetKeyLifetime(lifetime time.Duration) {
	if lifetime <= 0 {
		lifetime = defaultKeyLifetime
	}
	a.mu.Lock()
	a.lifetime = lifetime
	a.mu.Unlock()
	a.RotateKeys()
}

// RotateKeys makes every endpoint hand out new keys at its next request. The old ones stay good
// until they expire.
func (a *Cloud) RotateKeys() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instance.source.keys = aws.Credentials{}
	a.containers.pod.keys = aws.Credentials{}
	clear(a.containers.tasks)
}

// Provider returns a provider of the instance's keys, the ones that EC2 metadata hands out, without
// a request. It does not cache, and fails while the instance has no role.
func (a *Cloud) Provider() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		if err := ctx.Err(); err != nil {
			return aws.Credentials{}, err
		}
		keys, _, err := a.instanceKeys()
		keys.Source = "fakeaws"
		return keys, err
	})
}
