//! Keeps the library in step with the folders of videos on this machine.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::Source;
use super::examine::{Examined, Examiner, Task};
use super::prober::Prober;
use super::record::{Look, Place};
use super::roots::Roots;
use super::settling::{Outcome, Patience, Settling, TICK};
use super::shelf::{Change, Shelf};
use super::state::Standing;
use super::texts::{TextNews, Texts};
use super::walk::{self, Walk};
use super::watch::{FolderWatch, Mark};
use crate::clock::SharedClock;

/// Folders that cannot be watched are looked through this often.
const RESCAN_EVERY: Duration = Duration::from_secs(30);
/// Watched ones only every so many times, for file systems that do not tell of all changes.
const WATCHED_RESCANS: u32 = 20;
/// Changes to folders come in bursts; so many ticks after the first everything is looked through.
const RESCAN_AFTER_TICKS: u32 = 4;
/// During a long burst the catalogue is published this often, in ticks.
const PUBLISH_EVERY_TICKS: u32 = 4;
/// A file that cannot be looked into is given up until the next time everything is looked through.
const MOST_TRIES: u32 = 5;
/// A file that changed this recently may have a writer.
const RECENT_MS: i64 = 2000;

/// The task that keeps the library in step with folders.
pub(super) struct Folders {
    roots: Roots,
    shelf: Arc<Shelf>,
    clock: SharedClock,
    /// When the last look began: what is seen in one look arrives together.
    now_ms: i64,
    watch: Option<FolderWatch>,
    /// Whether a folder cannot be watched.
    unwatched: bool,
    settling: Settling,
    examiner: Examiner,
    changes: Vec<Change>,
    texts: Texts,
    text_news: Arc<TextNews>,
    unpublished_ticks: u32,
    rescan_in_ticks: Option<u32>,
}

impl Folders {
    /// A keeper of `roots` that has looked at nothing yet.
    pub fn new(
        roots: Roots,
        shelf: Arc<Shelf>,
        prober: Arc<Prober>,
        (clock, text_news): (SharedClock, Arc<TextNews>),
    ) -> Self {
        Self {
            roots,
            examiner: Examiner::new(Arc::clone(&shelf), prober),
            shelf,
            now_ms: clock.now().get(),
            clock,
            watch: None,
            unwatched: false,
            settling: Settling::default(),
            changes: Vec::new(),
            texts: Texts::default(),
            text_news,
            unpublished_ticks: 0,
            rescan_in_ticks: None,
        }
    }

