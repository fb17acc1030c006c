//! Likes and dislikes: one vote per viewer and video, never lost once acknowledged.
//!
//! A vote and the counts it changes are written in one batch, so they agree after any crash. The
//! counts are also held in memory, where they change in the order of the batches and only when
//! those are durable.

use std::sync::Arc;

use crate::storage::{Records, StorageError, Tree, Txn};
use crate::timeline::VideoId;

use super::ViewerId;
use super::board::{Board, Changes, MAX_VIDEOS};
use super::vote::{Choice, Counts, Vote};

/// A video takes at most so many votes: what a made-up crowd can fill on the disk is bounded.
const MAX_VOTES_PER_VIDEO: u64 = 10_000_000;

/// Why a vote was not taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LikesError {
    /// The records took nothing.
    #[error("the vote could not be kept: {0}")]
    Storage(#[from] StorageError),
    /// More videos have votes than are counted.
    #[error("votes are counted for at most {MAX_VIDEOS} videos")]
    TooManyVideos,
    /// The video has as many votes as are counted.
    #[error("at most {MAX_VOTES_PER_VIDEO} votes are counted for a video")]
    TooManyVotes,
}

/// All votes; cheap to clone.
#[derive(Clone)]
pub struct Likes {
    records: Records,
    board: Arc<Board>,
}

impl Likes {
    /// Reads the counts from `records`. Blocks.
    ///
    /// # Errors
    /// [`LikesError::Storage`] if they cannot be read.
    pub fn start(records: Records) -> Result<Self, LikesError> {
        let damaged = || StorageError::Damaged("counts");
        let mut counted = Vec::new();
        for record in records.scan(Tree::Counts, b"") {
            let (key, value) = record?;
            let video = std::str::from_utf8(&key)
                .ok()
                .and_then(|text| VideoId::new(text).ok())
                .ok_or_else(damaged)?;
            let counts = Counts::from_bytes(&value).ok_or_else(damaged)?;
            counted.push((video, counts));
        }
        Ok(Self {
            records,
            board: Arc::new(Board::new(counted)),
        })
    }

    /// How many votes `video` has; none if it is unknown.
    pub fn counts(&self, video: &VideoId) -> Counts {
        self.board.counts(video)
    }

    /// What `viewer` thinks of `video`.
    ///
    /// # Errors
    /// [`LikesError::Storage`] if it cannot be read.
    pub fn vote_of(&self, viewer: ViewerId, video: &VideoId) -> Result<Option<Vote>, LikesError> {
        let stored = self.records.get(Tree::Votes, &vote_key(viewer, video))?;
        Ok(Vote::read(stored.as_deref())?)
    }

    /// Takes the vote of `viewer` on `video`, which must be a video of the library, and answers
    /// once it is on disk: the counts and the vote that now stands.
    ///
    /// # Errors
    /// [`LikesError`]; then the vote is as it was.
    pub async fn vote(
        &self,
        viewer: ViewerId,
        video: &VideoId,
        choice: Choice,
    ) -> Result<(Counts, Option<Vote>), LikesError> {
        let (board, video) = (Arc::clone(&self.board), video.clone());
        let voted = self
            .records
            .write(move |txn| vote(txn, &board, viewer, video, choice));
        voted.await?
    }

    /// The changes from now on.
    pub fn changes(&self) -> Changes {
        self.board.changes()
    }
}

/// The write behind [`Likes::vote`], on the committer's thread.
fn vote(
    txn: &mut Txn<'_>,
    board: &Arc<Board>,
    viewer: ViewerId,
    video: VideoId,
    choice: Choice,
) -> Result<(Counts, Option<Vote>), LikesError> {
    let vote_key = vote_key(viewer, &video);
    let count_key = video.as_str().as_bytes();
    let before = Vote::read(txn.get(Tree::Votes, &vote_key)?.as_deref())?;
    let after = choice.after(before);
    let stored = txn.get(Tree::Counts, count_key)?;
    let counts = match &stored {
        Some(bytes) => Counts::from_bytes(bytes).ok_or(StorageError::Damaged("counts"))?,
        None => Counts::default(),
    };
    if after == before {
        return Ok((counts, after));
    }
    if !board.takes(&video) {
        return Err(LikesError::TooManyVideos);
    }
    let counts = changed(counts, before, after)?;
    match after {
        Some(vote) => txn.put(Tree::Votes, &vote_key, vote.bytes())?,
        None => txn.delete(Tree::Votes, &vote_key)?,
    }
    if counts == Counts::default() {
        txn.delete(Tree::Counts, count_key)?;
    } else {
        txn.put(Tree::Counts, count_key, &counts.to_bytes())?;
    }
    let board = Arc::clone(board);
    txn.after_commit(move || board.set(video, counts));
    Ok((counts, after))
}

