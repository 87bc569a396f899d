package streams

import (
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Client is one connection to the servers that keep the streams.
type Client struct {
	Conn *nats.Conn
	JS   jetstream.JetStream
}

// NewClient wraps a connection. Closing the connection stays with its owner.
func NewClient(conn *nats.Conn) (*Client, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("open jetstream: %w", err)
	}
	return &Client{Conn: conn, JS: js}, nil
}
