//! Files looked into, a few at a time, and whether they kept still meanwhile.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::prober::Prober;
use super::record::{Look, Place, Verdict, head_of};
use super::shelf::Shelf;
use super::walk::look_at;
use crate::media::ProbeError;

/// So many files are looked into at once; more would take the CPU from serving.
const AT_ONCE: usize = 2;

/// Looks into files in the order they are handed over.
pub(super) struct Examiner {
    shelf: Arc<Shelf>,
    prober: Arc<Prober>,
    queue: VecDeque<Task>,
    running: JoinSet<(Task, Examined)>,
    /// Files in the queue or being looked into, or whose verdict is not in the catalogue yet.
    in_hand: HashSet<Place>,
}

/// A file to be looked into.
pub(super) struct Task {
    pub place: Place,
    pub path: PathBuf,
    /// When it was seen, in channel time.
    pub seen_ms: i64,
    /// How often looking into it has failed.
    pub failures: u32,
}

impl Examiner {
    pub fn new(shelf: Arc<Shelf>, prober: Arc<Prober>) -> Self {
        Self {
            shelf,
            prober,
            queue: VecDeque::new(),
            running: JoinSet::new(),
            in_hand: HashSet::new(),
        }
    }

    /// Looks into a file when its turn comes; false if it is in hand already.
    pub fn hand_over(&mut self, task: Task) -> bool {
        let new = self.in_hand.insert(task.place.clone());
        if new {
            self.queue.push_back(task);
            self.start_next();
        }
        new
    }

    /// Whether nothing is being looked into.
    pub fn is_resting(&self) -> bool {
        self.queue.is_empty() && self.running.is_empty()
    }

    /// Waits for the next file that has been looked into; none if there is nothing to wait for.
    pub async fn next(&mut self) -> Option<(Task, Examined)> {
        loop {
            let ended = self.running.join_next().await?;
            self.start_next();
            match ended {
                Ok(examined) => return Some(examined),
                // Its file stays in hand: what broke us once is not tried again.
                Err(error) => tracing::error!(%error, "looking into a file failed inside"),
            }
        }
    }

    /// What was found at `place` is in the catalogue, or of no use.
    pub fn put_back(&mut self, place: &Place) {
        self.in_hand.remove(place);
    }

    fn start_next(&mut self) {
        while self.running.len() < AT_ONCE
            && let Some(task) = self.queue.pop_front()
        {
            let (shelf, prober) = (Arc::clone(&self.shelf), Arc::clone(&self.prober));
            self.running.spawn(async move {
                let examined = examine(&task, &shelf, &prober).await;
                (task, examined)
            });
        }
    }
}

/// What came of looking into a file.
pub(super) enum Examined {
    /// It is known what it is.
    Judged {
        look: Look,
        head: String,
        verdict: Verdict,
    },
    /// It changed meanwhile, or is gone.
    Unsettled,
    /// The machine is at fault; worth trying again.
    Failed(ProbeError),
}

/// Looks into a file, unless it is a known one under another name.
async fn examine(Task { place, path, .. }: &Task, shelf: &Shelf, prober: &Prober) -> Examined {
    let before = match glance(path).await {
        Ok(Some(before)) => before,
        Ok(None) => return Examined::Unsettled,
        Err(error) => return Examined::Failed(error.into()),
    };
    let (look, head) = &before;
    let known = shelf.state().verdict_of_stray(place, look, head);
    let verdict = match known {
        Some(verdict) => verdict,
        None => match prober.judge(path).await {
            Ok(verdict) => verdict,
            Err(error) => return Examined::Failed(error),
        },
    };
    match glance(path).await {
        Ok(Some(after)) if after == before => {
            let (look, head) = before;
            Examined::Judged {
                look,
                head,
                verdict,
            }
        }
        Ok(_) => Examined::Unsettled,
        Err(error) => Examined::Failed(error.into()),
    }
}

/// How the file at `path` looks and begins; none if it is not there.
async fn glance(path: &Path) -> io::Result<Option<(Look, String)>> {
    let path = path.to_owned();
    let glanced = tokio::task::spawn_blocking(move || {
        let Some(look) = look_at(&path) else {
            return Ok(None);
        };
        match head_of(&path) {
            Ok(head) => Ok(Some((look, head))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    });
    glanced.await.map_err(io::Error::other)?
}
