//! Notices what changes in the folders of videos, by inotify.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{
    AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode,
};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::names;

/// More changed files than this between two looks, and everything is looked through instead.
const MOST_MARKS: usize = 10_000;

/// What happened to a file, as far as its writer is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Somebody is writing it, or has begun to.
    Open,
    /// Its writer has closed it, or it came or went as a whole.
    Whole,
}

/// What changed since the last look.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Marks {
    pub files: HashMap<PathBuf, Mark>,
    /// Subtitle files that came or went as a whole, or were closed.
    pub texts: HashSet<PathBuf>,
    /// Whether folders changed, or more than could be noted: look through everything.
    pub everything: bool,
}

/// Collects changes below some folders for as long as it lives.
pub(super) struct FolderWatch {
    roots: Vec<PathBuf>,
    watcher: RecommendedWatcher,
    pad: Arc<Pad>,
}

#[derive(Default)]
struct Pad {
    marks: Mutex<Marks>,
    news: Notify,
}

impl FolderWatch {
    /// Is to watch `roots`, absolute paths without links in them.
    ///
    /// # Errors
    /// If the system offers no way to watch.
    pub fn new(roots: Vec<PathBuf>) -> notify::Result<Self> {
        let pad = Arc::new(Pad::default());
        let (noted, below) = (Arc::clone(&pad), roots.clone());
        let take = move |event: notify::Result<Event>| noted.note(event, &below);
        let config = notify::Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(take, config)?;
        Ok(Self {
            roots,
            watcher,
            pad,
        })
    }

    /// Watches all folders and those in them, also those to come; again is fine. Blocks.
    ///
    /// # Errors
    /// If a folder is not there or the system's watches are used up; the others are watched.
    pub fn watch(&mut self) -> notify::Result<()> {
        let mut watched = Ok(());
        for root in &self.roots {
            let result = self.watcher.watch(root, RecursiveMode::Recursive);
            watched = watched.and(result);
        }
        watched
    }

    /// Waits until something has changed since [`FolderWatch::take`].
    pub async fn news(&self) {
        self.pad.news.notified().await;
    }

    /// What has changed since the last call.
    pub fn take(&self) -> Marks {
        std::mem::take(
            &mut self
                .pad
                .marks
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl Pad {
    fn note(&self, event: notify::Result<Event>, roots: &[PathBuf]) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = marks.is_empty();
        match event {
            Ok(event) => marks.add(&event, roots),
            Err(error) => {
                tracing::warn!(%error, "watching the folders of videos failed; they are looked through instead");
                marks.everything = true;
            }
        }
        let is_empty = marks.is_empty();
        drop(marks);
        if was_empty && !is_empty {
            self.news.notify_one();
        }
    }
}

impl Marks {
    fn is_empty(&self) -> bool {
        !self.everything && self.files.is_empty() && self.texts.is_empty()
    }

    fn add(&mut self, event: &Event, roots: &[PathBuf]) {
        if event.need_rescan() {
            self.everything = true;
        }
        let Some(happened) = happened(event.kind) else {
            return;
        };
        for path in &event.paths {
            match (happened, sort_of(path, roots)) {
                (_, Sort::Hidden) => {}
                (Happened::File(mark), Sort::Candidate) => self.mark(path, mark),
                (Happened::Either, Sort::Candidate) => {
                    // A folder may have a video's name.
                    self.everything |= path.is_dir();
                    self.mark(path, Mark::Whole);
                }
                (Happened::File(Mark::Whole), Sort::Text) => self.mark_text(path),
                (Happened::Either, Sort::Text) => {
                    self.everything |= path.is_dir();
                    self.mark_text(path);
                }
                (Happened::Either, Sort::Other) => self.everything = true,
                (Happened::File(_), Sort::Text | Sort::Other) => {}
                (Happened::Folder, _) => self.everything = true,
            }
        }
    }

    fn mark(&mut self, path: &Path, mark: Mark) {
        if self.has_room() {
            self.files.insert(path.to_owned(), mark);
        }
    }

    fn mark_text(&mut self, path: &Path) {
        if self.has_room() {
            self.texts.insert(path.to_owned());
        }
    }

    fn has_room(&mut self) -> bool {
        if self.files.len() + self.texts.len() >= MOST_MARKS {
            self.files.clear();
            self.texts.clear();
            self.everything = true;
        }
        !self.everything
    }
}

#[derive(Debug, Clone, Copy)]
enum Happened {
    File(Mark),
    Folder,
    /// The system does not tell a file from a folder here.
    Either,
}

fn happened(kind: EventKind) -> Option<Happened> {
    Some(match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Happened::File(Mark::Whole),
        EventKind::Access(_) => return None,
        EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder) => {
            Happened::Folder
        }
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Data(_)) => Happened::File(Mark::Open),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Metadata(_)) => {
            Happened::File(Mark::Whole)
        }
        // It repeats the two halves, which have been told by themselves.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => return None,
        EventKind::Modify(ModifyKind::Name(_)) => Happened::Either,
        EventKind::Modify(_) | EventKind::Any | EventKind::Other => Happened::Folder,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Named as videos are.
    Candidate,
    /// Named as subtitle files are.
    Text,
    /// In a hidden folder or hidden itself, such as an upload on its way.
    Hidden,
    Other,
}

