//! Votes: exactly counted under concurrency, and never lost nor doubled by `kill -9`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use onair::audience::{Choice, Counts, Likes, ViewerId, Vote};
use onair::storage::{Records, Recovery, Tree};
use onair::timeline::VideoId;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// Tells the process started by [`spawn_voter`] where to vote.
const VOTER_DIR: &str = "ONAIR_TEST_VOTER_DIR";
const VOTER_ROUND: &str = "ONAIR_TEST_VOTER_ROUND";
const VIDEOS: u64 = 7;
const VIEWERS: u64 = 60;
/// Each has viewers of its own, so that its acknowledgements are in order.
const VOTERS: u64 = 30;

fn video(number: u64) -> VideoId {
    VideoId::new(&format!("video-{number}")).unwrap()
}

fn viewer(number: u64) -> ViewerId {
    ViewerId::parse(&format!("{number:032x}")).unwrap()
}

fn open(dir: &Path) -> (Records, Likes, Recovery) {
    let (records, recovery) = Records::open(dir).unwrap();
    let likes = Likes::start(records.clone()).unwrap();
    (records, likes, recovery)
}

/// What is left of a vote after `choice`.
fn after(before: Option<Vote>, choice: Choice) -> Option<Vote> {
    match choice {
        Choice::Set(vote) => vote,
        Choice::Toggle(vote) if before == Some(vote) => None,
        Choice::Toggle(vote) => Some(vote),
    }
}

fn any_choice(random: &mut SmallRng) -> Choice {
    use Vote::{Dislike, Like};
    let choices = [
        Choice::Set(None),
        Choice::Set(Some(Like)),
        Choice::Set(Some(Dislike)),
        Choice::Toggle(Like),
        Choice::Toggle(Dislike),
    ];
    *choices.choose(random).unwrap()
}

/// Every viewer's vote on every video, as numbers.
type Votes = BTreeMap<(u64, u64), Vote>;

fn counted(votes: &Votes, video: u64) -> Counts {
    let of = |wanted| {
        let given = votes
            .iter()
            .filter(|((_, on), vote)| *on == video && **vote == wanted);
        given.count() as u64
    };
    Counts {
        likes: of(Vote::Like),
        dislikes: of(Vote::Dislike),
    }
}

/// Checks that the records hold exactly `votes` and the counts that follow from them.
fn check(records: &Records, likes: &Likes, votes: &Votes) {
    for on in 0..VIDEOS {
        for by in 0..VIEWERS {
            let stored = likes.vote_of(viewer(by), &video(on)).unwrap();
            assert_eq!(
                stored,
                votes.get(&(by, on)).copied(),
                "viewer {by}, video {on}"
            );
        }
        assert_eq!(likes.counts(&video(on)), counted(votes, on), "video {on}");
    }
    let stored = records.scan(Tree::Votes, b"").map(Result::unwrap);
    assert_eq!(stored.count(), votes.len(), "a vote is stored once");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_votes_at_once_are_counted_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let (records, likes, _) = open(dir.path());
    let voters = (0..VIEWERS).map(|by| {
        let likes = likes.clone();
        tokio::spawn(async move {
            let mut random = SmallRng::seed_from_u64(by);
            let mut own = Votes::new();
            for _ in 0..10_000_u64.div_ceil(VIEWERS) {
                let (on, choice) = (random.random_range(0..VIDEOS), any_choice(&mut random));
                let (_, vote) = likes.vote(viewer(by), &video(on), choice).await.unwrap();
                assert_eq!(vote, after(own.get(&(by, on)).copied(), choice));
                match vote {
                    Some(vote) => own.insert((by, on), vote),
                    None => own.remove(&(by, on)),
                };
            }
            own
        })
    });
    let mut votes = Votes::new();
    for own in futures::future::join_all(voters).await {
        votes.extend(own.unwrap());
    }
    check(&records, &likes, &votes);
    drop((records, likes));
    let (records, likes, recovery) = open(dir.path());
    assert_eq!(recovery, Recovery::Opened);
    check(&records, &likes, &votes);
}

