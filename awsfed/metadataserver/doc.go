// Package metadataserver answers as the metadata server of a Google Compute Engine instance does,
// with tokens of an AWS identity. Google's clients in any language, which know nothing of ECS, EKS
// or SSO, know how to ask such a server: where GCE_METADATA_HOST names one, they get credentials
// from it.
//
//	handler, err := metadataserver.New(ctx, awsfed.Config{Audience: provider, ServiceAccount: account}, nil)
//	listener, err := net.Listen("tcp", "127.0.0.1:8988")
//	err = handler.NewServer().Serve(listener)
//
// # Who gets a token
//
// Whoever may ask the server has the identity: a metadata server knows no passwords. So it belongs
// on a loopback address, and refuses
//
//   - a Host header that is not the address of the listener, as of a web page whose name was bound
//     to a loopback address (DNS rebinding);
//   - a request without "Metadata-Flavor: Google", which no web page sends to another origin
//     without asking first, and what it asks with is refused too;
//   - a request with X-Forwarded-For, which went through a proxy;
//   - on Linux, a process of this machine whose user is neither that of the server nor one of
//     [Options].AllowUIDs, and on a loopback address also one whose user is not known. Containers
//     of one pod or task share the loopback address, and have users of their own.
//
// # What it answers
//
// Below http://HOST/computeMetadata/v1/ it has the keys by which clients find the project, the
// universe and the service accounts, and nothing that would claim a machine which does not exist:
// no name, no image, a zone only if it is given one. The reference is
// https://cloud.google.com/compute/docs/metadata/querying-metadata. All keys but tokens are known
// from the start and are answered at once.
//
// Tokens come from awsfed sources, which replace them at 40 to 50 percent of their life, or sooner
// with a Reserve. Of one whose Lifetime allows it six and a half minutes are left at least, so that
// a client which asks for a new one in the last minutes of its own finds one there. What a token of
// Compute Engine has and these have not: claims about an instance in ID tokens, whose format=full
// is that of format=standard, and tokens that are bound to a certificate.
package metadataserver
