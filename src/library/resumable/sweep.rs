//! Uploads that nobody went on with are given up, and in time forgotten.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::entry::Entry;
use super::record::End;
use super::table::Resumables;
use crate::storage::StorageError;
use crate::timeline::{DurationMs, UnixMs};

/// After a disk that refused, and for what was just due and busy.
const AGAIN_AFTER: DurationMs = DurationMs::new(60_000);

/// Gives up what expires, when it expires, until `shutdown` is true.
pub(in crate::library) async fn sweep_until(
    resumables: Resumables,
    mut shutdown: watch::Receiver<bool>,
) {
    let table = Arc::clone(&resumables.0);
    let swept = tokio::select! {
        swept = table.sweep_objects() => swept,
        _ = shutdown.wait_for(|closing| *closing) => return,
    };
    if let Err(error) = swept {
        tracing::debug!(%error, "the bucket could not be swept of what uploads had left");
    }
    loop {
        let next = resumables.sweep().await;
        let wait = async {
            match next {
                Some(due) => tokio::time::sleep(due.since(table.clock.now()).to_std()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            // Something may expire earlier than what was known.
            () = table.changed.notified() => {}
            _ = shutdown.wait_for(|closing| *closing) => return,
        }
    }
}

impl Resumables {
    /// Gives up and forgets what is due; says when the next is.
    async fn sweep(&self) -> Option<UnixMs> {
        let mut next: Option<UnixMs> = None;
        for entry in self.0.all() {
            let due = match self.sweep_one(&entry).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(%error, "an upload nobody went on with could not be removed");
                    Some(self.0.clock.now().plus(AGAIN_AFTER))
                }
            };
            next = match (next, due) {
                (Some(next), Some(due)) => Some(next.min(due)),
                (next, due) => next.or(due),
            };
        }
        next
    }

    async fn sweep_one(&self, entry: &Arc<Entry>) -> Result<Option<UnixMs>, StorageError> {
        let table = &self.0;
        let (now, kept) = (table.clock.now(), entry.kept());
        let expires = UnixMs::new(kept.active_ms).plus(table.kept_for);
        // Who comes late is told so for as long again.
        let forgotten = expires.plus(table.kept_for);
        let due = if kept.end.is_some() {
            forgotten
        } else {
            expires
        };
        if now < due {
            return Ok(Some(due));
        }
        let again = now.plus(AGAIN_AFTER.min(table.kept_for));
        if kept.end.is_none() && entry.is_whole() {
            // All of it was acknowledged, and nobody could examine or keep it so far.
            let (this, id) = (self.clone(), entry.id.clone());
            tokio::spawn(async move { this.result(&id, Duration::ZERO).await.is_ok() });
            return Ok(Some(again));
        }
        let Some(_turn) = entry.try_turn() else {
            return Ok(Some(again));
        };
        if now >= forgotten {
            table.forget(entry).await?;
            return Ok(None);
        }
        tracing::info!(
            file = kept.file_name,
            "an upload was given up, as nobody went on with it"
        );
        table.end(entry, End::Expired).await?;
        entry.set_received_bytes(0);
        Ok(Some(forgotten))
    }
}
