//! How full the pool is, read when `/metrics` is.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGauge, IntGaugeVec, Opts};
use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;

/// `db_client_connections_usage{state="used|idle"}` and `db_client_connections_max`.
pub(super) struct PoolMetrics {
    pool: Pool<SqliteConnectionManager>,
    usage: IntGaugeVec,
    max: IntGauge,
}

impl PoolMetrics {
    pub(super) fn new(pool: Pool<SqliteConnectionManager>) -> Self {
        let usage = Opts::new("db_client_connections_usage", "Connections of the pool by state.");
        let max = IntGauge::new("db_client_connections_max", "Connections the pool may open.")
            .expect("a valid metric");
        max.set(pool.max_size().into());
        Self { pool, usage: IntGaugeVec::new(usage, &["state"]).expect("a valid metric"), max }
    }
}

impl Collector for PoolMetrics {
    fn desc(&self) -> Vec<&Desc> {
        [self.usage.desc(), self.max.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let state = self.pool.state();
        let used = state.connections - state.idle_connections;
        self.usage.with_label_values(&["used"]).set(used.into());
        self.usage.with_label_values(&["idle"]).set(state.idle_connections.into());
        [self.usage.collect(), self.max.collect()].concat()
    }
}
