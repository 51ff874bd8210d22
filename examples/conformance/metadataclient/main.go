// Command metadataclient asks for Google credentials as a service on Google Cloud does, by one of
// Google's Go libraries and nothing of awsfed, and prints what it got as JSON.
//
//	metadataclient LIBRARY AUDIENCE
//
// LIBRARY is metadata (cloud.google.com/go/compute/metadata), auth (cloud.google.com/go/auth),
// storage (cloud.google.com/go/storage), or subscribe, which waits until the access token is
// another one. AUDIENCE is that of the ID token.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

const (
	listURL     = "https://storage.googleapis.com/storage/v1/b?project=my-project"
	allowedTime = 2 * time.Minute
)

// A result is what a library gave. An empty field is something that it has not.
type result struct {
	Token   string            `json:"token,omitempty"`
	IDToken string            `json:"id_token,omitempty"`
	Listing string            `json:"listing,omitempty"`
	Values  map[string]string `json:"values,omitempty"` // of the metadata, by the accessor
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), allowedTime)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("usage: metadataclient LIBRARY AUDIENCE")
	}
	library, audience := args[0], args[1]
	var got result
	var err error
	switch library {
	case "metadata":
		got, err = askMetadata(ctx, audience)
	case "subscribe":
		got, err = subscribe(ctx)
	case "auth":
		got, err = askAuth(ctx, audience)
	case "storage":
		got, err = askStorage(ctx)
	default:
		err = fmt.Errorf("there is no library %q", library)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(got)
}

// askStorage lists the buckets of the project with application default credentials.
func askStorage(ctx context.Context) (result, error) {
	client, err := storage.NewClient(ctx)
	if err != nil {
		return result{}, err
	}
	defer client.Close()
	var names string
	for buckets := client.Buckets(ctx, "my-project"); ; {
		bucket, err := buckets.Next()
		if errors.Is(err, iterator.Done) {
			return result{Listing: names}, nil
		}
		if err != nil {
			return result{}, err
		}
		names += bucket.Name + "\n"
	}
}

// list is a request of Cloud Storage's JSON API.
func list(ctx context.Context, client *http.Client, token string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, listURL, nil)
	if err != nil {
		return "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}
