package metadataserver_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// A program that lends its identity to another one beside it, which asks as Google's clients do.
func ExampleNew() {
	ctx := context.Background()
	cloud := awsfedtest.New(awsfedtest.Options{}) // in a service: Google and AWS

	handler, err := metadataserver.New(ctx, cloud.Config(), nil)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") // in a service: 127.0.0.1:8988, for example
	if err != nil {
		log.Fatal(err)
	}
	server := handler.NewServer()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	// The other program has GCE_METADATA_HOST in its environment, the address of the listener.
	for _, key := range []string{"project/project-id", "instance/service-accounts/default/email", "instance/zone"} {
		url := "http://" + listener.Addr().String() + "/computeMetadata/v1/" + key
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("Metadata-Flavor", "Google")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			log.Fatal(err)
		}
		_ = answer.Body.Close()
		fmt.Printf("%d %s\n", answer.StatusCode, body)
	}

	if err := server.Shutdown(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-served)
	// Output:
	// 200 my-project
	// 200 aws-app@my-project.iam.gserviceaccount.com
	// 404 there is no such key
	//
	// http: Server closed
}
