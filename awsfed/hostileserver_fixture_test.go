package awsfed_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	// shortLife is that of the tokens of a hostileServer that behaves: a refresh is due at half of
	// it.
	shortLife = 8 * time.Second
	// shortKeys is how long its AWS credentials live: the refresh needs new ones.
	shortKeys = 2 * time.Second
)

// A hostileServer answers as the emulator does until it is given a behaviour. It has a loopback
// socket of its own, and answers one request a connection.
type hostileServer struct {
	url      string
	cloud    *awsfedtest.Cloud
	secure   *tls.Config               // nil for http
	concerns func(*http.Request) bool  // which requests the behaviour is for
	mode     atomic.Pointer[behaviour] // nil: as the emulator
	last     atomic.Pointer[[]byte]    // the newest legal answer to a request that concerns
	listener net.Listener

	mu          sync.Mutex
	connections map[net.Conn]bool // nil when closed
	serving     sync.WaitGroup
}

// newHostileServer serves until the test ends.
func newHostileServer(t *testing.T, cloud *awsfedtest.Cloud, secure *tls.Config, concerns func(*http.Request) bool) *hostileServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &hostileServer{cloud: cloud, secure: secure, concerns: concerns, listener: listener, connections: make(map[net.Conn]bool)}
	s.url = "http://" + listener.Addr().String()
	if secure != nil {
		s.url = "https://" + listener.Addr().String()
	}
	s.serving.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if s.track(connection) {
				s.serving.Go(func() { s.serve(connection.(*net.TCPConn)) })
			}
		}
	})
	t.Cleanup(s.close)
	return s
}

func (s *hostileServer) close() {
	s.listener.Close()
	s.mu.Lock()
	for connection := range s.connections {
		connection.Close()
	}
	s.connections = nil
	s.mu.Unlock()
	s.serving.Wait()
}

// track notes a connection that close is to close.
func (s *hostileServer) track(connection net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connections == nil {
		connection.Close()
		return false
	}
	s.connections[connection] = true
	return true
}

func (s *hostileServer) forget(connection net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	connection.Close()
	delete(s.connections, connection)
}

// serve answers one request.
func (s *hostileServer) serve(connection *net.TCPConn) {
	defer s.forget(connection)
	if b := s.mode.Load(); b != nil && b.connect != nil {
		b.connect(connection)
		return
	}
	var stream net.Conn = connection
	if s.secure != nil {
		stream = tls.Server(connection, s.secure)
		defer stream.Close() // with close_notify
	}
	req, err := http.ReadRequest(bufio.NewReader(stream))
	if err != nil {
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	legal := s.legal(req)
	b := s.mode.Load()
	if b == nil || b.answer == nil || !s.concerns(req) {
		_, _ = stream.Write(legal)
		return
	}
	b.answer(exchange{stream, connection, legal})
}

// legal is the emulator's answer as it is on the wire, but for lifetimes, which are short.
func (s *hostileServer) legal(req *http.Request) []byte {
	recorder := httptest.NewRecorder()
	s.cloud.ServeHTTP(recorder, req)
	body := recorder.Body.Bytes()
	var fields map[string]any
	if json.Unmarshal(body, &fields) == nil && recorder.Code == http.StatusOK {
		if _, ok := fields["expires_in"]; ok {
			fields["expires_in"] = int(shortLife / time.Second)
		}
		if _, ok := fields["Expiration"]; ok {
			fields["Expiration"] = time.Now().Add(shortKeys).UTC().Format(time.RFC3339)
		}
		body, _ = json.Marshal(fields)
	}
	var raw bytes.Buffer
	fmt.Fprintf(&raw, "HTTP/1.1 %d %s\r\n", recorder.Code, http.StatusText(recorder.Code))
	recorder.Header().Del("Content-Length")
	_ = recorder.Header().Write(&raw)
	fmt.Fprintf(&raw, "Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	answer := raw.Bytes()
	if s.concerns(req) {
		s.last.Store(&answer)
	}
	return answer
}

// An exchange is a request that waits for its answer.
type exchange struct {
	net.Conn              // what the client reads
	tcp      *net.TCPConn // the same without TLS
	legal    []byte       // what the emulator would answer
}

func (e exchange) head() []byte {
	return e.legal[:bytes.Index(e.legal, []byte("\r\n\r\n"))+len("\r\n\r\n")]
}

func (e exchange) body() []byte { return e.legal[len(e.head()):] }

func (e exchange) say(parts ...string) { _, _ = io.WriteString(e, strings.Join(parts, "")) }

// mediaType is that of the legal answer: what the client expects.
func (e exchange) mediaType() string {
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(e.legal)), nil)
	if err != nil {
		return "application/json"
	}
	return response.Header.Get("Content-Type")
}

