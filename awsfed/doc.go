// Package awsfed gives Go services on AWS their Google Cloud tokens, without a key.
package awsfed

const version = "0.1.0"
