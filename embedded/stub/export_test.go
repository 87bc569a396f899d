package stub

// Answer is the reply to one message of the MongoDB wire protocol.
func (m *MongoServer) Answer(message []byte) ([]byte, error) { return m.answer(nil, message) }
