package blueskyd

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cashtag/embedded/fault"

	"github.com/coder/websocket"
)

const (
	// timeCursor is the smallest cursor that is a time.
	timeCursor = 1_000_000_000_000_000
	// readBatch is how many frames are taken from the ring at once.
	readBatch = 256

	subprotocol = "xrpc.v1.json"
)

func (s *Server) subscribeV1(w http.ResponseWriter, r *http.Request) {
	if status := s.faults.refused(w); status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	sub := &subscription{collections: query["wantedCollections"]}
	if err == nil {
		err = sub.common(query, "wantedCollections")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if query.Get("compress") == "true" || strings.Contains(r.Header.Get("Socket-Encoding"), "zstd") {
		sub.pack = s.v1
	}
	s.stream(w, r, sub, s.ring.resolve(sub.cursor, sub.given))
}

func (s *Server) subscribeV2(w http.ResponseWriter, r *http.Request) {
	if status := s.faults.refused(w); status != 0 {
		refuse(w, status, "ServiceUnavailable", "service not ready")
		return
	}
	if s.faults.v1Only.Load() {
		s.faults.struck.Strike(NoV2)
		http.NotFound(w, r)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	sub := &subscription{v2: true, kinds: query["kinds"], collections: query["collections"]}
	if err == nil {
		err = sub.checkV2(query)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", err.Error())
		return
	}
	if raw := query.Get("zstdDictionary"); raw != "" {
		id, err := strconv.ParseUint(raw, 10, 32)
		switch {
		case err != nil || id == 0:
			refuse(w, http.StatusBadRequest, "InvalidRequest", "zstdDictionary must be a positive integer zstd dictionary ID")
			return
		case uint32(id) != s.v2.id:
			refuse(w, http.StatusBadRequest, "UnknownZstdDictionary",
				fmt.Sprintf("unknown zstd dictionary id %d; current dictionary id is %d", id, s.v2.id))
			return
		}
		sub.pack = s.v2
	}
	begin := s.ring.resolve(sub.cursor, sub.given)
	if begin.tooOld {
		s.faults.struck.Strike(TooOld)
		refuse(w, http.StatusBadRequest, "CursorTooOld",
			fmt.Sprintf("requested seq %d is below the retention floor %d", sub.cursor, begin.floor))
		return
	}
	s.stream(w, r, sub, begin)
}

// refuse answers as XRPC does.
func refuse(w http.ResponseWriter, status int, name, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client may be gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(map[string]string{"error": name, "message": message})
}

// stream upgrades the connection and sends until either side ends it.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, sub *subscription, begin start) {
	options := &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled}
	if sub.v2 {
		options.Subprotocols = []string{subprotocol}
	}
	if !s.subs.enter(sub) {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer s.subs.leave(sub)
	conn, err := websocket.Accept(w, r, options)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	// Clients send nothing: who does is cut off.
	ctx, end := context.WithCancel(conn.CloseRead(r.Context()))
	defer end()
	s.subs.ends(sub, end)
	if begin.advice == "FutureCursor" {
		s.faults.struck.Strike(Future)
	}
	defer func() {
		if s.ring.silent() {
			s.faults.struck.Strike(Silent)
		}
	}()
	seq := begin.seq - s.faults.takeRewind(begin.seq, s.ring)
	if sub.v2 && begin.advice != "" && s.write(ctx, conn, sub, adviceFrame(begin.advice, begin.message)) != nil {
		return
	}
	s.pump(ctx, conn, sub, seq)
}

// pump sends what the subscriber wants from seq on.
func (s *Server) pump(ctx context.Context, conn *websocket.Conn, sub *subscription, seq int64) {
	ping := time.NewTicker(s.cfg.Ping)
	defer ping.Stop()
	for {
		batch, wake, ok := s.ring.read(seq, readBatch)
		if !ok || sub.tooSlow() {
			s.dropSlow(ctx, conn, sub)
			return
		}
		for i := range batch {
			seq = batch[i].seq + 1
			if !sub.wants(&batch[i]) {
				continue
			}
			if batch[i].raw != nil {
				s.faults.struck.Strike(Garbled)
			}
			frame := sub.encode(&batch[i])
			if frame != nil && s.write(ctx, conn, sub, frame) != nil {
				return
			}
		}
		if wake == nil {
			continue
		}
		select {
		case <-wake:
		case <-sub.slow:
			s.dropSlow(ctx, conn, sub)
			return
		case <-ping.C:
			if s.ping(ctx, conn) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) ping(ctx context.Context, conn *websocket.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteWithin)
	defer cancel()
	return conn.Ping(ctx)
}

// dropSlow says goodbye to a subscriber that reads too slowly, in words on v2.
func (s *Server) dropSlow(ctx context.Context, conn *websocket.Conn, sub *subscription) {
	s.faults.struck.Strike(Slow)
	if sub.v2 {
		_ = s.write(ctx, conn, sub, errorFrame("ConsumerTooSlow", "reading below the floor rate; reconnect with your cursor"))
	}
	_ = conn.Close(websocket.StatusPolicyViolation, "consumer too slow")
}

func (s *Server) write(ctx context.Context, conn *websocket.Conn, sub *subscription, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteWithin)
	defer cancel()
	kind := websocket.MessageText
	if sub.pack != nil {
		kind, frame = websocket.MessageBinary, sub.pack.pack(frame)
	}
	if n := int(s.faults.split.Load()); n > 0 && n < len(frame) {
		s.faults.struck.Strike(Fragmented)
		return fault.WriteSplit(ctx, conn, kind, frame, n)
	}
	return conn.Write(ctx, kind, frame)
}

// serveDictionary answers getZstdDictionary.
func (s *Server) serveDictionary(w http.ResponseWriter, r *http.Request) {
	if s.faults.v1Only.Load() || s.faults.noDictionary.Load() {
		s.faults.struck.Strike(NoDictionary)
		http.NotFound(w, r)
		return
	}
	if raw := r.URL.Query().Get("id"); raw != "" && raw != strconv.FormatUint(uint64(s.v2.id), 10) {
		refuse(w, http.StatusNotFound, "DictionaryNotFound", fmt.Sprintf("no dictionary with id %.20q; current dictionary id is %d", raw, s.v2.id))
		return
	}
	s.writeDictionary(w, s.v2)
}

func (s *Server) writeDictionary(w http.ResponseWriter, p *packer) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Zstd-Dictionary-Id", strconv.FormatUint(uint64(p.id), 10))
	// The client may be gone; there is nobody to tell.
	_, _ = w.Write(p.bytes)
}