    /// Looks through the folders, tells `first` once everything in them is in the library, and
    /// goes on until `shutdown`.
    pub async fn run(mut self, first: oneshot::Sender<()>, mut shutdown: watch::Receiver<bool>) {
        let mut first = Some(first);
        self.start_watching().await;
        self.look_through(Patience::Start).await;
        let mut rescan = interval(RESCAN_EVERY);
        rescan.reset();
        let mut rescans = 0;
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.examiner.is_resting() {
                self.apply().await;
            }
            if self.is_idle()
                && let Some(first) = first.take()
            {
                self.shelf.publish_first().await;
                // Nobody may be waiting any more.
                let _ = first.send(());
            }
            tokio::select! {
                () = closing(&mut shutdown) => return,
                () = news(self.watch.as_ref()) => self.take_marks(),
                Some((task, examined)) = self.examiner.next() => self.heard(task, examined),
                _ = tick.tick(), if !self.is_idle() => self.tick().await,
                _ = rescan.tick() => {
                    rescans += 1;
                    if self.unwatched || rescans % WATCHED_RESCANS == 0 {
                        self.start_over().await;
                    }
                }
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.settling.is_empty()
            && self.examiner.is_resting()
            && self.changes.is_empty()
            && self.texts.is_empty()
            && self.rescan_in_ticks.is_none()
    }

    /// Watches every folder that lets itself be watched.
    async fn start_watching(&mut self) {
        let roots: Vec<PathBuf> = self.roots.iter().map(|(_, path)| path.into()).collect();
        let watch = self.watch.take();
        let watching = tokio::task::spawn_blocking(move || {
            let mut watch = match watch.map_or_else(|| FolderWatch::new(roots), Ok) {
                Ok(watch) => watch,
                Err(error) => return (None, Some(error)),
            };
            let refused = watch.watch();
            (Some(watch), refused.err())
        });
        let refused = match watching.await {
            Ok((watch, refused)) => {
                self.watch = watch;
                refused
            }
            Err(error) => Some(notify::Error::generic(&error.to_string())),
        };
        let was_told = std::mem::replace(&mut self.unwatched, refused.is_some());
        if let Some(error) = refused
            && !was_told
        {
            tracing::warn!(
                %error,
                "a folder of videos cannot be watched (if watches are used up, raise \
                 fs.inotify.max_user_watches); it is looked through every {} s instead",
                RESCAN_EVERY.as_secs()
            );
        }
    }

    /// Folders that were not there or were replaced are watched again, too.
    async fn start_over(&mut self) {
        self.start_watching().await;
        self.look_through(Patience::Unsure).await;
        if let Err(error) = self.shelf.forget_the_lost().await {
            tracing::warn!(%error, "videos long gone could not be forgotten");
        }
    }

    /// Compares what is in the folders with what is known of them.
    async fn look_through(&mut self, patience: Patience) {
        self.now_ms = self.clock.now().get();
        for (source, path) in self.roots.clone().iter() {
            let root = path.to_owned();
            match tokio::task::spawn_blocking(move || walk::walk(&root)).await {
                Ok(Ok(walk)) => self.compare(source, walk, patience),
                Ok(Err(error)) => {
                    tracing::warn!(folder = %path.display(), %error, "cannot be looked through");
                }
                Err(error) => tracing::error!(%error, "looking through a folder failed"),
            }
        }
        if patience == Patience::Start {
            // What is known already goes on the air before anything new is looked into.
            self.apply().await;
        }
    }

    fn compare(&mut self, source: Source, mut walk: Walk, patience: Patience) {
        let texts = std::mem::take(&mut walk.texts);
        self.texts.compare(source, texts);
        let expected = self.shelf.state().places(source);
        let missing: Vec<Place> = {
            let there: HashSet<&str> = walk.files.iter().map(|(key, _)| key.as_str()).collect();
            let gone = |p: &Place| !there.contains(p.key.as_str()) && !walk.is_blind_to(&p.key);
            expected.into_iter().filter(gone).collect()
        };
        for place in missing {
            match patience {
                Patience::Start => self.changes.push(Change::Gone(place)),
                _ => self.miss(place),
            }
        }
        let recent_ms = self.now_ms - RECENT_MS;
        for (key, look) in walk.files {
            let place = Place { source, key };
            match self.shelf.standing(&place, &look) {
                Standing::Known | Standing::Claimed => {}
                Standing::Back if patience == Patience::Start => {
                    self.changes.push(Change::Back(place));
                }
                Standing::Unknown
                    if patience == Patience::Start && look.modified_ms < recent_ms =>
                {
                    self.hand_over(place, 0);
                }
                Standing::Back | Standing::Unknown => self.settling.expect_if_new(place, patience),
            }
        }
    }

    /// The file at `place` seems to be gone; it may turn up under another name.
    fn miss(&mut self, place: Place) {
        self.shelf.state().suspect(&place);
        self.settling.expect_if_new(place, Patience::Closed);
    }

    fn take_marks(&mut self) {
        let Some(marks) = self.watch.as_ref().map(FolderWatch::take) else {
            return;
        };
        if marks.everything {
            self.rescan_in_ticks.get_or_insert(RESCAN_AFTER_TICKS);
        }
        for path in marks.texts {
            if let Some(place) = self.roots.place_of(&path) {
                self.texts.change(place);
            }
        }
        for (path, mark) in marks.files {
            let Some(place) = self.roots.place_of(&path) else {
                continue;
            };
            let patience = match mark {
                Mark::Open => Patience::Open,
                Mark::Whole => Patience::Closed,
            };
            self.settling.expect(place, patience);
        }
    }

    async fn tick(&mut self) {
        match self.rescan_in_ticks {
            Some(0) => {
                self.rescan_in_ticks = None;
                self.look_through(Patience::Unsure).await;
            }
            Some(ticks) => self.rescan_in_ticks = Some(ticks - 1),
            None => {}
        }
        self.now_ms = self.clock.now().get();
        for (place, look) in self.roots.look_at(self.settling.places()).await {
            let standing = match look {
                Some(look) => self.shelf.standing(&place, &look),
                None => self.standing_of_missing(&place),
            };
            let outcome = self.settling.look(&place, look, standing);
            self.act(place, outcome);
        }
        self.unpublished_ticks += u32::from(!self.changes.is_empty());
        if self.unpublished_ticks >= PUBLISH_EVERY_TICKS {
            self.apply().await;
        }
        let videos = self.texts.take(&self.shelf.state());
        self.text_news.add(videos);
    }

    fn standing_of_missing(&self, place: &Place) -> Standing {
        let mut state = self.shelf.state();
        state.suspect(place);
        state.standing(
            place,
            &Look {
                size_bytes: 0,
                modified_ms: 0,
            },
        )
    }

    fn act(&mut self, place: Place, outcome: Outcome) {
        match outcome {
            Outcome::Wait => {}
            // Its bytes are not what the catalogue says, and will not be for a while.
            Outcome::Growing => {
                if self
                    .shelf
                    .state()
                    .at(&place)
                    .is_some_and(|entry| entry.present)
                {
                    self.changes.push(Change::Gone(place));
                }
            }
            Outcome::Settled(tries) => self.hand_over(place, tries),
            Outcome::Back => self.changes.push(Change::Back(place)),
            Outcome::Unchanged => self.shelf.state().acquit(&place),
            Outcome::Gone => {
                if self.shelf.state().at(&place).is_some() {
                    self.changes.push(Change::Gone(place));
                }
            }
        }
    }

    /// Has the file at `place` looked into when its turn comes.
    fn hand_over(&mut self, place: Place, failures: u32) {
        let Some(path) = self.roots.path_of(place.source, &place.key) else {
            return;
        };
        let task = Task {
            place: place.clone(),
            path,
            seen_ms: self.now_ms,
            failures,
        };
        if !self.examiner.hand_over(task) {
            // It changed while it was looked into.
            self.settling.expect(place, Patience::Unsure);
        }
    }

    fn heard(&mut self, task: Task, examined: Examined) {
        let Task {
            place,
            seen_ms,
            failures,
            ..
        } = task;
        match examined {
            Examined::Judged {
                look,
                head,
                verdict,
            } => self.changes.push(Change::Judged {
                place,
                look,
                head,
                verdict,
                seen_ms,
            }),
            Examined::Unsettled => {
                self.examiner.put_back(&place);
                self.settling.expect(place, Patience::Unsure);
            }
            Examined::Failed(error) => {
                self.examiner.put_back(&place);
                tracing::warn!(source = %place.source, key = place.key, %error, "a file cannot be looked into");
                if failures < MOST_TRIES {
                    let patience = Patience::Retry(failures + 1);
                    self.settling.expect(place, patience);
                }
            }
        }
    }

    async fn apply(&mut self) {
        let changes = std::mem::take(&mut self.changes);
        self.unpublished_ticks = 0;
        if changes.is_empty() {
            return;
        }
        let mut came = Vec::new();
        for change in &changes {
            if let Change::Judged { place, .. } = change {
                self.examiner.put_back(place);
            }
            if let Change::Judged { place, .. } | Change::Back(place) = change {
                came.push(place.clone());
            }
        }
        if let Err(error) = self.shelf.apply(changes).await {
            tracing::error!(%error, "what was found in the folders could not be recorded; it is looked for again later");
        }
        self.text_news.add_at(&came, &self.shelf.state());
    }
}

async fn closing(shutdown: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could say so.
    let _ = shutdown.wait_for(|&closing| closing).await;
}

async fn news(watch: Option<&FolderWatch>) {
    match watch {
        Some(watch) => watch.news().await,
        None => std::future::pending().await,
    }
}
