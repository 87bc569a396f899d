package mongo_test

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"

	"cashtag/services/mongo"
	"cashtag/streams"
	"cashtag/streams/durable"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// farEnd is a MongoDB server whose answers a test decides. The zero value stores
// everything.
type farEnd struct {
	// answer returns the reply to a command, or nil for one that says that
	// everything went well.
	answer func(name string, command bson.Raw) bson.D

	mu       sync.Mutex
	addr     string
	inserted [][]string // ids of each insert that was asked for
	commands []string   // names of the others
}

func (f *farEnd) start(t *testing.T) *farEnd {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = listener.Addr().String()
	var serving sync.WaitGroup
	var conns sync.Map
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Store(conn, nil)
			serving.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		conns.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
		serving.Wait()
	})
	return f
}

// serve speaks as much of the wire protocol as a driver needs: OP_MSG with a
// body, and the one OP_QUERY that it begins with.
func (f *farEnd) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var header [16]byte
		if _, err := io.ReadFull(conn, header[:]); err != nil {
			return
		}
		body := make([]byte, binary.LittleEndian.Uint32(header[:])-16)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		var prefix []byte
		opcode, command := uint32(2013), bson.Raw(body[5:])
		if binary.LittleEndian.Uint32(header[12:]) == 2004 { // OP_QUERY is answered with OP_REPLY
			opcode, command = 1, bson.Raw(body[4+len("admin.$cmd\x00")+8:])
			prefix = append(make([]byte, 16), 1, 0, 0, 0)
		} else {
			prefix = make([]byte, 5) // no flags, section of kind 0
		}
		document := f.reply(command)
		if document == nil {
			return
		}
		encoded, err := bson.Marshal(document)
		if err != nil {
			panic(err)
		}
		reply := binary.LittleEndian.AppendUint32(nil, uint32(16+len(prefix)+len(encoded)))
		reply = append(reply, 0, 0, 0, 0)
		reply = append(reply, header[4:8]...)
		reply = binary.LittleEndian.AppendUint32(reply, opcode)
		reply = append(append(reply, prefix...), encoded...)
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// hangUp is the answer that ends the connection instead.
var hangUp = bson.D{{Key: "hang", Value: "up"}}

func (f *farEnd) reply(command bson.Raw) bson.D {
	f.mu.Lock()
	defer f.mu.Unlock()
	elements, err := command.Elements()
	if err != nil || len(elements) == 0 {
		panic("no command")
	}
	name := elements[0].Key()
	ids := idsOf(command)
	if name == "insert" {
		f.inserted = append(f.inserted, ids)
	} else {
		f.commands = append(f.commands, name)
	}
	if f.answer != nil {
		if reply := f.answer(name, command); reply != nil {
			if reply[0].Key == "hang" {
				return nil
			}
			return reply
		}
	}
	reply := bson.D{{Key: "n", Value: int32(len(ids))}}
	if name == "hello" || name == "isMaster" {
		reply = bson.D{
			{Key: "isWritablePrimary", Value: true},
			{Key: "ismaster", Value: true},
			{Key: "maxWireVersion", Value: int32(25)},
			{Key: "maxBsonObjectSize", Value: int32(16 << 20)},
			{Key: "maxMessageSizeBytes", Value: int32(48_000_000)},
			{Key: "maxWriteBatchSize", Value: int32(100_000)},
			{Key: "logicalSessionTimeoutMinutes", Value: int32(30)},
		}
	}
	return append(reply, bson.E{Key: "ok", Value: 1.0})
}

// idsOf lists the ids of the documents of an insert.
func idsOf(command bson.Raw) []string {
	documents, _ := command.Lookup("documents").ArrayOK()
	values, _ := documents.Values()
	ids := make([]string, len(values))
	for i, value := range values {
		ids[i] = value.Document().Lookup("_id").StringValue()
	}
	return ids
}

// inserts is the ids of every insert that was asked for.
func (f *farEnd) inserts() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.inserted)
}

// asked is how often a command was asked for.
func (f *farEnd) asked(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, one := range f.commands {
		if one == name {
			n++
		}
	}
	return n
}

// refusal is the reply to a command that failed as a whole.
func refusal(code int, message string) bson.D {
	return bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: int32(code)}, {Key: "errmsg", Value: message}}
}

// partial is the reply to an insert of n documents some of which failed.
func partial(n int, failed ...bson.D) bson.D {
	return bson.D{{Key: "n", Value: int32(n - len(failed))}, {Key: "writeErrors", Value: failed}, {Key: "ok", Value: 1.0}}
}

func writeError(index, code int, message string, more ...bson.E) bson.D {
	return append(bson.D{{Key: "index", Value: int32(index)}, {Key: "code", Value: int32(code)}, {Key: "errmsg", Value: message}}, more...)
}

// sink opens the sink of TWEETS at a server.
func (f *farEnd) sink(t *testing.T) *mongo.Sink {
	t.Helper()
	return newSink(t, "mongodb://"+f.addr+"/?directConnection=true")
}

func newSink(t *testing.T, uri string, change ...func(*mongo.Config)) *mongo.Sink {
	t.Helper()
	return newStore(t, uri, slog.New(slog.DiscardHandler), change...).Sink(streams.Tweets)
}

func newStore(tb testing.TB, uri string, logger *slog.Logger, change ...func(*mongo.Config)) *mongo.Store {
	tb.Helper()
	cfg := mongo.DefaultConfig()
	cfg.URI = uri
	for _, one := range change {
		one(&cfg)
	}
	store, err := mongo.Open(cfg, logger)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() { _ = store.Close(tb.Context()) })
	return store
}

// events makes messages with the given ids.
func events(ids ...string) []durable.Message {
	batch := make([]durable.Message, len(ids))
	for i, id := range ids {
		batch[i] = message(id, `{"id":"`+id+`"}`)
	}
	return batch
}
