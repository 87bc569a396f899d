package streamstest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/natsd"
	"cashtag/embedded/natsd/natsdtest"
	"cashtag/schemas"
	"cashtag/streams"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Server is a nats-server with the topology, which knows every service.
type Server struct {
	*natsd.Server

	Topology  streams.Topology   // as it was applied
	Client    *streams.Client    // with every right
	Publisher *streams.Publisher // on Client
}

// Start starts a server and applies the topology of the default size to it. It does
// not sync what it acknowledges; each opt may change that, and what else is
// configured, first.
func Start(tb testing.TB, opts ...func(*natsd.Config)) *Server {
	tb.Helper()
	s := &Server{Server: natsdtest.Start(tb, append([]func(*natsd.Config){guarded(tb)}, opts...)...)}
	s.Client = Connect(tb, s)
	var err error
	if s.Topology, err = streams.NewTopology(streams.DefaultSize()); err != nil {
		tb.Fatal(err)
	}
	if _, err := streams.Apply(tb.Context(), s.Client, s.Topology, false); err != nil {
		tb.Fatal(err)
	}
	s.Publisher = NewPublisher(tb, s.Client)
	return s
}

// guarded makes every service a user with its own permissions.
func guarded(tb testing.TB) func(*natsd.Config) {
	tb.Helper()
	var users []natsd.User
	for _, service := range streams.Services() {
		publish, subscribe, err := streams.Permissions(service)
		if err != nil {
			tb.Fatal(err)
		}
		users = append(users, natsd.User{Name: service, Password: "secret", Publish: publish, Subscribe: subscribe})
	}
	return func(c *natsd.Config) { c.SyncAlways, c.Users = false, users }
}

// ConnectAs connects with the rights of a service, as it does in production. The
// test fails if the server ever refuses it something.
func (s *Server) ConnectAs(tb testing.TB, service string) *streams.Client {
	tb.Helper()
	var (
		mu      sync.Mutex
		refused []error
	)
	conn, err := s.Server.ConnectAs(service,
		nats.CustomInboxPrefix(streams.InboxPrefix(service)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, nats.ErrPermissionViolation) {
				refused = append(refused, err)
			}
		}))
	client := clientOf(tb, conn, err)
	told := make(chan struct{}) // of everything that the handler will ever be told
	conn.SetClosedHandler(func(*nats.Conn) { close(told) })
	tb.Cleanup(func() {
		_ = conn.FlushTimeout(Patience) // its answer comes after the last refusal; a test may have closed it
		conn.Close()
		<-told
		for _, err := range refused {
			tb.Errorf("%s: refused: %v", service, err)
		}
	})
	return client
}

// Publish stores events with every right.
func (s *Server) Publish(tb testing.TB, events ...schemas.Event) {
	tb.Helper()
	if err := s.Publisher.Publish(tb.Context(), events...); err != nil {
		tb.Fatal(err)
	}
}

// Bucket is one of the topology's.
func (s *Server) Bucket(tb testing.TB, name string) jetstream.KeyValue {
	tb.Helper()
	bucket, err := s.Client.JS.KeyValue(tb.Context(), name)
	if err != nil {
		tb.Fatal(err)
	}
	return bucket
}

// Last is the last sequence of a stream.
func (s *Server) Last(tb testing.TB, stream string) uint64 {
	tb.Helper()
	found, err := s.Client.JS.Stream(tb.Context(), stream)
	if err != nil {
		tb.Fatal(err)
	}
	return found.CachedInfo().State.LastSeq
}

// connector is a natsd.Server, or a Server.
type connector interface {
	Connect(opts ...nats.Option) (*nats.Conn, error)
}

// Connect connects to a server, whatever it holds, with every right.
func Connect(tb testing.TB, server connector, opts ...nats.Option) *streams.Client {
	tb.Helper()
	conn, err := server.Connect(opts...)
	return clientOf(tb, conn, err)
}

// Dial connects over TCP, as another process does, and connects again as soon as a
// server that went away is back on its port.
func Dial(tb testing.TB, server interface{ ClientURL() string }) *streams.Client {
	tb.Helper()
	conn, err := nats.Connect(server.ClientURL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	return clientOf(tb, conn, err)
}

func clientOf(tb testing.TB, conn *nats.Conn, err error) *streams.Client {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(conn.Close)
	client, err := streams.NewClient(conn)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// NewPublisher returns a publisher with the default configuration.
func NewPublisher(tb testing.TB, client *streams.Client) *streams.Publisher {
	tb.Helper()
	publisher, err := streams.NewPublisher(client, streams.DefaultPublisherConfig())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), Patience)
		defer cancel()
		if err := publisher.Close(ctx); err != nil {
			tb.Error(err)
		}
	})
	return publisher
}