// hang says nothing more until the client leaves.
func (e exchange) hang() { _, _ = io.Copy(io.Discard, e) }

// reset ends the connection with a TCP RST.
func (e exchange) reset() {
	_ = e.tcp.SetLinger(0)
	_ = e.tcp.Close()
}

// pour writes block again and again, size bytes in all, then says nothing more until the client
// leaves.
func (e exchange) pour(block []byte, size int) {
	for range size / len(block) {
		if _, err := e.Write(block); err != nil {
			return
		}
	}
	e.hang()
}

// certificates are those of servers at 127.0.0.1, good and bad.
type certificates struct {
	trusted                               *x509.CertPool
	good, expired, unknown, ofAnotherHost tls.Certificate
}

func newCertificates(t *testing.T) certificates {
	t.Helper()
	ca, caKey := certify(t, nil, nil, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
	strange, strangeKey := certify(t, nil, nil, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
	leaf := func(parent *x509.Certificate, key *ecdsa.PrivateKey, change func(*x509.Certificate)) tls.Certificate {
		certificate, own := certify(t, parent, key, change)
		return tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: own}
	}
	c := certificates{
		trusted: x509.NewCertPool(),
		good:    leaf(ca, caKey, func(*x509.Certificate) {}),
		expired: leaf(ca, caKey, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		unknown: leaf(strange, strangeKey, func(*x509.Certificate) {}),
		ofAnotherHost: leaf(ca, caKey, func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"example.com"}
		}),
	}
	c.trusted.AddCert(ca)
	return c
}

// certify makes a certificate that parent signs, or itself without one.
func certify(t *testing.T, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, change func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "awsfed test"},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	change(template)
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate, key
}

// The types of HTTP/2 frames that the tests write (RFC 9113 §6).
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	frameRST          = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameGoAway       = 0x7
	frameContinuation = 0x9

	flagEndHeaders = 0x4
)

// frame is one HTTP/2 frame.
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	f := make([]byte, 9, 9+len(payload))
	f[0], f[1], f[2], f[3], f[4] = byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), kind, flags
	binary.BigEndian.PutUint32(f[5:], stream)
	return append(f, payload...)
}

// speakHTTP2 takes a connection up to a request over HTTP/2, and has answer answer it.
func speakHTTP2(connection *net.TCPConn, certificate tls.Certificate, answer func(e exchange, stream uint32)) {
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}}
	stream := tls.Server(connection, config)
	defer stream.Close()
	if _, err := stream.Write(frame(frameSettings, 0, 0, nil)); err != nil {
		return
	}
	preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	if _, err := io.ReadFull(stream, preface); err != nil {
		return
	}
	id, err := nextRequest(stream)
	if err == nil {
		answer(exchange{Conn: stream, tcp: connection}, id)
	}
}

// nextRequest reads frames up to one with the headers of a request, and returns its stream.
func nextRequest(r io.Reader) (uint32, error) {
	for range 100 {
		var head [9]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return 0, err
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, r, length); err != nil {
			return 0, err
		}
		if head[3] == frameHeaders {
			return binary.BigEndian.Uint32(head[5:]), nil
		}
	}
	return 0, errors.New("a client that asks nothing")
}
