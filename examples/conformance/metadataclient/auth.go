package main

import (
	"context"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/credentials/idtoken"
	"cloud.google.com/go/auth/httptransport"
)

// askAuth detects application default credentials.
func askAuth(ctx context.Context, audience string) (result, error) {
	found, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"},
	})
	if err != nil {
		return result{}, err
	}
	token, err := found.Token(ctx)
	if err != nil {
		return result{}, err
	}
	project, err := found.ProjectID(ctx)
	if err != nil {
		return result{}, err
	}
	identities, err := idtoken.NewCredentials(&idtoken.Options{Audience: audience})
	if err != nil {
		return result{}, err
	}
	identity, err := identities.Token(ctx)
	if err != nil {
		return result{}, err
	}
	client, err := httptransport.NewClient(&httptransport.Options{Credentials: found, DisableTelemetry: true})
	if err != nil {
		return result{}, err
	}
	got := result{Token: token.Value, IDToken: identity.Value, Values: map[string]string{"ProjectID": project}}
	got.Listing, err = list(ctx, client, "")
	return got, err
}
