//! The tables: what made each version out of the one before.

use std::ops::Range;

/// What made each version out of the one before; the number of those applied is in `SQLite`'s
/// `user_version`. A published one never changes.
pub(super) const MIGRATIONS: &[&str] =
    &[TABLES, METRICS_AND_ITEMS, ORDER_OF_ARRIVAL, NUMBERED_TRACES, COMPRESSED_EVENTS];

/// The version that this program writes.
pub(super) const VERSION: i64 = 5;
const _: () = assert!(MIGRATIONS.len() == 5, "as many migrations as versions");

/// `*_ns` are nanoseconds since the Unix epoch; ids are lower-case hex text, so that `sqlite3` shows
/// what people paste; `*_key` are ids as `model::id_key` writes them; `body` is the model value as JSON. A
/// `trace_key` that would be the `request_key` is null since version 5.
pub(super) const TABLES: &str = "
CREATE TABLE spans (
  trace_id TEXT NOT NULL, span_id TEXT NOT NULL, kind TEXT NOT NULL,
  parent_id TEXT, service TEXT NOT NULL, name TEXT NOT NULL,
  start_ns INTEGER NOT NULL, end_ns INTEGER, is_error INTEGER NOT NULL, body TEXT NOT NULL);
CREATE UNIQUE INDEX spans_by_id ON spans (trace_id, span_id, kind);
CREATE INDEX spans_by_start ON spans (start_ns);
CREATE TABLE logs (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, time_ns INTEGER NOT NULL,
  level INTEGER, service TEXT, request_key TEXT, trace_key TEXT, body TEXT NOT NULL);
