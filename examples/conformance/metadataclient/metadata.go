package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/metadata"
)

// tokenKey is the access token of the default account.
const tokenKey = "instance/service-accounts/default/token"

var errEnough = errors.New("seen enough")

// askMetadata calls every accessor that the server has a key for, and gets the tokens by Get, as
// callers of this package do.
func askMetadata(ctx context.Context, audience string) (result, error) {
	var faults []error
	value := func(v string, err error) string {
		faults = append(faults, err)
		return v
	}
	joined := func(v []string, err error) string { return value(strings.Join(v, ","), err) }
	values := map[string]string{
		"OnGCE":              strconv.FormatBool(metadata.OnGCEWithContext(ctx)),
		"ProjectID":          value(metadata.ProjectIDWithContext(ctx)),
		"NumericProjectID":   value(metadata.NumericProjectIDWithContext(ctx)),
		"Email":              value(metadata.EmailWithContext(ctx, "")),
		"Scopes":             joined(metadata.ScopesWithContext(ctx, "")),
		"Zone":               value(metadata.ZoneWithContext(ctx)),
		"InstanceAttributes": joined(metadata.InstanceAttributesWithContext(ctx)),
		"ProjectAttributes":  joined(metadata.ProjectAttributesWithContext(ctx)),
	}
	if _, err := metadata.InstanceIDWithContext(ctx); err != nil {
		var absent metadata.NotDefinedError
		values["InstanceID"] = "defined: " + strconv.FormatBool(!errors.As(err, &absent))
	}
	err := metadata.SubscribeWithContext(ctx, "project/project-id", func(_ context.Context, v string, _ bool) error {
		values["Subscribe"] = v
		return errEnough
	})
	if !errors.Is(err, errEnough) {
		faults = append(faults, errors.New("the subscription ended"), err)
	}
	got := result{Values: values}
	got.Token = value(accessToken(metadata.GetWithContext(ctx, tokenKey)))
	got.IDToken = value(metadata.GetWithContext(ctx, "instance/service-accounts/default/identity?format=full&audience="+url.QueryEscape(audience)))
	if err := errors.Join(faults...); err != nil {
		return result{}, err
	}
	got.Listing, err = list(ctx, http.DefaultClient, got.Token)
	return got, err
}

// subscribe waits for a second access token.
func subscribe(ctx context.Context) (result, error) {
	values := make(map[string]string)
	err := metadata.SubscribeWithContext(ctx, tokenKey, func(_ context.Context, v string, _ bool) error {
		token, err := accessToken(v, nil)
		switch {
		case err != nil:
			return err
		case values["first"] == "":
			values["first"] = token
			return nil
		case values["first"] == token:
			return nil
		}
		values["second"] = token
		return errEnough
	})
	if !errors.Is(err, errEnough) {
		return result{}, errors.Join(errors.New("the subscription ended"), err)
	}
	return result{Values: values}, nil
}

// accessToken takes the token out of the server's answer.
func accessToken(answer string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var fields struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal([]byte(answer), &fields)
	return fields.Token, err
}
