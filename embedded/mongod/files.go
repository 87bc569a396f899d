package mongod

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// catalogue is FerretDB's table of collections in each database file: name,
// table_name, and settings, which are "{}" until the collection is complete.
const catalogue = "_ferretdb_collections"

// lookupSuffix follows a collection's table name in the name of the index
// through which a document is found by its _id.
const lookupSuffix = "_cashtag_lookup"

// databaseFiles lists the database files of the working directory.
func databaseFiles() ([]string, error) { return filepath.Glob("*.sqlite") }

// withDatabase lends one connection to a database file. The connection is not
// kept: FerretDB removes the file of a database that is dropped, and SQLite
// tidies up after it only when nobody else holds it. The driver is the one
// that FerretDB has registered.
func withDatabase(ctx context.Context, file string, use func(db *sql.Conn) error) (err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_pragma=synchronous(full)")
	if err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	if err := errors.Join(use(conn), conn.Close()); err != nil {
		return fmt.Errorf("database file %s: %w", file, err)
	}
	return nil
}

// querier is a connection or a transaction on one.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// names runs a query for one column of text.
func names(ctx context.Context, db querier, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what matters
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, rows.Err()
}

// removeDatabase removes a database file and its write-ahead log.
func removeDatabase(file string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(file + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// quote writes a name as SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