CREATE INDEX logs_by_time ON logs (time_ns);
CREATE INDEX logs_by_request ON logs (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX logs_by_trace ON logs (trace_key) WHERE trace_key IS NOT NULL;
CREATE TABLE issues (
  id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, short_id TEXT NOT NULL UNIQUE,
  service TEXT NOT NULL);
CREATE TABLE events (
  event_id TEXT PRIMARY KEY, issue INTEGER NOT NULL REFERENCES issues (id), time_ns INTEGER NOT NULL,
  level INTEGER, request_key TEXT, trace_key TEXT, user TEXT NOT NULL, body TEXT NOT NULL,
  raw BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX events_by_issue ON events (issue, time_ns);
CREATE INDEX events_by_time ON events (time_ns);
CREATE INDEX events_by_request ON events (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX events_by_trace ON events (trace_key) WHERE trace_key IS NOT NULL;
";

/// Measurements, and what else envelopes hold.
pub(super) const METRICS_AND_ITEMS: &str = "
CREATE TABLE metrics (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, time_ns INTEGER NOT NULL, name TEXT NOT NULL,
  service TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX metrics_by_time ON metrics (time_ns);
CREATE INDEX metrics_by_name ON metrics (name, time_ns);
CREATE TABLE items (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, received_ns INTEGER NOT NULL,
  kind TEXT NOT NULL, project TEXT NOT NULL, event_id TEXT, header TEXT NOT NULL,
  payload BLOB NOT NULL);
CREATE INDEX items_by_time ON items (received_ns);
CREATE INDEX items_by_event ON items (event_id) WHERE event_id IS NOT NULL;
";

/// Rows get numbers that grow with their arrival, which `sqlite3`'s `VACUUM` keeps too, and marks say
/// when which number had come: the retention removes by them. What a process says about itself is
/// stored once: `spans.resource` refers to it, and is null where the body still is the whole span.
/// `issue_numbers` has the last number given in a short id.
pub(super) const ORDER_OF_ARRIVAL: &str = "
CREATE TABLE resources (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, latest_ns INTEGER NOT NULL,
  body TEXT NOT NULL);
ALTER TABLE spans RENAME TO spans_2;
DROP INDEX spans_by_id;
DROP INDEX spans_by_start;
CREATE TABLE spans (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, kind TEXT NOT NULL,
  parent_id TEXT, service TEXT NOT NULL, name TEXT NOT NULL, start_ns INTEGER NOT NULL,
  end_ns INTEGER, is_error INTEGER NOT NULL, resource INTEGER, body TEXT NOT NULL);
INSERT INTO spans (trace_id, span_id, kind, parent_id, service, name, start_ns, end_ns, is_error, body)
  SELECT trace_id, span_id, kind, parent_id, service, name, start_ns, end_ns, is_error, body
  FROM spans_2 ORDER BY rowid;
DROP TABLE spans_2;
CREATE UNIQUE INDEX spans_by_id ON spans (trace_id, span_id, kind);
CREATE INDEX spans_by_start ON spans (start_ns);
ALTER TABLE events RENAME TO events_2;
DROP INDEX events_by_issue;
DROP INDEX events_by_time;
DROP INDEX events_by_request;
DROP INDEX events_by_trace;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE,
  issue INTEGER NOT NULL REFERENCES issues (id), time_ns INTEGER NOT NULL, level INTEGER,
  request_key TEXT, trace_key TEXT, user TEXT NOT NULL, body TEXT NOT NULL, raw BLOB NOT NULL);
INSERT INTO events (event_id, issue, time_ns, level, request_key, trace_key, user, body, raw)
  SELECT event_id, issue, time_ns, level, request_key, trace_key, user, body, raw
  FROM events_2 ORDER BY time_ns;
DROP TABLE events_2;
CREATE INDEX events_by_issue ON events (issue, time_ns);
CREATE INDEX events_by_time ON events (time_ns);
CREATE INDEX events_by_request ON events (request_key) WHERE request_key IS NOT NULL;
CREATE INDEX events_by_trace ON events (trace_key) WHERE trace_key IS NOT NULL;
CREATE TABLE issue_numbers (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO issue_numbers
  SELECT rtrim(rtrim(short_id, '0123456789'), '-'),
    max(CAST(substr(short_id, length(rtrim(short_id, '0123456789')) + 1) AS INTEGER))
  FROM issues GROUP BY 1;
CREATE TABLE arrivals (
  at_ns INTEGER PRIMARY KEY, spans INTEGER NOT NULL, logs INTEGER NOT NULL,
  events INTEGER NOT NULL, metrics INTEGER NOT NULL, items INTEGER NOT NULL);
INSERT INTO arrivals SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000000,
  ifnull((SELECT max(id) FROM spans), 0), ifnull((SELECT max(id) FROM logs), 0),
  ifnull((SELECT max(id) FROM events), 0), ifnull((SELECT max(id) FROM metrics), 0),
  ifnull((SELECT max(id) FROM items), 0);
";

/// Traces get numbers in the order of arrival. Their ids are scattered: with them in the index of the
/// spans, each batch had to write as many of its pages as it has traces, and now a few.
pub(super) const NUMBERED_TRACES: &str = "
CREATE TABLE traces (id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL UNIQUE);
INSERT INTO traces (trace_id) SELECT trace_id FROM spans GROUP BY trace_id ORDER BY min(id);
ALTER TABLE spans ADD COLUMN trace INTEGER;
UPDATE spans SET trace = (SELECT t.id FROM traces t WHERE t.trace_id = spans.trace_id);
DROP INDEX spans_by_id;
CREATE UNIQUE INDEX spans_by_trace ON spans (trace, span_id, kind);
";

/// Events that come from now on are compressed (`store::raw`); those that are there stay as they are.
const COMPRESSED_EVENTS: &str = "";

/// What a reader of an older file, which it must not change, puts before the tables: for files of
/// these versions.
pub(super) const AS_THE_LATEST: &[(Range<i64>, &str)] = &[
    (1..2, WITHOUT_METRICS),
    (1..3, BEFORE_ARRIVALS),
    (3..4, BEFORE_NUMBERED_TRACES),
    (1..4, WITHOUT_TRACES),
];

const WITHOUT_METRICS: &str = "
CREATE TEMP TABLE metrics (
  id INTEGER PRIMARY KEY, digest BLOB, time_ns INTEGER, name TEXT, service TEXT, body TEXT);
CREATE TEMP TABLE items (
  id INTEGER PRIMARY KEY, digest BLOB, received_ns INTEGER, kind TEXT, project TEXT,
  event_id TEXT, header TEXT, payload BLOB);
";

const BEFORE_ARRIVALS: &str = "
CREATE TEMP VIEW spans AS
  SELECT rowid AS id, *, NULL AS resource, trace_id AS trace FROM main.spans;
CREATE TEMP TABLE resources (id INTEGER PRIMARY KEY, digest BLOB, latest_ns INTEGER, body TEXT);
";

const BEFORE_NUMBERED_TRACES: &str = "
CREATE TEMP VIEW spans AS SELECT *, trace_id AS trace FROM main.spans;
";

/// Each trace's number is its id.
const WITHOUT_TRACES: &str = "
CREATE TEMP VIEW traces AS SELECT trace_id AS id, trace_id FROM main.spans;
";
