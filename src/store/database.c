/* Tables of one shape under names that a person with the sqlite3 tool understands. WAL with synchronous=FULL: a
 * commit is one fdatasync of the log. A reader (that tool) never blocks the gateway; a writer is waited for.
 *
 * A damaged file must not keep a gateway on a ship from starting: it is renamed and kept for whoever can repair it,
 * and what it held is missed, which the log says. */
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "store/order.h"

enum {
	VERSION = 2, /* of the tables: PRAGMA user_version */
	BUSY_MS = 5000,
	PATH_BYTES = 4096,
	PROBE_BYTES = 65536
};

#define COLUMNS                                                                                    \
	"expires_ns INTEGER NOT NULL, media TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL"

/* What each version added to the one before it. */
static const char *const versions[VERSION] = {
	"CREATE TABLE last_values (path TEXT PRIMARY KEY, client TEXT NOT NULL, "
	"received_ns INTEGER NOT NULL, " COLUMNS ");"
	"CREATE TABLE mqtt_sessions (session TEXT PRIMARY KEY, client TEXT NOT NULL, "
	"saved_ns INTEGER NOT NULL, " COLUMNS ");"
	"CREATE TABLE mailbox (command TEXT PRIMARY KEY, device TEXT NOT NULL, "
	"queued_ns INTEGER NOT NULL, " COLUMNS ");"
	"PRAGMA user_version = 1;",
	"CREATE TABLE clients (client TEXT PRIMARY KEY, plan TEXT NOT NULL, "
	"changed_ns INTEGER NOT NULL, " COLUMNS ");"
	"CREATE TABLE keys (key TEXT PRIMARY KEY, client TEXT NOT NULL, "
	"made_ns INTEGER NOT NULL, " COLUMNS ");"
	"PRAGMA user_version = 2;",
};

/* Columns in the order of struct store_record. */
static const struct {
	const char *put, *remove, *each;
} statements[STORE_TABLES] = {
	[STORE_LAST_VALUES] = { "INSERT OR REPLACE INTO last_values VALUES (?,?,?,?,?,?,?)",
	        "DELETE FROM last_values WHERE path = ?",
	        "SELECT * FROM last_values ORDER BY path" },
	[STORE_MQTT_SESSIONS] = { "INSERT OR REPLACE INTO mqtt_sessions VALUES (?,?,?,?,?,?,?)",
	        "DELETE FROM mqtt_sessions WHERE session = ?",
	        "SELECT * FROM mqtt_sessions ORDER BY session" },
	[STORE_MAILBOX] = { "INSERT OR REPLACE INTO mailbox VALUES (?,?,?,?,?,?,?)",
	        "DELETE FROM mailbox WHERE command = ?", "SELECT * FROM mailbox ORDER BY command" },
	[STORE_CLIENTS] = { "INSERT OR REPLACE INTO clients VALUES (?,?,?,?,?,?,?)",
	        "DELETE FROM clients WHERE client = ?", "SELECT * FROM clients ORDER BY client" },
	[STORE_KEYS] = { "INSERT OR REPLACE INTO keys VALUES (?,?,?,?,?,?,?)",
	        "DELETE FROM keys WHERE key = ?", "SELECT * FROM keys ORDER BY key" },
};

struct database {
	sqlite3 *handle;
	sqlite3_stmt *put[STORE_TABLES], *remove[STORE_TABLES];
	sqlite3_stmt *begin, *commit;
	char path[PATH_BYTES];
};

/* Why the folder takes no file, as errno's value; 0: it takes one. SQLite tries more than one way to open a file and tells of the
 * last, and "disk I/O error" where its shared memory, which is a file, finds no room. */
static int probe(const char *path)
{
	static const char nothing[PROBE_BYTES];
	char file[PATH_BYTES + 8];
	(void)snprintf(file, sizeof file, "%s.probe", path);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	int why = file_write_all(fd, (slice){ nothing, sizeof nothing }) ? 0 : errno;
	(void)close(fd);
	(void)unlink(file);
	return why;
}

static bool failed(struct database *database, struct error *error)
{
	int code = sqlite3_errcode(database->handle);
	int why = 0;
	if (code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN)
		why = probe(database->path);
	return error_set(error, "%s cannot be used: %s", database->path,
	        why ? file_why(why) : sqlite3_errmsg(database->handle));
}

