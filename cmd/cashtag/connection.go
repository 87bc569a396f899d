package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"cashtag/streams"

	"github.com/nats-io/nats.go"
)

// Connection says how to reach NATS. A password never stands in a flag.
type Connection struct {
	NATSURL  string `name:"nats-url" env:"NATS_URL" default:"nats://127.0.0.1:4222" help:"Servers to connect to. A user and password come from NATS_USER and NATS_PASSWORD, or NATS_CREDS names a credentials file."`
	NATSUser string `name:"nats-user" env:"NATS_USER" hidden:""`
}

// connectTimeout bounds the first connection attempt.
const connectTimeout = 5 * time.Second

// open connects as one service, or as the operator when service is "". The
// caller closes the client's connection.
func (c Connection) open(service string) (*streams.Client, error) {
	if strings.Contains(c.NATSURL, "@") {
		return nil, usageError("--nats-url holds a password: give user and password by NATS_USER and NATS_PASSWORD")
	}
	options := []nats.Option{
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
	}
	if service != "" {
		options = append(options, nats.Name("cashtag "+service), nats.CustomInboxPrefix(streams.InboxPrefix(service)))
	} else {
		options = append(options, nats.Name("cashtag"))
	}
	if file := os.Getenv("NATS_CREDS"); file != "" {
		options = append(options, nats.UserCredentials(file))
	}
	user, password, err := c.login(service)
	if err != nil {
		return nil, err
	}
	if password != "" {
		options = append(options, nats.UserInfo(user, password))
	}
	conn, err := nats.Connect(c.NATSURL, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to NATS at %s: %w: is it running? `cashtag up` starts one, --nats-url names another", c.NATSURL, err)
	}
	client, err := streams.NewClient(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return client, nil
}

// login is the user and password of a service: its own from NATS_PASSWORD_<SERVICE>,
// else those that are given for the whole process.
func (c Connection) login(service string) (user, password string, err error) {
	if service != "" {
		if password, err = secret(streams.PasswordVariable(service)); err != nil || password != "" {
			return service, password, err
		}
	}
	user = c.NATSUser
	if user == "" {
		user = streams.UserOperator
	}
	password, err = secret("NATS_PASSWORD")
	return user, password, err
}

// with connects as the operator, calls do and closes the connection.
func (c Connection) with(ctx context.Context, do func(ctx context.Context, client *streams.Client) error) error {
	client, err := c.open("")
	if err != nil {
		return err
	}
	defer client.Conn.Close()
	return do(ctx, client)
}
