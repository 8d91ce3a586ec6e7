package testutil

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Network is a network in memory that connects one server with its clients. Its
// connections are net.Pipe, so that both run on the fake clock of testing/synctest,
// which real sockets do not. Where no test looks at connections, Direct does.
type Network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewNetwork returns a network on which nobody listens yet.
func NewNetwork() *Network {
	return &Network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Serve serves the handler until the returned function is called, which waits
// for the connections to end.
func (n *Network) Serve(handler http.Handler) (stop func()) {
	server := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(n) // ends with the listener
	}()
	return func() {
		_ = n.Close()
		_ = server.Close()
		<-done
	}
}

// Transport returns a transport whose every address leads to the server.
func (n *Network) Transport() *http.Transport { return &http.Transport{DialContext: n.DialContext} }

// DialContext connects to the server.
func (n *Network) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case n.conns <- server:
		return client, nil
	case <-n.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: net.ErrClosed}
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Accept implements net.Listener.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.conns:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// Addr implements net.Listener.
func (*Network) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
