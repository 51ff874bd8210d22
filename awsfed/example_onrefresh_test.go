package awsfed_test

import (
	"context"
	"fmt"
	"log"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// Metrics of refreshes. The events come in order, one at a time, off the way of callers.
func ExampleConfig_onRefresh() {
	cloud := awsfedtest.New(awsfedtest.Options{}) // in the place of AWS and Google Cloud
	told := make(chan struct{})
	cfg := cloud.Config()
	cfg.OnRefresh = func(event awsfed.RefreshEvent) {
		outcome := "success"
		if event.Err != nil {
			outcome = "failure"
		}
		fmt.Println(event.Kind, outcome, "attempt", event.Attempt) // a counter, and a histogram of event.Duration
		for _, step := range event.Steps {
			fmt.Println("  ", step.Stage, step.Verdict) // a histogram of step.Duration
		}
		told <- struct{}{}
	}
	ts, err := awsfed.NewTokenSource(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ts.Token(); err != nil {
		log.Fatal(err)
	}
	<-told
	<-told
	// Output:
	// federated-token success attempt 1
	//    aws-credentials passed
	//    aws-region passed
	//    subject-token passed
	//    token-exchange passed
	// service-account-token success attempt 1
	//    impersonation passed
}
