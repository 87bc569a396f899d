package stub

import (
	"bufio"
	"net"
	"sync"
)

// MongoServer accepts inserts over the MongoDB wire protocol, and answers what a
// driver asks before and between them, as a standalone server of version 8.0.
type MongoServer struct {
	counters
	listener net.Listener
	serving  sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{} // nil once closed
	closed sync.Once
}

// Mongo starts a server.
func Mongo() (*MongoServer, error) {
	listener, err := listen()
	if err != nil {
		return nil, err
	}
	m := &MongoServer{listener: listener, conns: make(map[net.Conn]struct{})}
	m.serving.Go(m.accept)
	return m, nil
}

// URI is what to give to a driver.
func (m *MongoServer) URI() string {
	return "mongodb://" + m.listener.Addr().String() + "/?directConnection=true"
}

// Close drops every connection and stops listening.
func (m *MongoServer) Close() {
	m.closed.Do(func() {
		_ = m.listener.Close()
		m.mu.Lock()
		for conn := range m.conns {
			_ = conn.Close()
		}
		m.conns = nil
		m.mu.Unlock()
		m.serving.Wait()
	})
}

func (m *MongoServer) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return // only closing the listener ends it
		}
		m.mu.Lock()
		open := m.conns != nil
		if open {
			m.conns[conn] = struct{}{}
		}
		m.mu.Unlock()
		if !open {
			_ = conn.Close()
			return
		}
		m.serving.Go(func() { m.serve(conn) })
	}
}

// serve answers one connection until it ends or breaks the protocol.
func (m *MongoServer) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		m.mu.Lock()
		delete(m.conns, conn)
		m.mu.Unlock()
	}()
	in := bufio.NewReaderSize(conn, readBufferBytes)
	var message, reply []byte
	for {
		var err error
		if message, err = readMessage(in, message); err != nil {
			return
		}
		if reply, err = m.answer(reply[:0], message); err != nil {
			return
		}
		if len(reply) == 0 {
			continue
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}
