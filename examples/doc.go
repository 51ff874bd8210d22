// Package examples is the module of awsfed's runnable programs, and of the tests
// that need Google's own clients, whose dependencies the library shall not have:
//
//   - quickstart lists buckets with a token that AWS credentials were exchanged for;
//   - doctor says what is wrong with a token flow, and how to fix it.
//
// The tests of this directory take the emulator's word to others for judgement:
// Google's libraries for Go and Node.js read its credential file, the Cloud Storage
// client uses its tokens, and a CEL engine evaluates Google's attribute mappings.
// The parser of HCL and that engine read what awsfed setup prints.
// Standard verifiers judge ID tokens, signed URLs and forms, and JSON Web Tokens;
// clients of a Workspace act for its users; and Google's packages narrow tokens.
// An example among them makes Prometheus metrics of Config.OnRefresh.
package examples
