package stub

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// Of the wire protocol:
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const (
	opReply, opQuery, opMsg = 1, 2004, 2013

	headerLen       = 16
	maxMessageBytes = 48_000_000
	keptMessage     = 4 << 20 // buffers above are not kept

	flagChecksum   = 1 << 0
	flagMoreToCome = 1 << 1

	sectionBody, sectionSequence = 0, 1
)

var (
	errMessage = errors.New("malformed message")
	errOpcode  = errors.New("unknown opcode")
)

func readMessage(in *bufio.Reader, buf []byte) ([]byte, error) {
	prefix, err := in.Peek(4)
	if err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	size := int(binary.LittleEndian.Uint32(prefix))
	if size < headerLen || size > maxMessageBytes {
		return nil, fmt.Errorf("read message of %d bytes: %w", size, errMessage)
	}
	if cap(buf) < size || cap(buf) > keptMessage {
		buf = make([]byte, size)
	}
	if _, err := io.ReadFull(in, buf[:size]); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return buf[:size], nil
}

// answer appends the reply to a message, or nothing where none is wanted.
func (m *MongoServer) answer(dst, message []byte) ([]byte, error) {
	request := binary.LittleEndian.Uint32(message[4:])
	body := message[headerLen:]
	switch opcode := binary.LittleEndian.Uint32(message[12:]); opcode {
	case opMsg:
		return m.answerMsg(dst, request, body)
	case opQuery: // only the first greeting of a driver comes this way
		dst = appendHeader(dst, request, opReply)
		dst = append(dst, make([]byte, 4+8+4)...) // no flags, no cursor, from 0
		dst = binary.LittleEndian.AppendUint32(dst, 1)
		return finish(appendHello(dst)), nil
	default:
		return nil, fmt.Errorf("opcode %d: %w", opcode, errOpcode)
	}
}

func (m *MongoServer) answerMsg(dst []byte, request uint32, body []byte) ([]byte, error) {
	if len(body) < 4 {
		return nil, errMessage
	}
	flags := binary.LittleEndian.Uint32(body)
	sections := body[4:]
	if flags&flagChecksum != 0 && len(sections) >= 4 {
		sections = sections[:len(sections)-4]
	}
	command, documents, err := parseSections(sections)
	if err != nil {
		return nil, err
	}
	name, err := command.IndexErr(0)
	if err != nil {
		return nil, errMessage
	}
	inserted := 0
	if name.Key() == "insert" {
		if inserted, err = countDocuments(command, documents); err != nil {
			return nil, err
		}
		m.add(inserted, len(body))
	}
	if flags&flagMoreToCome != 0 {
		return dst, nil
	}
	dst = appendHeader(dst, request, opMsg)
	dst = append(dst, 0, 0, 0, 0, sectionBody)
	return finish(appendReply(dst, name.Key(), inserted)), nil
}

// parseSections returns the command and the bytes of its document sequence.
func parseSections(sections []byte) (command bsoncore.Document, sequence []byte, err error) {
	for len(sections) > 0 {
		kind, rest := sections[0], sections[1:]
		size, _, ok := bsoncore.ReadLength(rest)
		if !ok || size < 5 || int(size) > len(rest) {
			return nil, nil, errMessage
		}
		switch kind {
		case sectionBody:
			command = bsoncore.Document(rest[:size])
		case sectionSequence:
			_, documents, ok := bsoncore.ReadKeyBytes(rest[4:size])
			if !ok {
				return nil, nil, errMessage
			}
			sequence = documents
		default:
			return nil, nil, errMessage
		}
		sections = rest[size:]
	}
	return command, sequence, nil
}

// countDocuments counts the documents of an insert by their lengths alone.
func countDocuments(command bsoncore.Document, sequence []byte) (int, error) {
	n := 0
	for ; len(sequence) > 0; n++ {
		size, _, ok := bsoncore.ReadLength(sequence)
		if !ok || size < 5 || int(size) > len(sequence) {
			return 0, errMessage
		}
		sequence = sequence[size:]
	}
	if n > 0 {
		return n, nil
	}
	array, ok := command.Lookup("documents").ArrayOK()
	if !ok {
		return 0, errMessage
	}
	values, err := array.Values()
	if err != nil {
		return 0, fmt.Errorf("documents: %w", err)
	}
	return len(values), nil
}

func appendHeader(dst []byte, request, opcode uint32) []byte {
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0) // length, see finish; request id
	dst = binary.LittleEndian.AppendUint32(dst, request)
	return binary.LittleEndian.AppendUint32(dst, opcode)
}

func finish(message []byte) []byte {
	binary.LittleEndian.PutUint32(message, uint32(len(message)))
	return message
}

func appendReply(dst []byte, command string, inserted int) []byte {
	switch command {
	case "hello", "isMaster", "ismaster":
		return appendHello(dst)
	case "insert":
		return append(dst, bsoncore.NewDocumentBuilder().AppendInt32("n", int32(inserted)).AppendDouble("ok", 1).Build()...)
	case "ping", "endSessions", "create", "createIndexes":
		return append(dst, bsoncore.NewDocumentBuilder().AppendDouble("ok", 1).Build()...)
	case "buildInfo", "buildinfo":
		return append(dst, bsoncore.NewDocumentBuilder().AppendString("version", "8.0.0").AppendDouble("ok", 1).Build()...)
	default:
		return append(dst, bsoncore.NewDocumentBuilder().AppendDouble("ok", 0).AppendInt32("code", 59).
			AppendString("codeName", "CommandNotFound").AppendString("errmsg", "no such command: "+command).Build()...)
	}
}

// appendHello appends what a standalone server of version 8.0 says of itself.
func appendHello(dst []byte) []byte {
	return append(dst, bsoncore.NewDocumentBuilder().
		AppendBoolean("isWritablePrimary", true).
		AppendBoolean("ismaster", true).
		AppendInt32("maxBsonObjectSize", 16<<20).
		AppendInt32("maxMessageSizeBytes", maxMessageBytes).
		AppendInt32("maxWriteBatchSize", 100_000).
		AppendInt32("logicalSessionTimeoutMinutes", 30).
		AppendInt32("connectionId", 1).
		AppendInt32("minWireVersion", 0).
		AppendInt32("maxWireVersion", 25).
		AppendBoolean("readOnly", false).
		AppendDouble("ok", 1).
		Build()...)
}
