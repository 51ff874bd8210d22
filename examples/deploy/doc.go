// Package deploy has a manifest for each way to run awsfed beside a program in another language:
// docs/any-language.md tells when to take which. Its tests read each of them as strictly as the
// service that it is for, and more strictly where that service would let a misspelt name pass.
//
// No manifest has been run on AWS: what is known is that its names and values are those that the
// types of Kubernetes, of the AWS SDK and of Compose have, and that awsfed has its flags.
package deploy
