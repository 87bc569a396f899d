package mongod

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// lookupPeriod is how often new collections are looked for.
const lookupPeriod = time.Second

// without lists the tables of complete collections that have no lookup yet.
const without = `SELECT table_name FROM ` + catalogue + ` WHERE settings <> '{}'
	AND table_name || '` + lookupSuffix + `' NOT IN (SELECT name FROM sqlite_master WHERE type = 'index')`

// addLookups gives every collection of a database its index on _id, in the
// very form in which FerretDB's queries ask for it.
func addLookups(ctx context.Context, db querier) error {
	tables, err := names(ctx, db, without)
	if err != nil {
		return err
	}
	for _, table := range tables {
		create := fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %s ON %s (_ferretdb_sjson->'$._id')`,
			quote(table+lookupSuffix), quote(table))
		if _, err := db.ExecContext(ctx, create); err != nil {
			return err
		}
	}
	return nil
}

// keepLookups gives new collections their lookup until ctx ends. SQLite has no
// trigger on the making of a table, so the files are looked at once in a
// period, and opened only if they have changed.
func keepLookups(ctx context.Context, logger *slog.Logger) {
	ticker := time.NewTicker(lookupPeriod)
	defer ticker.Stop()
	done := map[string]version{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		files, _ := databaseFiles() // its pattern is well formed
		for _, file := range files {
			seen := versionOf(file)
			if seen == done[file] {
				continue
			}
			err := withDatabase(ctx, file, func(db *sql.Conn) error { return addLookups(ctx, db) })
			if err == nil {
				done[file] = seen
				continue
			}
			// Most likely the database was half made or just dropped.
			logger.DebugContext(ctx, "index on _id not made, trying again", "file", file, "error", err)
		}
	}
}

// version tells whether a database was written to.
type version struct {
	size, logSize int64
	time, logTime time.Time
}

// versionOf reads the version of a database file and its write-ahead log.
func versionOf(file string) version {
	var v version
	if info, err := os.Stat(file); err == nil {
		v.size, v.time = info.Size(), info.ModTime()
	}
	if info, err := os.Stat(file + "-wal"); err == nil {
		v.logSize, v.logTime = info.Size(), info.ModTime()
	}
	return v
}
