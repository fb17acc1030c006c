//! Keeps the library in step with the bucket.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::watch;

use super::Source;
use super::names;
use super::record::{Look, Place};
use super::sample::Samples;
use super::shelf::{Change, Shelf};
use super::state::Standing;
use crate::clock::SharedClock;
use crate::storage::{ObjectFact, StorageError};

/// More objects than this are not listed.
const MOST_OBJECTS: usize = 200_000;
/// So many objects are looked into at once.
const PROBES_AT_ONCE: usize = 2;
/// What was found is published in groups of at most so many.
const PUBLISH_AT_ONCE: usize = 16;

/// The task that keeps the library in step with a bucket.
pub(super) struct Objects {
    pub samples: Samples,
    pub shelf: Arc<Shelf>,
    pub clock: SharedClock,
    pub every: Duration,
}

impl Objects {
    /// Looks through the bucket now and regularly until `shutdown`.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let keep_up = async {
            let mut reachable = true;
            loop {
                let scanned = self.scan().await;
                match (&scanned, reachable) {
                    (Err(error), true) => tracing::warn!(
                        %error,
                        "the bucket cannot be looked through; its videos stay as they are"
                    ),
                    (Err(error), false) => tracing::debug!(%error, "the bucket is still away"),
                    (Ok(()), false) => tracing::info!("the bucket can be looked through again"),
                    (Ok(()), true) => {}
                }
                reachable = scanned.is_ok();
                tokio::time::sleep(self.every).await;
            }
        };
        tokio::select! {
            () = keep_up => {}
            _ = shutdown.wait_for(|&closing| closing) => {}
        }
    }

    async fn scan(&self) -> Result<(), StorageError> {
        // Before the list: what is uploaded meanwhile is expected only the next time.
        let expected = self.shelf.state().places(Source::Bucket);
        let listed = self.list().await?;
        let seen_ms = self.clock.now().get();
        let mut changes = Vec::new();
        let mut unknown = Vec::new();
        {
            let there: std::collections::HashSet<&str> =
                listed.iter().map(|fact| fact.key.as_str()).collect();
            if listed.len() < MOST_OBJECTS {
                let gone = expected
                    .into_iter()
                    .filter(|p| !there.contains(p.key.as_str()));
                changes.extend(gone.map(Change::Gone));
            }
        }
        for fact in listed {
            let place = place(&fact);
            match self.shelf.standing(&place, &Look::from(&fact)) {
                Standing::Known | Standing::Claimed => {}
                Standing::Back => changes.push(Change::Back(place)),
                Standing::Unknown => unknown.push(fact),
            }
        }
        if !changes.is_empty() {
            self.shelf.apply(changes).await?;
        }
        let judged = stream::iter(unknown)
            .map(|fact| self.judge(fact, seen_ms))
            .buffer_unordered(PROBES_AT_ONCE);
        let groups = judged
            .filter_map(std::future::ready)
            .ready_chunks(PUBLISH_AT_ONCE);
        futures::pin_mut!(groups);
        while let Some(group) = groups.next().await {
            self.shelf.apply(group).await?;
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<ObjectFact>, StorageError> {
        let candidates = self.samples.bucket.list("").try_filter(|fact| {
            let candidate = names::is_candidate(&fact.key);
            std::future::ready(candidate)
        });
        let listed: Vec<_> = candidates.take(MOST_OBJECTS).try_collect().await?;
        if listed.len() >= MOST_OBJECTS {
            tracing::warn!(
                "the bucket holds more than {MOST_OBJECTS} videos; the rest is left out"
            );
        }
        Ok(listed)
    }

    async fn judge(&self, fact: ObjectFact, seen_ms: i64) -> Option<Change> {
        match self.samples.judge(&fact).await {
            Ok((verdict, head)) => Some(Change::Judged {
                place: place(&fact),
                look: Look::from(&fact),
                head,
                verdict,
                seen_ms,
            }),
            Err(error) => {
                tracing::warn!(key = fact.key, %error, "an object cannot be looked into; it is tried again later");
                None
            }
        }
    }
}

fn place(fact: &ObjectFact) -> Place {
    Place {
        source: Source::Bucket,
        key: fact.key.clone(),
    }
}
