package kinesisd

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"math/big"
	"sort"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	shardRecordsPerSecond = 1000
	shardBytesPerSecond   = 1 << 20
	hashBits              = 128
)

// hashKey is a place in the hash space, big endian so that bytes compare as
// numbers do.
type hashKey [hashBits / 8]byte

func keyOf(partitionKey string) hashKey { return md5.Sum([]byte(partitionKey)) }

func parseHashKey(s string) (hashKey, bool) {
	var k hashKey
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > hashBits || n.String() != s {
		return k, false
	}
	n.FillBytes(k[:])
	return k, true
}

func (k hashKey) String() string { return new(big.Int).SetBytes(k[:]).String() }

// shard is one hash range of a stream, with what it may still take.
type shard struct {
	id          string
	first, last hashKey

	mu      sync.Mutex
	records *rate.Limiter
	bytes   *rate.Limiter
}

// newShards divides the hash space evenly; the last shard takes the rest.
func newShards(n int) []*shard {
	space := new(big.Int).Lsh(big.NewInt(1), hashBits)
	width := new(big.Int).Div(space, big.NewInt(int64(n)))
	shards := make([]*shard, n)
	for i := range shards {
		sh := &shard{
			id:      shardID(i),
			records: rate.NewLimiter(shardRecordsPerSecond, shardRecordsPerSecond),
			bytes:   rate.NewLimiter(shardBytesPerSecond, shardBytesPerSecond),
		}
		first := new(big.Int).Mul(width, big.NewInt(int64(i)))
		end := new(big.Int).Add(first, width)
		if i == n-1 {
			end = space
		}
		first.FillBytes(sh.first[:])
		end.Sub(end, big.NewInt(1)).FillBytes(sh.last[:])
		shards[i] = sh
	}
	return shards
}

func shardID(i int) string { return fmt.Sprintf("shardId-%012d", i) }

// shardAt returns the index of the shard whose range holds k.
func shardAt(shards []*shard, k hashKey) int {
	return sort.Search(len(shards), func(i int) bool { return bytes.Compare(k[:], shards[i].last[:]) <= 0 })
}

// take reports whether the shard may take one more record of size bytes, and
// if so counts it.
func (sh *shard) take(now time.Time, size int) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.records.TokensAt(now) < 1 || sh.bytes.TokensAt(now) < float64(size) {
		return false
	}
	return sh.records.AllowN(now, 1) && sh.bytes.AllowN(now, size)
}