/// `counts` with one viewer's vote changed.
fn changed(
    mut counts: Counts,
    before: Option<Vote>,
    after: Option<Vote>,
) -> Result<Counts, LikesError> {
    if let Some(vote) = before {
        let count = counts.of(vote);
        *count = count
            .checked_sub(1)
            .ok_or(StorageError::Damaged("counts"))?;
    } else if counts.likes.saturating_add(counts.dislikes) >= MAX_VOTES_PER_VIDEO {
        return Err(LikesError::TooManyVotes);
    }
    if let Some(vote) = after {
        *counts.of(vote) += 1;
    }
    Ok(counts)
}

/// Votes of a video lie together; an id never holds a zero byte.
fn vote_key(viewer: ViewerId, video: &VideoId) -> Vec<u8> {
    [video.as_str().as_bytes(), &[0], viewer.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn likes() -> (Likes, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let (records, _) = Records::open(dir.path()).unwrap();
        (Likes::start(records).unwrap(), dir)
    }

    fn video(name: &str) -> VideoId {
        VideoId::new(name).unwrap()
    }

    fn counts(likes: u64, dislikes: u64) -> Counts {
        Counts { likes, dislikes }
    }

    #[tokio::test]
    async fn a_vote_can_be_given_switched_and_taken_back() {
        use Choice::{Set, Toggle};
        use Vote::{Dislike, Like};
        let (likes, _dir) = likes();
        let (viewer, film) = (ViewerId::random(), video("film"));
        let steps = [
            (Toggle(Like), counts(1, 0), Some(Like)),
            (Toggle(Like), counts(0, 0), None),
            (Toggle(Dislike), counts(0, 1), Some(Dislike)),
            (Toggle(Like), counts(1, 0), Some(Like)),
            (Set(Some(Like)), counts(1, 0), Some(Like)),
            (Set(Some(Dislike)), counts(0, 1), Some(Dislike)),
            (Set(None), counts(0, 0), None),
            (Set(None), counts(0, 0), None),
        ];
        for (choice, counts, vote) in steps {
            let answer = likes.vote(viewer, &film, choice).await.unwrap();
            assert_eq!(answer, (counts, vote), "{choice:?}");
            assert_eq!(likes.counts(&film), counts);
            assert_eq!(likes.vote_of(viewer, &film).unwrap(), vote);
        }
    }

    #[tokio::test]
    async fn viewers_and_videos_do_not_mix() {
        let (likes, _dir) = likes();
        let (a, b) = (ViewerId::random(), ViewerId::random());
        let (film, films) = (video("film"), video("films"));
        let like = Choice::Toggle(Vote::Like);
        likes.vote(a, &film, like).await.unwrap();
        likes.vote(b, &film, like).await.unwrap();
        likes
            .vote(a, &films, Choice::Toggle(Vote::Dislike))
            .await
            .unwrap();
        assert_eq!(likes.counts(&film), counts(2, 0));
        assert_eq!(likes.counts(&films), counts(0, 1));
        assert_eq!(likes.vote_of(b, &films).unwrap(), None);
        assert_eq!(likes.counts(&video("other")), counts(0, 0));
    }

    #[tokio::test]
    async fn changes_name_each_video_once_and_miss_none() {
        let (likes, _dir) = likes();
        let mut changes = likes.changes();
        let like = Choice::Toggle(Vote::Like);
        for name in ["a", "b", "a", "c", "a"] {
            let film = video(name);
            likes.vote(ViewerId::random(), &film, like).await.unwrap();
        }
        assert_eq!(changes.next().await, ["b", "c", "a"].map(video));
        let viewer = ViewerId::random();
        likes.vote(viewer, &video("b"), like).await.unwrap();
        likes
            .vote(viewer, &video("b"), Choice::Set(Some(Vote::Like)))
            .await
            .unwrap();
        assert_eq!(changes.next().await, ["b"].map(video));
        let nothing = tokio::time::timeout(std::time::Duration::ZERO, changes.next());
        assert!(nothing.await.is_err());
        let mut late = likes.changes();
        likes.vote(viewer, &video("c"), like).await.unwrap();
        assert_eq!(late.next().await, ["c"].map(video));
    }
}
