package stub

import (
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// S3Server accepts objects, in one piece or in parts, with path-style addresses.
// Every bucket exists. Of an object only its size and its tag are kept, and its
// bytes where they are few, as those of a manifest.
type S3Server struct {
	web
	buffers sync.Pool
	tags    atomic.Int64

	mu      sync.Mutex
	objects map[string]object
	uploads map[string]int64 // size so far of objects that come in parts
}

const (
	maxObjects   = 100_000
	maxKeptBytes = 64 << 10
)

type object struct {
	size int64
	tag  string
	body []byte // nil where the object is larger than maxKeptBytes
}

// S3 starts a server.
func S3() (*S3Server, error) {
	s := &S3Server{objects: make(map[string]object), uploads: make(map[string]int64)}
	s.buffers.New = func() any { return new(make([]byte, readBufferBytes)) }
	if err := s.serve(s); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *S3Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	switch {
	case strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-"):
		refuse(w, http.StatusNotImplemented, "NotImplemented") // a body in signed chunks
	case key == "" && (r.Method == http.MethodPut || r.Method == http.MethodHead):
		w.WriteHeader(http.StatusOK)
	case key == "":
		refuse(w, http.StatusNotImplemented, "NotImplemented") // lists
	case r.Method == http.MethodPut && query.Has("partNumber"):
		s.putPart(w, r)
	case r.Method == http.MethodPut:
		s.put(w, r)
	case r.Method == http.MethodPost && query.Has("uploads"):
		writeXML(w, "InitiateMultipartUploadResult", "UploadId", strconv.FormatInt(s.tags.Add(1), 16))
	case r.Method == http.MethodPost:
		s.complete(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		s.get(w, r)
	case r.Method == http.MethodDelete:
		s.mu.Lock()
		delete(s.objects, r.URL.Path)
		s.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func (s *S3Server) put(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("If-None-Match") == "*" {
		if _, ok := s.find(r.URL.Path); ok {
			refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
	}
	size, body, err := s.read(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	one := object{size: size, tag: s.newTag(), body: body}
	if !s.keep(r.URL.Path, one) {
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
		return
	}
	s.add(1, int(size))
	w.Header().Set("ETag", one.tag)
}

// putPart takes a part of an object. Its bytes count, and the object does once it
// is complete.
func (s *S3Server) putPart(w http.ResponseWriter, r *http.Request) {
	size, _, err := s.read(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	s.mu.Lock()
	s.uploads[r.URL.Query().Get("uploadId")] += size
	full := len(s.uploads) > maxObjects
	s.mu.Unlock()
	if full {
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
		return
	}
	s.add(0, int(size))
	w.Header().Set("ETag", s.newTag())
}

func (s *S3Server) complete(w http.ResponseWriter, r *http.Request) {
	if _, _, err := s.read(r.Body); err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	upload := r.URL.Query().Get("uploadId")
	s.mu.Lock()
	one := object{tag: s.newTag(), size: s.uploads[upload]}
	delete(s.uploads, upload)
	s.mu.Unlock()
	if !s.keep(r.URL.Path, one) {
		refuse(w, http.StatusServiceUnavailable, "SlowDown")
		return
	}
	s.events.Add(1)
	writeXML(w, "CompleteMultipartUploadResult", "ETag", one.tag)
}

// get answers with what is kept of an object. One whose bytes are not kept can be
// looked at and not read.
func (s *S3Server) get(w http.ResponseWriter, r *http.Request) {
	one, ok := s.find(r.URL.Path)
	if !ok || (r.Method == http.MethodGet && one.body == nil) {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", one.tag)
	w.Header().Set("Content-Length", strconv.FormatInt(one.size, 10))
	if r.Method == http.MethodGet {
		_, _ = w.Write(one.body)
	}
}

func (s *S3Server) find(path string) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.objects[path]
	return one, ok
}

func (s *S3Server) keep(path string, one object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.objects[path]; !ok && len(s.objects) >= maxObjects {
		return false
	}
	s.objects[path] = one
	return true
}

func (s *S3Server) newTag() string { return `"` + strconv.FormatInt(s.tags.Add(1), 16) + `"` }

// read counts the bytes of a body and returns them where they are few.
func (s *S3Server) read(from io.Reader) (int64, []byte, error) {
	pooled, _ := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(pooled)
	size, kept := int64(0), []byte{}
	for {
		n, err := from.Read(*pooled)
		size += int64(n)
		if size <= maxKeptBytes {
			kept = append(kept, (*pooled)[:n]...)
		} else {
			kept = nil
		}
		if err == io.EOF {
			return size, kept, nil
		}
		if err != nil {
			return 0, nil, err
		}
	}
}

func writeXML(w http.ResponseWriter, root, name, value string) {
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, "<"+root+"><"+name+">")
	_ = xml.EscapeText(w, []byte(value))
	_, _ = io.WriteString(w, "</"+name+"></"+root+">")
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code></Error>")
}
