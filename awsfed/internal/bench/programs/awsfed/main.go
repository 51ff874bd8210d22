// Command awsfed is a small program with awsfed, whose binary is measured. Without AUDIENCE in its
// environment it does nothing.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/awsfed/awsfed-go/awsfed"
)

func main() {
	audience := os.Getenv("AUDIENCE")
	if audience == "" {
		return
	}
	if err := run(audience); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(audience string) error {
	source, err := awsfed.NewTokenSource(context.Background(), awsfed.Config{
		Audience:       audience,
		ServiceAccount: os.Getenv("SERVICE_ACCOUNT"),
	})
	if err != nil {
		return err
	}
	token, err := source.Token()
	if err != nil {
		return err
	}
	fmt.Println("a token until", token.Expiry)
	return nil
}