static bool run(struct database *database, const char *sql, struct error *error)
{
	return sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       failed(database, error);
}

/* The first column of the first row. */
static int first_row(struct database *database, const char *sql, slice *text, sqlite3_int64 *number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW && number)
		*number = sqlite3_column_int64(statement, 0);
	if (code == SQLITE_ROW && text) {
		const char *p = (const char *)sqlite3_column_text(statement, 0);
		*text = p && strcmp(p, "ok") == 0 ? SLICE("ok") : SLICE("damaged");
	}
	(void)sqlite3_finalize(statement);
	return code;
}

static bool is_damaged(struct database *database)
{
	slice said = { NULL, 0 };
	int code = first_row(database, "PRAGMA quick_check(1)", &said, NULL);
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
	       (code == SQLITE_ROW && !slice_is(said, "ok"));
}

static bool connect(struct database *database, struct error *error)
{
	/* Made here, so that only its owner may read it; SQLite gives its other files the same mode. */
	int fd = open(database->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(error, "%s cannot be used: %s", database->path, file_why(errno));
	(void)close(fd);
	int code = sqlite3_open_v2(database->path, &database->handle, SQLITE_OPEN_READWRITE, NULL);
	if (code != SQLITE_OK)
		return failed(database, error);
	(void)sqlite3_busy_timeout(database->handle, BUSY_MS);
	/* The log and its index stay when the gateway stops, empty: so it starts on a disk that is full by then. */
	int stay = 1;
	(void)sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &stay);
	return true;
}

static void disconnect(struct database *database)
{
	for (unsigned i = 0; i < STORE_TABLES; i++) {
		(void)sqlite3_finalize(database->put[i]);
		(void)sqlite3_finalize(database->remove[i]);
	}
	(void)sqlite3_finalize(database->begin);
	(void)sqlite3_finalize(database->commit);
	(void)sqlite3_close(database->handle);
	database->handle = NULL;
}

/* With its log, without which it would be another state than it was. */
static bool put_aside(struct database *database, struct error *error)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char from[PATH_BYTES + 8], to[PATH_BYTES + 48];
	uint64_t now = clock_wall_ns();
	disconnect(database);
	for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
		(void)snprintf(from, sizeof from, "%s%s", database->path, parts[i]);
		(void)snprintf(to, sizeof to, "%s.damaged-%" PRIu64 "%s", database->path,
		        now / UINT64_C(1000000000), parts[i]);
		if (rename(from, to) != 0 && (errno != ENOENT || !*parts[i]))
			return error_set(error, "%s is damaged and cannot be renamed: %s", from,
			        strerror(errno));
	}
	log_error("store",
	        "%s is damaged: it is now %s.damaged-%" PRIu64
	        ", and the gateway starts without what it held",
	        database->path, database->path, now / UINT64_C(1000000000));
	return connect(database, error);
}

static bool prepare_tables(struct database *database, struct error *error)
{
	sqlite3_int64 version = 0;
	if (first_row(database, "PRAGMA user_version", NULL, &version) != SQLITE_ROW)
		return failed(database, error);
	if (version > VERSION)
		return error_set(error,
		        "%s was written by a later version of this program (tables %lld, here %d)",
		        database->path, (long long)version, VERSION);
	if (version == VERSION)
		return true;
	/* All or nothing: a start that is interrupted begins again. */
	if (!run(database, "BEGIN IMMEDIATE", error))
		return false;
	for (; version < VERSION; version++) {
		if (!run(database, versions[version], error))
			return false;
	}
	return run(database, "COMMIT", error);
}

static bool prepare(
        struct database *database, const char *sql, sqlite3_stmt **statement, struct error *error)
{
	return sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
	               NULL) == SQLITE_OK ||
	       failed(database, error);
}

static bool prepare_all(struct database *database, struct error *error)
{
	for (unsigned i = 0; i < STORE_TABLES; i++) {
		if (!prepare(database, statements[i].put, &database->put[i], error) ||
		        !prepare(database, statements[i].remove, &database->remove[i], error))
			return false;
	}
	return prepare(database, "BEGIN IMMEDIATE", &database->begin, error) &&
	       prepare(database, "COMMIT", &database->commit, error);
}

