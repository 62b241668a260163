//! What a process says about itself with every request, stored once and not with each of its spans.

use std::collections::HashMap;
use std::sync::Arc;

use ring::digest::{Context, SHA256};
use rusqlite::{Connection, params};

use super::super::StoreError;
use super::short;
use crate::model::Attribute;

/// How many resources the writer remembers; beyond that it begins to remember anew.
const KNOWN_MAX: usize = 4_096;

/// How far a resource's `latest_ns` may lag behind its spans: it is not written with every batch.
pub(in super::super) const LAG_NS: i64 = 60_000_000_000;

/// The attributes of a resource as JSON, and what they are found by.
#[derive(Debug)]
pub(super) struct Resource {
    digest: [u8; 16],
    pub(super) body: String,
}

/// Makes resources of a batch: most of its spans have the same one.
#[derive(Debug, Default)]
pub(super) struct Maker {
    last: Option<(Arc<[Attribute]>, Arc<Resource>)>,
}

impl Maker {
    pub(super) fn of(&mut self, attributes: Arc<[Attribute]>) -> Result<Arc<Resource>, StoreError> {
        if let Some((known, resource)) = &self.last
            && (Arc::ptr_eq(known, &attributes) || *known == attributes)
        {
            return Ok(Arc::clone(resource));
        }
        let body = serde_json::to_string(attributes.as_ref())?;
        let mut context = Context::new(&SHA256);
        context.update(body.as_bytes());
        let resource = Arc::new(Resource { digest: short(context), body });
        self.last = Some((attributes, Arc::clone(&resource)));
        Ok(resource)
    }
}

/// The resources that the writer has seen: their row, and the `latest_ns` written to it.
#[derive(Debug, Default)]
pub(in super::super) struct Resources {
    known: HashMap<[u8; 16], (i64, i64)>,
}

impl Resources {
    /// Forgets all of them: after a rollback, and when some were removed.
    pub(in super::super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Returns the resource's row, making it when it is missing. The row remembers the latest start
    /// of a span that has it, at most [`LAG_NS`] too early.
    pub(super) fn id_of(
        &mut self,
        connection: &Connection,
        resource: &Resource,
        start_ns: i64,
    ) -> Result<i64, StoreError> {
        if let Some((id, latest_ns)) = self.known.get(&resource.digest)
            && start_ns <= latest_ns.saturating_add(LAG_NS)
        {
            return Ok(*id);
        }
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        let mut statement = connection.prepare_cached(
            "INSERT INTO resources (digest, latest_ns, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (digest) DO UPDATE SET latest_ns = max(latest_ns, excluded.latest_ns)
             RETURNING id, latest_ns",
        )?;
        let row = statement
            .query_row(params![resource.digest, start_ns, resource.body], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        self.known.insert(resource.digest, row);
        Ok(row.0)
    }
}
