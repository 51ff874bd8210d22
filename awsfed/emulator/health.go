package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// healthTimeout is less than the time that Docker gives a check.
const healthTimeout = 5 * time.Second

// health asks a running emulator whether it is there. An error says that it is not.
func health(ctx context.Context, args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("emulator health", flag.ContinueOnError)
	f.SetOutput(stderr)
	url := f.String("url", "http://127.0.0.1:8085", "the emulator's `URL`")
	caFile := f.String("ca-file", "", "trust the authority whose certificate is in this `file`, as -ca-file of an emulator with -tls writes it")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	transport := &http.Transport{DisableKeepAlives: true} // and no proxy
	if *caFile != "" {
		certificate, err := os.ReadFile(*caFile)
		if err != nil {
			return err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(certificate) {
			return fmt.Errorf("-ca-file %s has no certificate", *caFile)
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(*url, "/")+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport, Timeout: healthTimeout}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL, response.Status)
	}
	return nil
}
