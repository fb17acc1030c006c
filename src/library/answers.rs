//! Answers to uploads by idempotency key, so that sending one again does not store it twice.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::shelf::SideRecord;
use crate::storage::{Records, StorageError, Tree};
use crate::timeline::{DurationMs, UnixMs, VideoId};

/// An answer is given again for a day …
const KEPT: DurationMs = DurationMs::new(24 * 3_600_000);
/// … but no more than so many are kept.
const MOST_ANSWERS: usize = 10_000;
/// How long the second of two equal uploads waits for the end of the first.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// What an upload was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub id: String,
    pub notice: Option<String>,
    pub at_ms: i64,
}

/// Names an upload: what its client calls it together with the file's name, as a client that
/// calls two files the same means two uploads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct AnswerKey(Vec<u8>);

impl AnswerKey {
    pub fn new(idempotency_key: &str, file_name: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update((idempotency_key.len() as u64).to_le_bytes());
        hasher.update(idempotency_key);
        hasher.update(file_name);
        Self(hasher.finalize().to_vec())
    }
}

/// The answers given lately and the uploads that will get one.
#[derive(Debug, Default)]
pub(super) struct Answers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    given: HashMap<AnswerKey, Answer>,
    by_age: BTreeSet<(i64, AnswerKey)>,
    /// Each sender lives as long as its upload.
    under_way: HashMap<AnswerKey, watch::Sender<()>>,
}

/// How an upload with a key starts.
pub(super) enum Start {
    /// It is the first of its name.
    First(Turn),
    /// It has been answered before.
    Answered(Answer),
    /// An equal one has been under way for long.
    Busy,
}

impl Answers {
    /// Reads the answers given before. Blocks.
    pub fn open(records: &Records) -> Result<Arc<Self>, StorageError> {
        let answers = Self::default();
        for record in records.scan(Tree::Uploads, b"") {
            let (key, value) = record?;
            if let Ok(answer) = serde_json::from_slice(&value) {
                answers.lock().give(AnswerKey(key), answer);
            }
        }
        Ok(Arc::new(answers))
    }

    /// Begins an upload called `key`; waits while an equal one is under way.
    pub async fn begin(self: &Arc<Self>, key: AnswerKey, now: UnixMs) -> Start {
        let turn = tokio::time::timeout(LONGEST_WAIT, async {
            loop {
                let mut other = match self.try_begin(&key, now) {
                    Ok(start) => return start,
                    Err(other) => other,
                };
                // An error is what is waited for: the other upload's sender is gone.
                while other.changed().await.is_ok() {}
            }
        });
        turn.await.unwrap_or(Start::Busy)
    }

    fn try_begin(
        self: &Arc<Self>,
        key: &AnswerKey,
        now: UnixMs,
    ) -> Result<Start, watch::Receiver<()>> {
        let mut inner = self.lock();
        // First of all: an upload has its answer before its video is in the catalogue.
        if let Some(other) = inner.under_way.get(key) {
            return Err(other.subscribe());
        }
        let given = inner.given.get(key);
        if let Some(answer) = given.filter(|a| now.since(UnixMs::new(a.at_ms)) < KEPT) {
            return Ok(Start::Answered(answer.clone()));
        }
        inner.under_way.insert(key.clone(), watch::Sender::new(()));
        Ok(Start::First(Turn {
            answers: Arc::clone(self),
            key: key.clone(),
        }))
    }

    /// Forgets what `key` was answered: the video is gone.
    pub fn forget(&self, key: &AnswerKey) {
        self.lock().forget(key);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing here panics half-way through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn give(&mut self, key: AnswerKey, answer: Answer) {
        self.forget(&key);
        self.by_age.insert((answer.at_ms, key.clone()));
        self.given.insert(key, answer);
    }

    fn forget(&mut self, key: &AnswerKey) {
        if let Some(answer) = self.given.remove(key) {
            self.by_age.remove(&(answer.at_ms, key.clone()));
        }
    }

    /// The answers that are too old or too many once one more is given.
    fn outdated(&self, now: UnixMs) -> Vec<AnswerKey> {
        let surplus = (self.given.len() + 1).saturating_sub(MOST_ANSWERS);
        let by_age = self.by_age.iter().enumerate();
        let outdated = by_age.take_while(|(nth, (at_ms, _))| {
            *nth < surplus || now.since(UnixMs::new(*at_ms)) >= KEPT
        });
        outdated.map(|(_, (_, key))| key.clone()).collect()
    }
}

/// The right to answer one upload; while it lives, equal uploads wait.
#[derive(Debug)]
pub(super) struct Turn {
    answers: Arc<Answers>,
    key: AnswerKey,
}

impl Turn {
    /// The records that keep the answer `id` with `notice`, and drop answers nobody needs.
    pub fn records(&self, id: &VideoId, notice: Option<&str>, now: UnixMs) -> Vec<SideRecord> {
        let answer = Answer {
            id: id.to_string(),
            notice: notice.map(str::to_owned),
            at_ms: now.get(),
        };
        let value = serde_json::to_vec(&answer).expect("an answer is plain data");
        let mut inner = self.answers.lock();
        let outdated = inner.outdated(now);
        let mut records = Vec::with_capacity(outdated.len() + 1);
        for key in outdated {
            inner.forget(&key);
            records.push(side_record(&key, None));
        }
        inner.give(self.key.clone(), answer);
        records.push(side_record(&self.key, Some(value)));
        records
    }

