package awsfed_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// A service on Cloud Run takes ID tokens whose audience is its URL.
func ExampleNewIDTokenSource() {
	ctx := context.Background()
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" { // Cloud Run verifies what is there
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer service.Close()

	ts, err := awsfed.NewIDTokenSource(ctx, cloud.Config(), service.URL)
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: &awsfed.Transport{Source: ts}}
	resp, err := client.Get(service.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}
