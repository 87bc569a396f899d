package tape

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"cashtag/schemas"
)

// maxLineBytes bounds one line of any file.
const maxLineBytes = schemas.MaxEventBytes

// line is one line of a file that is not blank, without its end.
type line struct {
	number int    // counted from 1
	text   []byte // valid until the next line
}

// lineReader reads files line by line, one after the other, in memory that does
// not grow beyond maxLineBytes whatever they hold.
type lineReader struct {
	buffered *bufio.Reader
	long     []byte // a line that does not fit the buffer
}

func newLineReader() *lineReader {
	return &lineReader{buffered: bufio.NewReaderSize(nil, 64<<10)}
}

// lines yields the lines of a file and reports those that are too long. An
// error is the last thing yielded.
func (r *lineReader) lines(fsys fs.FS, name string, log *badLog) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		file, err := fsys.Open(name)
		if err != nil {
			yield(line{}, fmt.Errorf("read tape: %w", err))
			return
		}
		defer file.Close() //nolint:errcheck // read only
		r.buffered.Reset(file)
		for number := 1; ; number++ {
			text, err := r.next()
			switch {
			case errors.Is(err, errLongLine):
				log.add(name, number, err.Error())
				continue
			case err != nil && !errors.Is(err, io.EOF):
				yield(line{}, fmt.Errorf("read tape: %s: %w", name, err))
				return
			}
			text = bytes.TrimSpace(text)
			if len(text) > 0 && !yield(line{number: number, text: text}, nil) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

var errLongLine = fmt.Errorf("line is longer than %d bytes", maxLineBytes)

// next returns the next line with its end. It returns io.EOF with the last one,
// and errLongLine once it has passed over a line that is too long.
func (r *lineReader) next() ([]byte, error) {
	text, err := r.buffered.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, err
	}
	r.long = append(r.long[:0], text...)
	tooLong := false
	for errors.Is(err, bufio.ErrBufferFull) {
		text, err = r.buffered.ReadSlice('\n')
		tooLong = tooLong || len(r.long)+len(text) > maxLineBytes+len("\r\n")
		if !tooLong {
			r.long = append(r.long, text...)
		}
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case tooLong:
		return nil, errLongLine // at the end of the file the next call says io.EOF
	default:
		return r.long, err
	}
}