    /// The records that take the answer back.
    pub fn no_records(&self) -> Vec<SideRecord> {
        self.answers.forget(&self.key);
        vec![side_record(&self.key, None)]
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.answers.lock().under_way.remove(&self.key);
    }
}

fn side_record(key: &AnswerKey, value: Option<Vec<u8>>) -> SideRecord {
    SideRecord {
        tree: Tree::Uploads,
        key: key.0.clone(),
        value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::record::new_id;

    fn key(n: usize) -> AnswerKey {
        AnswerKey::new(&n.to_string(), "film.mp4")
    }

    async fn first(answers: &Arc<Answers>, key: AnswerKey, now: UnixMs) -> Turn {
        match answers.begin(key, now).await {
            Start::First(turn) => turn,
            _ => panic!("should be the first"),
        }
    }

    #[tokio::test]
    async fn the_same_upload_gets_the_same_answer_for_a_day() {
        let answers = Arc::new(Answers::default());
        let now = UnixMs::new(1_000_000_000_000);
        let turn = first(&answers, key(1), now).await;
        let id = new_id();
        let records = turn.records(&id, Some("kept here"), now);
        assert_eq!(records.len(), 1);
        drop(turn);
        let later = now.plus(DurationMs::new(KEPT.get() - 1));
        match answers.begin(key(1), later).await {
            Start::Answered(answer) => {
                assert_eq!(answer.id, id.as_str());
                assert_eq!(answer.notice.as_deref(), Some("kept here"));
            }
            _ => panic!("should be answered"),
        }
        first(&answers, key(1), now.plus(KEPT)).await;
        first(&answers, AnswerKey::new("1", "another.mp4"), now).await;
    }

    #[tokio::test]
    async fn of_two_at_once_the_second_gets_the_firsts_answer() {
        let answers = Arc::new(Answers::default());
        let now = UnixMs::new(0);
        let turn = first(&answers, key(1), now).await;
        let id = new_id();
        let second = answers.begin(key(1), now);
        let end_of_first = async {
            tokio::task::yield_now().await;
            turn.records(&id, None, now);
            drop(turn);
        };
        let (second, ()) = tokio::join!(second, end_of_first);
        assert!(matches!(second, Start::Answered(answer) if answer.id == id.as_str()));
    }

    #[tokio::test]
    async fn when_the_first_breaks_off_the_second_takes_its_turn() {
        let answers = Arc::new(Answers::default());
        let turn = first(&answers, key(1), UnixMs::new(0)).await;
        let end_of_first = async {
            tokio::task::yield_now().await;
            drop(turn);
        };
        let (second, ()) = tokio::join!(answers.begin(key(1), UnixMs::new(0)), end_of_first);
        assert!(matches!(second, Start::First(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let answers = Arc::new(Answers::default());
        let _turn = first(&answers, key(1), UnixMs::new(0)).await;
        assert!(matches!(
            answers.begin(key(1), UnixMs::new(0)).await,
            Start::Busy
        ));
    }

    #[tokio::test]
    async fn only_so_many_answers_are_kept() {
        let answers = Arc::new(Answers::default());
        for n in 0..MOST_ANSWERS + 5 {
            let now = UnixMs::new(n as i64);
            let turn = first(&answers, key(n), now).await;
            let records = turn.records(&new_id(), None, now);
            assert_eq!(records.len(), if n < MOST_ANSWERS { 1 } else { 2 });
        }
        assert_eq!(answers.lock().given.len(), MOST_ANSWERS);
        assert_eq!(answers.lock().by_age.len(), MOST_ANSWERS);
        let now = UnixMs::new(0);
        assert!(matches!(answers.begin(key(4), now).await, Start::First(_)));
        assert!(matches!(
            answers.begin(key(5), now).await,
            Start::Answered(_)
        ));
    }

    #[tokio::test]
    async fn a_given_answer_can_be_taken_back() {
        let answers = Arc::new(Answers::default());
        let turn = first(&answers, key(1), UnixMs::new(0)).await;
        turn.records(&new_id(), None, UnixMs::new(0));
        let records = turn.no_records();
        assert!(records[0].value.is_none());
        drop(turn);
        first(&answers, key(1), UnixMs::new(0)).await;
    }
}
