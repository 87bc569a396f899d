package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// reach goes the way to an HTTP or websocket address step by step, so that what
// fails can be named: the name's address, a connection, the certificate. It does
// not try an address of another kind, or one behind a proxy: whoever calls there
// says what is wrong.
func reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return nil //nolint:nilerr // what is configured was validated, so this is no URL
	}
	secure := u.Scheme == "https" || u.Scheme == "wss"
	if !secure && u.Scheme != "http" && u.Scheme != "ws" {
		return nil
	}
	if proxied(u, secure) {
		return nil
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[secure]
	}
	if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
		return fmt.Errorf("dns: %s has no address: check the name and this machine's DNS (%w)", host, err)
	}
	dialer := net.Dialer{}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("connect: %s:%s cannot be reached: check that it runs, and what stands between (%w)", host, port, err)
	}
	defer conn.Close() //nolint:errcheck // nothing was written
	if !secure {
		return nil
	}
	if err := tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}).HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls: %s: %s (%w)", host, tlsAdvice(err), err)
	}
	return nil
}

// proxied says whether HTTP to the address goes by a proxy. Websockets are opened by
// HTTP.
func proxied(u *url.URL, secure bool) bool {
	as := *u
	as.Scheme = map[bool]string{false: "http", true: "https"}[secure]
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &as})
	return err == nil && proxy != nil
}

func tlsAdvice(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not trusted: check this machine's clock and certificates, and what stands between"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "EOF") {
		return "it does not speak TLS: check the address and its port"
	}
	return "no secure connection: check the address, and what stands between"
}
