package kinesisd

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	contentType  = "application/x-amz-json-1.1"
	targetPrefix = "Kinesis_20131202."
)

// operation answers one kind of call; a nil answer is an empty body.
type operation func(ctx context.Context, body []byte) (any, error)

// typed makes an operation of a method that takes its request decoded.
func typed[In any](f func(context.Context, In) (any, error)) operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse(codeSerialization, "%v", err)
		}
		return f(ctx, in)
	}
}

func (s *Server) operations() map[string]operation {
	return map[string]operation{
		"CreateStream":          typed(s.createStream),
		"DeleteStream":          typed(s.deleteStream),
		"DescribeStream":        typed(s.describeStream),
		"DescribeStreamSummary": typed(s.describeStreamSummary),
		"GetRecords":            typed(s.getRecords),
		"GetShardIterator":      typed(s.getShardIterator),
		"ListShards":            typed(s.listShards),
		"ListStreams":           typed(s.listStreams),
		"PutRecord":             typed(s.putRecord),
		"PutRecords":            typed(s.putRecords),
	}
}

// ServeHTTP answers one call of the Kinesis protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	answer, err := s.call(w, r)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	if answer == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if _, err := w.Write(body); err != nil {
		s.log.DebugContext(r.Context(), "kinesis client left", "error", err)
	}
}

func (s *Server) call(w http.ResponseWriter, r *http.Request) (any, error) {
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	op := s.ops[name]
	if err := s.admit(r, op != nil); err != nil {
		return nil, err
	}
	select {
	case s.calls <- struct{}{}:
		defer func() { <-s.calls }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	faults := s.faults.Load()
	// Only with the body read does the context end when the client leaves.
	if err := wait(r.Context(), faults.Latency); err != nil {
		return nil, err
	}
	if err := fail(faults.Call, name); err != nil {
		return nil, err
	}
	// Once begun, a call is finished even if its client leaves.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeWithin)
	defer cancel()
	answer, err := op(ctx, body)
	if err == nil {
		err = fail(faults.Answer, name)
	}
	return answer, err
}

// admit refuses what is no signed call of a known operation.
func (s *Server) admit(r *http.Request, known bool) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	auth := r.Header.Get("Authorization")
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/":
		return refuse(codeUnknownOp, "want POST /, not %s %s", r.Method, r.URL.Path)
	case err != nil || media != contentType:
		return refuse(codeSerialization, "want Content-Type %s", contentType)
	case !strings.HasPrefix(r.Header.Get("X-Amz-Target"), targetPrefix) || !known:
		return refuse(codeUnknownOp, "this stand-in does not know the operation %q", r.Header.Get("X-Amz-Target"))
	case auth == "":
		return &apiError{http.StatusForbidden, codeMissingAuth, "Missing Authentication Token"}
	case !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 "):
		return &apiError{http.StatusForbidden, codeIncompleteSig, "Authorization header requires an AWS4-HMAC-SHA256 signature."}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > maxBody {
		return nil, &apiError{http.StatusRequestEntityTooLarge, codeTooLarge, "The body exceeds 10 MiB."}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.ContentLength > 0 {
		body := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, refuse(codeSerialization, "read body: %v", err)
		}
		return body, nil
	}
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &apiError{http.StatusRequestEntityTooLarge, codeTooLarge, "The body exceeds 10 MiB."}
	case err != nil:
		return nil, refuse(codeSerialization, "read body: %v", err)
	}
	return body, nil
}

func fail(fault func(string) (int, string), op string) error {
	if fault == nil {
		return nil
	}
	status, code := fault(op)
	if status == 0 {
		return nil
	}
	return &apiError{status: status, code: code, message: "Injected failure of " + op + "."}
}

// errorBody is what the SDKs read an error from.
type errorBody struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var api *apiError
	if !errors.As(err, &api) {
		s.log.ErrorContext(r.Context(), "kinesis call", "target", r.Header.Get("X-Amz-Target"), "error", err)
		api = &apiError{http.StatusInternalServerError, codeInternal, "The request failed because of an internal error."}
	}
	if api.status < 0 {
		panic(http.ErrAbortHandler)
	}
	body, err := json.Marshal(errorBody{Type: api.code, Message: api.message})
	if err != nil {
		body = []byte(`{"__type":"` + codeInternal + `"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("X-Amzn-Errortype", api.code)
	w.WriteHeader(api.status)
	if _, err := w.Write(body); err != nil {
		s.log.DebugContext(r.Context(), "kinesis client left", "error", err)
	}
}
