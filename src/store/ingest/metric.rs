//! Measurements as rows.

use ring::digest::{Context, SHA256};
use rusqlite::params;

use super::super::StoreError;
use super::{Inserts, RecordKind, short};
use crate::model::MetricPoint;

/// One row of `metrics`.
#[derive(Debug)]
pub(in super::super) struct MetricRow {
    digest: [u8; 16],
    time_ns: i64,
    name: String,
    service: String,
    body: String,
}

impl MetricRow {
    pub(super) fn of(point: MetricPoint) -> Result<Self, StoreError> {
        let attributes = serde_json::to_string(&point.attributes)?;
        let mut context = Context::new(&SHA256);
        for part in [&point.name, &point.service, &attributes, point.kind.as_str()] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        context.update(&point.time.0.to_be_bytes());
        Ok(Self {
            digest: short(context),
            time_ns: point.time.0,
            body: serde_json::to_string(&point)?,
            name: point.name,
            service: point.service,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.service.len() + self.body.len()
    }

    /// A series has one point at one time; of two that differ the one stays whose JSON is greater, in
    /// whatever order they come.
    pub(super) fn store(&self, inserts: &mut Inserts<'_>, id: i64) -> Result<usize, StoreError> {
        let statement = inserts.of(
            RecordKind::Metric,
            "INSERT INTO metrics (id, digest, time_ns, name, service, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (digest) DO UPDATE SET body = excluded.body
             WHERE excluded.body > metrics.body",
        )?;
        Ok(statement.execute(params![
            id,
            self.digest,
            self.time_ns,
            self.name,
            self.service,
            self.body,
        ])?)
    }
}
