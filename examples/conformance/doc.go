// Package conformance runs real clients against the emulator, each in every role that it has, and
// keeps what they did in docs/conformance.md: a table of clients and of what a workload needs,
// whose every cell is passed, not offered by the client, or failed with the reason.
//
//	go -C examples/conformance test ./...
//
// A client that is not installed is skipped, and its row stays as it is; where CI=true and the
// machine has the program that runs the client, a skip is a failure. The Node.js clients are
// installed by npm ci in each of node8, node9, node10, node11 and awsjs. AWSFED_PYTHON_CHECKOUT may
// name a checkout of google-auth for Python, which is then a row too.
//
//	go -C examples/conformance test . -update
//
// writes the tables anew, the versions of the clients among them. A normal run compares the cells
// and not the versions. A second table, docs/differential.md, has what Google's clients say to each
// fault of the catalogue, next to what awsfed says.
//
// A third, docs/metadata-clients.md, has clients that run by awsfed exec, and what they ask of its
// metadata server. The Java client is that of Debian's package libgoogle-auth-java.
//
// Nothing leaves the machine: each program has a proxy of the test's own, which reaches the
// emulator under the real names of the services, and refuses and reports every other host.
package conformance
