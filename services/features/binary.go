package features

import "encoding/binary"

// writer appends values to bytes.
type writer struct{ buf []byte }

func (w *writer) uint(v uint64)  { w.buf = binary.AppendUvarint(w.buf, v) }
func (w *writer) int(v int64)    { w.buf = binary.AppendVarint(w.buf, v) }
func (w *writer) fixed(v uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }

func (w *writer) bool(v bool) {
	if v {
		w.uint(1)
	} else {
		w.uint(0)
	}
}

func (w *writer) text(v string) {
	w.uint(uint64(len(v)))
	w.buf = append(w.buf, v...)
}

// reader takes values from bytes. After the first that is not there it gives zeros
// and err is set.
type reader struct {
	buf []byte
	err error
}

func (r *reader) fail() {
	r.buf, r.err = nil, ErrSnapshot
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.buf)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) fixed() uint64 {
	if len(r.buf) < 8 {
		r.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(r.buf)
	r.buf = r.buf[8:]
	return v
}

func (r *reader) bool() bool { return r.uint() == 1 }

func (r *reader) text() string {
	n := r.count(1)
	v := string(r.buf[:min(n, len(r.buf))])
	r.buf = r.buf[len(v):]
	return v
}

// count is how many items follow, each of least bytes at least: a damaged count must
// not make room for what is not there.
func (r *reader) count(least int) int {
	n := r.uint()
	if n > uint64(len(r.buf)/least) {
		r.fail()
		return 0
	}
	return int(n)
}