fn sort_of(path: &Path, roots: &[PathBuf]) -> Sort {
    let Some(below) = roots.iter().find_map(|root| path.strip_prefix(root).ok()) else {
        return Sort::Other;
    };
    let hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    if below.components().any(hidden) {
        return Sort::Hidden;
    }
    match below.file_name().and_then(|name| name.to_str()) {
        Some(name) if names::ending(name).is_some() => Sort::Candidate,
        Some(name) if names::is_subtitles(name) => Sort::Text,
        _ => Sort::Other,
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{DataChange, Flag};

    use super::*;

    fn noted(events: &[(EventKind, &str)]) -> Marks {
        let mut marks = Marks::default();
        let roots = [PathBuf::from("/videos")];
        for (kind, path) in events {
            marks.add(&Event::new(*kind).add_path(path.into()), &roots);
        }
        marks
    }

    const CREATED: EventKind = EventKind::Create(CreateKind::File);
    const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const CAME: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));
    const WENT: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::From));

    fn only(path: &str, mark: Mark) -> Marks {
        Marks {
            files: HashMap::from([(path.into(), mark)]),
            ..Marks::default()
        }
    }

    #[test]
    fn the_last_that_happened_to_a_file_counts() {
        let path = "/videos/x/a.mp4";
        let written = noted(&[(CREATED, path), (WRITTEN, path)]);
        assert_eq!(written, only(path, Mark::Open));
        let closed = noted(&[(CREATED, path), (WRITTEN, path), (CLOSED, path)]);
        assert_eq!(closed, only(path, Mark::Whole));
        assert_eq!(noted(&[(CAME, path)]), only(path, Mark::Whole));
        assert_eq!(noted(&[(WENT, path)]), only(path, Mark::Whole));
        let removed = EventKind::Remove(RemoveKind::File);
        assert_eq!(noted(&[(removed, path)]), only(path, Mark::Whole));
    }

    #[test]
    fn what_is_hidden_read_or_no_video_is_nothing() {
        let read = EventKind::Access(AccessKind::Open(AccessMode::Any));
        let nothing = noted(&[
            (WRITTEN, "/videos/.onair-spool-0123"),
            (WENT, "/videos/.onair-spool-0123"),
            (CREATED, "/videos/.cache/a.mp4"),
            (EventKind::Create(CreateKind::Folder), "/videos/.cache"),
            (read, "/videos/a.mp4"),
            (WRITTEN, "/videos/notes.txt"),
        ]);
        assert_eq!(nothing, Marks::default());
    }

    #[test]
    fn subtitle_files_count_when_they_are_whole() {
        let path = "/videos/x/a.en.srt";
        assert_eq!(
            noted(&[(CREATED, path), (WRITTEN, path)]),
            Marks::default(),
            "somebody is writing it"
        );
        let texts = Marks {
            texts: HashSet::from([path.into()]),
            ..Marks::default()
        };
        for kind in [CLOSED, CAME, WENT, EventKind::Remove(RemoveKind::File)] {
            assert_eq!(noted(&[(kind, path)]), texts);
        }
    }

    #[test]
    fn a_change_of_folders_is_a_change_of_everything() {
        let folder = EventKind::Create(CreateKind::Folder);
        assert!(noted(&[(folder, "/videos/series")]).everything);
        let gone = EventKind::Remove(RemoveKind::Folder);
        assert!(noted(&[(gone, "/videos/series")]).everything);
        assert!(noted(&[(CAME, "/videos/series")]).everything);
        assert!(noted(&[(WENT, "/videos/series")]).everything);
    }

    #[test]
    fn lost_news_are_a_change_of_everything() {
        let mut marks = Marks::default();
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        marks.add(&overflow, &[]);
        assert!(marks.everything);
    }

    #[test]
    fn more_than_can_be_noted_is_a_change_of_everything() {
        let paths: Vec<_> = (0..=MOST_MARKS)
            .map(|n| format!("/videos/{n}.mp4"))
            .collect();
        let events: Vec<_> = paths.iter().map(|path| (CLOSED, path.as_str())).collect();
        assert_eq!(noted(&events[..MOST_MARKS]).files.len(), MOST_MARKS);
        let all = noted(&events);
        assert!(all.everything && all.files.is_empty());
    }
}
