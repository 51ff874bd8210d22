package main

import (
	"context"
	"net/http"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/awsfed/awsfed-go/awsfed"
)

// subjectTokens is the signing alone. Google's libraries do not offer it; the floor is the AWS
// SDK's signer, which signs the same request and does not write it as a token.
func subjectTokens(e effort) ([]row, error) {
	const times = 1000
	cfg := workload(new(google))
	builder, err := awsfed.NewSubjectTokenBuilder(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	signer := v4.NewSigner()
	operations := []operation{
		{ours, repeat(func() error {
			_, err := builder.SubjectToken(context.Background())
			return err
		})},
		{floor, repeat(func() error { return sign(signer, cfg) })},
	}
	bytes, allocations := make(figures), make(figures)
	for _, op := range operations {
		if bytes[op.contender], allocations[op.contender], err = allocated(times, op); err != nil {
			return nil, err
		}
	}
	wall, err := compare(e, wallTime(), operations)
	if err != nil {
		return nil, err
	}
	return []row{{"subject token, bytes", bytes}, {"subject token, allocations", allocations}, {"subject token, µs", wall.dividedBy(1000)}}, nil
}

// sign signs a GetCallerIdentity request as a subject token does.
func sign(signer *v4.Signer, cfg awsfed.Config) error {
	const emptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // its SHA-256
	ctx := context.Background()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"https://sts."+cfg.Region+".amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15", nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Goog-Cloud-Target-Resource", cfg.Audience)
	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	return signer.SignHTTP(ctx, keys, req, emptyBody, "sts", cfg.Region, time.Now())
}