/// Not a test of its own: run by [`spawn_voter`], it votes until it is killed and says so.
#[tokio::test(flavor = "multi_thread")]
async fn voter_process() {
    let (Ok(dir), Ok(round)) = (std::env::var(VOTER_DIR), std::env::var(VOTER_ROUND)) else {
        return;
    };
    let round: u64 = round.parse().unwrap();
    let (_records, likes, _) = open(Path::new(&dir));
    let voters = (0..VOTERS).map(|voter| {
        let likes = likes.clone();
        tokio::spawn(async move {
            let mut random = SmallRng::seed_from_u64(round * VOTERS + voter);
            loop {
                let by = random.random_range(0..VIEWERS / VOTERS) * VOTERS + voter;
                let (on, choice) = (random.random_range(0..VIDEOS), any_choice(&mut random));
                say(&format!("asked {by} {on} {}", choice_word(choice)));
                let (_, vote) = likes.vote(viewer(by), &video(on), choice).await.unwrap();
                say(&format!(
                    "voted {by} {on} {}",
                    choice_word(Choice::Set(vote))
                ));
            }
        })
    });
    futures::future::join_all(voters).await;
}

fn say(line: &str) {
    // Apart from what the test harness says; the last word tells a whole line from half of one.
    let line = format!("\n{line} .\n");
    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
}

fn choice_word(choice: Choice) -> &'static str {
    match choice {
        Choice::Set(None) => "none",
        Choice::Set(Some(Vote::Like)) => "like",
        Choice::Set(Some(Vote::Dislike)) => "dislike",
        Choice::Toggle(Vote::Like) => "toggle-like",
        Choice::Toggle(Vote::Dislike) => "toggle-dislike",
    }
}

fn choice_of(word: &str) -> Choice {
    let mut random = SmallRng::seed_from_u64(0);
    std::iter::repeat_with(|| any_choice(&mut random))
        .find(|choice| choice_word(*choice) == word)
        .unwrap()
}

fn spawn_voter(dir: &Path, round: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "voter_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(VOTER_DIR, dir)
        .env(VOTER_ROUND, round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// One line of the voter process; `None` for what the test harness says.
fn parse(line: &str) -> Option<(&str, (u64, u64), Choice)> {
    let mut words = line.strip_suffix(" .")?.split(' ');
    let event = words.next()?;
    let by_on = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((event, by_on, choice_of(words.next()?)))
}

#[test]
fn no_acknowledged_vote_is_lost_or_doubled_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let rounds: u64 = std::env::var("ONAIR_KILLS").map_or(12, |n| n.parse().unwrap());
    let mut random = SmallRng::seed_from_u64(rounds);
    let mut votes = Votes::new();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let mut voter = spawn_voter(dir.path(), round);
        let mut lines = BufReader::new(voter.stdout.take().unwrap()).lines();
        let kill_after = random.random_range(1..1500);
        let mut heard = 0;
        let mut under_way = BTreeMap::new();
        // After the kill the pipe still gives what had been said.
        while let Some(Ok(line)) = lines.next() {
            match parse(&line) {
                Some(("asked", by_on, choice)) => {
                    under_way.insert(by_on, choice);
                }
                Some(("voted", by_on, Choice::Set(vote))) => {
                    let asked = under_way.remove(&by_on).expect("asked before");
                    assert_eq!(vote, after(votes.get(&by_on).copied(), asked));
                    match vote {
                        Some(vote) => votes.insert(by_on, vote),
                        None => votes.remove(&by_on),
                    };
                    heard += 1;
                    if heard == kill_after {
                        voter.kill().unwrap();
                    }
                }
                _ => {}
            }
        }
        voter.wait().unwrap();
        assert!(
            heard >= kill_after,
            "the voter died by itself in round {round}"
        );
        acknowledged += heard;

        let (records, likes, recovery) = open(dir.path());
        assert_eq!(recovery, Recovery::Opened, "round {round}");
        // What was asked but not acknowledged may have happened or not.
        for ((by, on), choice) in under_way {
            let stored = likes.vote_of(viewer(by), &video(on)).unwrap();
            let before = votes.get(&(by, on)).copied();
            let possible = BTreeSet::from([before, after(before, choice)].map(vote_word));
            assert!(
                possible.contains(vote_word(stored)),
                "viewer {by}, video {on}"
            );
            match stored {
                Some(vote) => votes.insert((by, on), vote),
                None => votes.remove(&(by, on)),
            };
        }
        check(&records, &likes, &votes);
    }
    println!("{acknowledged} acknowledged votes over {rounds} kills, none lost");
}

fn vote_word(vote: Option<Vote>) -> &'static str {
    choice_word(Choice::Set(vote))
}