/* The log is cut back to 8 MiB when it was larger; a thousand pages are kept in memory at most. */
static const char settings[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 8388608;"
        "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";

struct database *database_open(const char *folder, struct error *error)
{
	struct database *database = calloc(1, sizeof *database);
	if (!database) {
		error_set(error, "out of memory");
		return NULL;
	}
	(void)snprintf(database->path, sizeof database->path, "%s/fairlead.db", folder);
	bool open = connect(database, error);
	if (open && is_damaged(database))
		open = put_aside(database, error);
	if (open && run(database, settings, error) && prepare_tables(database, error) &&
	        prepare_all(database, error))
		return database;
	database_close(database);
	return NULL;
}

void database_close(struct database *database)
{
	if (!database)
		return;
	disconnect(database);
	free(database);
}

static void bind_text(sqlite3_stmt *statement, int at, slice text)
{
	(void)sqlite3_bind_text64(
	        statement, at, text.n ? text.p : "", text.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_bytes(sqlite3_stmt *statement, int at, slice bytes)
{
	(void)sqlite3_bind_blob64(statement, at, bytes.n ? bytes.p : "", bytes.n, SQLITE_STATIC);
}

static int write_one(struct database *database, const struct order *order)
{
	const struct store_record *record = &order->record;
	sqlite3_stmt *statement =
	        order->removes ? database->remove[order->table] : database->put[order->table];
	bind_text(statement, 1, record->key);
	if (!order->removes) {
		bind_text(statement, 2, record->owner);
		(void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)record->time_ns);
		(void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)record->expires_ns);
		bind_text(statement, 5, record->media);
		bind_bytes(statement, 6, record->head);
		bind_bytes(statement, 7, record->body);
	}
	(void)sqlite3_step(statement);
	/* The code of the step, and no pointer of ours is kept. */
	int code = sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
	return code;
}

static int step_and_reset(sqlite3_stmt *statement)
{
	(void)sqlite3_step(statement);
	return sqlite3_reset(statement);
}

enum status database_write(
        struct database *database, const struct list *orders, char why[DATABASE_WHY_BYTES])
{
	int code = step_and_reset(database->begin);
	LIST_EACH (orders, at, following) {
		if (code == SQLITE_OK)
			code = write_one(database, LIST_OWNER(at, struct order, link));
	}
	if (code == SQLITE_OK)
		code = step_and_reset(database->commit);
	if (code == SQLITE_OK)
		return STATUS_OK;
	(void)snprintf(why, DATABASE_WHY_BYTES, "%s (SQLite %d)", sqlite3_errmsg(database->handle),
	        sqlite3_extended_errcode(database->handle));
	/* Its shared memory is a file too. */
	bool full =
	        (code & 0xff) == SQLITE_FULL ||
	        ((code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(database->handle) == ENOSPC);
	if (!sqlite3_get_autocommit(database->handle))
		(void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
	return full ? STATUS_STORE_FULL : STATUS_INTERNAL;
}

static slice column(sqlite3_stmt *statement, int at)
{
	const char *p = sqlite3_column_blob(statement, at);
	return (slice){ p, (size_t)sqlite3_column_bytes(statement, at) };
}

bool database_each(struct database *database, enum store_table table,
        bool (*each)(void *arg, const struct store_record *), void *arg, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int code =
	        sqlite3_prepare_v2(database->handle, statements[table].each, -1, &statement, NULL);
	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		if (code != SQLITE_ROW)
			break;
		struct store_record record = { .key = column(statement, 0),
			.owner = column(statement, 1),
			.time_ns = (uint64_t)sqlite3_column_int64(statement, 2),
			.expires_ns = (uint64_t)sqlite3_column_int64(statement, 3),
			.media = column(statement, 4),
			.head = column(statement, 5),
			.body = column(statement, 6) };
		if (!each(arg, &record))
			code = SQLITE_DONE;
	}
	bool read = code == SQLITE_DONE || failed(database, error);
	(void)sqlite3_finalize(statement);
	return read;
}
