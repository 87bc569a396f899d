package mongod

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
)

// What a kill can leave behind. FerretDB makes a database, a collection and an
// index in several commits each. A file without a catalogue stops it from
// starting; a table or an index without its entry makes the next attempt to
// create it fail; an entry without settings is a collection without its unique
// index on _id, which would take duplicates in silence. It writes documents
// only after the last of these commits, so that what is undone here is empty,
// or was being dropped.
const (
	userTables = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`

	unfinished = `SELECT table_name FROM ` + catalogue + ` WHERE settings = '{}'`

	strayTables = userTables + ` AND name <> '` + catalogue + `' AND name NOT IN (SELECT table_name FROM ` + catalogue + `)`

	strayIndexes = `SELECT i.name FROM sqlite_master i JOIN ` + catalogue + ` c ON c.table_name = i.tbl_name
		WHERE i.type = 'index' AND i.sql IS NOT NULL AND i.name <> c.table_name || '` + lookupSuffix + `'
		AND i.name NOT IN (SELECT c.table_name || '_' || json_extract(x.value, '$.name') FROM json_each(c.settings, '$.indexes') x)`
)

// repair undoes what a kill left half made in the working directory, and gives
// every collection its lookup. It runs before FerretDB opens the files.
func repair(ctx context.Context, logger *slog.Logger) error {
	files, err := databaseFiles()
	if err != nil {
		return fmt.Errorf("list database files: %w", err)
	}
	for _, file := range files {
		empty := false
		err := withDatabase(ctx, file, func(db *sql.Conn) error {
			tables, err := names(ctx, db, userTables)
			if err != nil {
				return err
			}
			if len(tables) == 0 {
				empty = true
				return nil
			}
			if err := repairDatabase(ctx, db, file, logger); err != nil {
				return err
			}
			return addLookups(ctx, db)
		})
		if err != nil {
			return err
		}
		if empty {
			if err := removeDatabase(file); err != nil {
				return fmt.Errorf("remove empty database file: %w", err)
			}
		}
	}
	return nil
}

// repairDatabase undoes what is half made in one database, all or nothing.
// The order matters: a table is a stray once its entry is gone.
func repairDatabase(ctx context.Context, conn *sql.Conn, file string, logger *slog.Logger) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it does nothing after the commit

	if err := dropUnfinished(ctx, tx); err != nil {
		return err
	}
	for _, stray := range []struct{ kind, find string }{{"TABLE", strayTables}, {"INDEX", strayIndexes}} {
		found, err := names(ctx, tx, stray.find)
		if err != nil {
			return err
		}
		for _, name := range found {
			if _, err := tx.ExecContext(ctx, "DROP "+stray.kind+" "+quote(name)); err != nil {
				return err
			}
			logger.WarnContext(ctx, "half made by a process that was killed, undone",
				"file", file, "kind", stray.kind, "name", name)
		}
	}
	return tx.Commit()
}

// dropUnfinished drops the entries of unfinished collections.
func dropUnfinished(ctx context.Context, tx *sql.Tx) error {
	tables, err := names(ctx, tx, unfinished)
	if err != nil {
		return err
	}
	for _, table := range tables {
		documents, err := names(ctx, tx, "SELECT 'one' FROM "+quote(table)+" LIMIT 1")
		if err != nil {
			return err
		}
		if len(documents) > 0 { // FerretDB went on after a full disk
			return fmt.Errorf("table %s has documents but no unique index: move the file away, and fill the database anew", table)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+catalogue+" WHERE table_name = ?", table); err != nil {
			return err
		}
	}
	return nil
}
