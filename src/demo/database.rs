//! The database: a pool of connections to one `SQLite` file, a span and a breadcrumb for each query.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::trace::Status;
use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::CachedStatement;
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::demo::error_chain;
use crate::demo::metrics::Metrics;
use crate::demo::unhandled::record_exception;

mod pool_metrics;

/// Few, so that a handful of slow requests is enough to see the pool run out.
const CONNECTIONS_MAX: u32 = 4;
const CONNECTION_TIMEOUT: Duration = Duration::from_millis(500);

/// A query and how telemetry names it: by what it does to what, never by its text.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) operation: &'static str,
    pub(super) collection: &'static str,
    pub(super) text: &'static str,
}

/// A query without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cannot run {operation} {collection}")]
pub(super) struct QueryError {
    operation: &'static str,
    collection: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

/// A database that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection to the file.
    #[error("cannot connect to the database {path}")]
    Connect {
        /// The file.
        path: String,
        /// The pool's reason.
        source: r2d2::Error,
    },
    /// The tables cannot be made.
    #[error("cannot migrate the database")]
    Migrate(#[from] rusqlite::Error),
}

/// The pool. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pool: Pool<SqliteConnectionManager>,
    metrics: Arc<Metrics>,
    /// `db.namespace`: the name of the file.
    namespace: Arc<str>,
}

impl Database {
    /// Opens the file and runs `migration`, a script that may run any number of times.
    pub(super) fn open(
        path: &Path,
        migration: &str,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, OpenError> {
        let manager = SqliteConnectionManager::file(path).with_init(|connection| {
            connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;")
        });
        let connect = |source| OpenError::Connect { path: path.display().to_string(), source };
        let pool = Pool::builder()
            .max_size(CONNECTIONS_MAX)
            // The first connection makes the file; the others are opened when they are needed.
            .min_idle(Some(1))
            .connection_timeout(CONNECTION_TIMEOUT)
            .build(manager)
            .map_err(connect)?;
        pool.get().map_err(connect)?.execute_batch(migration)?;
        metrics.collect_from(pool_metrics::PoolMetrics::new(pool.clone()));
        let namespace = path.file_name().unwrap_or_default().to_string_lossy().into();
        Ok(Self { pool, metrics: Arc::clone(metrics), namespace })
    }

    /// Runs one query on a thread that may block; the span and the request's context go along.
    ///
    /// The span includes the wait for a connection. A connection that does not come within 500 ms is
    /// an error of the pool.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        statement: &'static Statement,
        work: impl FnOnce(&mut CachedStatement<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueryError> {
        let span = self.query_span(statement);
        sentry::add_breadcrumb(sentry::Breadcrumb {
            category: Some(String::from("query")),
            message: Some(statement.text.to_owned()),
            ..sentry::Breadcrumb::default()
        });
        let (pool, metrics) = (self.pool.clone(), Arc::clone(&self.metrics));
        let query = move || {
            span.in_scope(|| {
                let started = Instant::now();
                let outcome = query(&pool, statement, work);
                let Statement { operation, collection, .. } = *statement;
                metrics.observe_query(operation, collection, started.elapsed());
                outcome
                    .map_err(|source| QueryError { operation, collection, source })
                    .inspect_err(|error| record_failure(&span, error))
            })
        };
        match tokio::task::spawn_blocking(query).await {
            Ok(outcome) => outcome,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Checks that a connection can be had and answers; says why not.
    pub(super) async fn ready(&self) -> Result<(), String> {
        const PING: Statement =
            Statement { operation: "SELECT", collection: "sqlite_master", text: "SELECT 1" };
        let ping = self.run(&PING, |ping| ping.query_row([], |_| Ok(())));
        ping.await.map_err(|error| error.source.to_string())
    }

    fn query_span(&self, statement: &Statement) -> Span {
        info_span!(
            "query",
            otel.name = format!("{} {}", statement.operation, statement.collection),
            otel.kind = "client",
            db.system.name = "sqlite",
            db.namespace = &*self.namespace,
            db.operation.name = statement.operation,
            db.collection.name = statement.collection,
            db.query.text = statement.text,
            error.type = field::Empty,
        )
    }
}

fn query<T>(
    pool: &Pool<SqliteConnectionManager>,
    statement: &Statement,
    work: impl FnOnce(&mut CachedStatement<'_>) -> rusqlite::Result<T>,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    let connection = pool.get()?;
    let mut prepared = connection.prepare_cached(statement.text)?;
    Ok(work(&mut prepared)?)
}

fn record_failure(span: &Span, error: &QueryError) {
    let cause = error_chain::links(&*error.source).swap_remove(0);
    span.record("error.type", cause.kind);
    record_exception(span, error);
    span.set_status(Status::error(cause.message));
}
