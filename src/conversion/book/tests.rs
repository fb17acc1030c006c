use super::*;
use crate::library::{Grade, Rendition, Source, VideoState};
use crate::media::{Facts, RECIPE};

const T: i64 = 1_900_000_000_000;

/// A catalogue from words: `a` plays as it is, `a?` waits for conversion, `a!` is quarantined,
/// `a+` has a quick version, `a*` a house version, `a_` the lowest rung of one; it is too small for more, but
/// with a capital letter it is not.
fn catalogue(words: &str) -> Catalogue {
    let videos = words.split_whitespace().enumerate().map(|(place, word)| {
        let id = word.trim_end_matches(['?', '!', '+', '*', '_']);
        let reason = || "because".to_owned();
        let state = match word.chars().last() {
            Some('?') => VideoState::Waiting { reason: reason() },
            Some('!') => VideoState::Quarantined { reason: reason() },
            _ => VideoState::Ready,
        };
        let grade = match word.chars().last() {
            Some('+') => Some(Grade::Quick),
            Some('*') => Some(Grade::House),
            _ => None,
        };
        Arc::new(Video {
            id: self::id(id),
            title: id.to_uppercase(),
            source: Source::Uploads,
            key: format!("{id}.mp4"),
            size_bytes: 10,
            modified_ms: 0,
            added_ms: place as i64,
            facts: Some(match id.starts_with(char::is_uppercase) {
                true => Facts {
                    width: 1920,
                    height: 1080,
                    ..facts()
                },
                false => facts(),
            }),
            state,
            rendition: grade.map(rendition),
            floor: word.ends_with('_').then(|| rendition(Grade::Floor)),
            texts: 0,
            versions_made: u32::from(grade.is_some() || word.ends_with('_')),
        })
    });
    Catalogue::new(videos, 1)
}

fn rendition(grade: Grade) -> Rendition {
    Rendition {
        version: 1,
        grade,
        recipe: RECIPE,
        duration_ms: 1000,
        size_bytes: 1,
        small: false,
        stills: false,
        texts: 0,
        captions: Vec::new(),
    }
}

fn facts() -> Facts {
    Facts {
        container: "mp4".into(),
        duration_ms: 1000,
        start_ms: 0,
        indexed: true,
        width: 320,
        height: 180,
        rotation_degrees: 0,
        frames_per_s: Some(25.0),
        video_codec: "h264".into(),
        video_profile: None,
        pixel_format: None,
        interlaced: false,
        audio: None,
    }
}

fn id(text: &str) -> VideoId {
    VideoId::new(text).unwrap()
}

fn book(words: &str) -> Book {
    let mut book = Book::default();
    assert_eq!(book.learn(&catalogue(words)), []);
    book
}

/// What a worker that takes everything is given: `a quick v1`.
fn lease(book: &mut Book, token: u64, now_ms: i64) -> Option<String> {
    let (task, note) = book.lease(Token(token), "w", |_, _| true, now_ms)?;
    assert_eq!(note.0, task.video.id);
    let step = format!("{:?}", task.step).to_lowercase();
    Some(format!("{} {step} v{}", task.video.id, task.version))
}

fn leases(book: &mut Book, now_ms: i64) -> Vec<String> {
    (1..)
        .map_while(|token| lease(book, token, now_ms))
        .collect()
}

fn why(reason: &str) -> (String, Vec<String>) {
    (reason.to_owned(), vec!["a line".to_owned()])
}

#[test]
fn what_is_not_on_the_air_comes_first_and_what_is_as_it_should_be_not_at_all() {
    let mut book = book("a b? c! d+ e* f?");
    let expected = ["b quick v1", "f quick v1", "a house v1", "d house v2"];
    assert_eq!(leases(&mut book, T), expected);
}

#[test]
fn the_lowest_rung_of_all_comes_before_the_whole_of_any() {
    let mut book = book("A_ B C? D* E+ f");
    let expected = [
        "C quick v1",
        "B floor v1",
        "E floor v2",
        "f house v1",
        "A house v2",
    ];
    assert_eq!(leases(&mut book, T), expected);
}

#[test]
fn who_makes_no_lowest_rungs_alone_is_given_the_whole() {
    let mut book = book("A b");
    let old = |_: &VideoId, step| matches!(step, Step::Quick | Step::House);
    for id in ["A", "b"] {
        let (task, note) = book.lease(Token(1), "w", old, T).unwrap();
        assert_eq!((task.video.id.as_str(), task.step), (id, Step::House));
        assert_eq!(note.1.unwrap().step, Step::House);
    }
    assert!(book.jobs().listed.iter().all(|job| job.step == Step::House));
    // And is not given it again at once if that fails.
    book.failed(&id("A"), Token(1), why("no"), T).unwrap();
    book.learn(&catalogue("A b"));
    assert!(book.lease(Token(2), "w", old, T).is_none());
}

#[test]
fn who_has_the_whole_already_is_not_asked_for_the_lowest_rung() {
    let mut book = book("A");
    leases(&mut book, T);
    let (task, _) = book.take(Token(9), "w", &id("A"), T).unwrap();
    assert_eq!((task.step, task.fewest_rungs()), (Step::House, 2));
}

#[test]
fn a_lane_for_the_quick_takes_nothing_else() {
    let mut book = book("a");
    let taken = book.lease(Token(1), "w", |_, step| step == Step::Quick, T);
    assert!(taken.is_none());
}

#[test]
fn who_has_a_version_already_takes_the_job_from_whoever_works_on_it() {
    let mut book = book("a b c*");
    leases(&mut book, T);
    let (task, _) = book.take(Token(9), "w", &id("b"), T).unwrap();
    assert_eq!((&task.video.id, task.version), (&id("b"), 2));
    assert_eq!(book.heard(&id("b"), Token(2), None, T), Err(Expired));
    assert_eq!(book.heard(&id("a"), Token(1), None, T), Ok(()));
    assert!(
        book.take(Token(10), "w", &id("c"), T).is_none(),
        "it wants nothing"
    );
}

#[test]
fn a_house_version_of_an_older_recipe_is_made_anew() {
    let mut video = Video::clone(&catalogue("a*").videos()[0]);
    video.rendition.as_mut().unwrap().recipe = RECIPE - 1;
    assert_eq!(Step::wanted_by(&video), Some(Step::House));
}

#[test]
fn a_job_has_one_worker_and_is_gone_when_it_is_done() {
    let mut book = book("a");
    assert_eq!(lease(&mut book, 1, T).as_deref(), Some("a house v1"));
    assert_eq!(lease(&mut book, 2, T), None);
    assert_eq!(book.done(&id("a"), Token(2)), Err(Expired));
    assert_eq!(book.done(&id("a"), Token(1)), Ok((id("a"), None)));
    book.learn(&catalogue("a*"));
    assert_eq!(lease(&mut book, 3, T), None);
    assert_eq!(book.jobs().listed, []);
}

#[test]
fn a_worker_that_is_silent_loses_its_job_and_one_that_is_heard_keeps_it() {
    let mut book = book("a");
    lease(&mut book, 1, T);
    assert_eq!(
        book.heard(&id("a"), Token(1), None, T + LEASE_MS - 1),
        Ok(())
    );
    assert_eq!(lease(&mut book, 2, T + LEASE_MS), None);
    assert_eq!(book.next_due_ms(T + LEASE_MS), Some(T + 2 * LEASE_MS - 1));
    let later = T + 2 * LEASE_MS;
    let another_folder = Some("a house v2");
    assert_eq!(lease(&mut book, 3, later).as_deref(), another_folder);
    assert_eq!(book.heard(&id("a"), Token(1), None, later), Err(Expired));
    assert_eq!(book.done(&id("a"), Token(1)), Err(Expired));
}

#[test]
fn failures_are_tried_again_later_and_later_and_then_left_to_a_person() {
    let mut book = book("a");
    let mut now_ms = T;
    for failures in 1..=MOST_FAILURES {
        assert!(lease(&mut book, 1, now_ms).is_some(), "try {failures}");
        let (_, record) = book
            .failed(&id("a"), Token(1), why("no luck"), now_ms)
            .unwrap();
        let record = record.unwrap();
        assert_eq!((record.failures, record.interruptions), (failures, 0));
        assert_eq!(lease(&mut book, 1, now_ms), None, "not at once");
        if failures < MOST_FAILURES {
            now_ms = book.next_due_ms(now_ms).unwrap();
        }
    }
    assert_eq!(book.next_due_ms(now_ms), None);
    assert_eq!(lease(&mut book, 1, i64::MAX / 2), None);
    let view = &book.jobs().listed[0];
    assert_eq!(view.state, JobState::Failed);
    assert_eq!(view.reason.as_deref(), Some("no luck"));
    assert_eq!(view.details, ["a line"]);

    assert_eq!(book.retry(&id("a")), Some((id("a"), None)));
    assert_eq!(lease(&mut book, 1, now_ms).as_deref(), Some("a house v4"));
    assert_eq!(book.retry(&id("a")), None, "it is running");
}

#[test]
fn what_was_noted_outlives_the_process_and_bounds_how_often_a_job_takes_it_down() {
    let mut kept = HashMap::new();
    for round in 1..=MOST_INTERRUPTIONS {
        let mut book = Book::new(kept.clone());
        book.learn(&catalogue("a"));
        let (_, (video, note)) = book.lease(Token(1), "w", |_, _| true, T).unwrap();
        let note = note.unwrap();
        assert_eq!(note.interruptions, round);
        // As on disk.
        let json = serde_json::to_vec(&note).unwrap();
        kept.insert(video, serde_json::from_slice(&json).unwrap());
    }
    let mut book = Book::new(kept);
    book.learn(&catalogue("a"));
    assert_eq!(lease(&mut book, 1, T), None);
    let view = &book.jobs().listed[0];
    assert_eq!(view.state, JobState::Failed);
    assert!(view.reason.as_ref().unwrap().contains("again and again"));
}

#[test]
fn a_job_given_back_counts_as_never_begun() {
    let mut book = book("a");
    for token in 1..100 {
        assert!(lease(&mut book, token, T).is_some());
        let (_, record) = book.returned(&id("a"), Token(token)).unwrap();
        assert_eq!(record.unwrap().interruptions, 0);
    }
}

#[test]
fn failures_are_forgotten_with_the_bytes_they_are_about() {
    let mut book = book("a b");
    for token in 1..=2 {
        lease(&mut book, token, T);
    }
    book.failed(&id("a"), Token(1), why("no"), T).unwrap();
    book.failed(&id("b"), Token(2), why("no"), T).unwrap();
    let replaced = catalogue("a b");
    let videos = replaced.videos().iter().map(|video| {
        let mut video = Video::clone(video);
        video.size_bytes += u64::from(video.id == id("a"));
        Arc::new(video)
    });
    let notes = book.learn(&Catalogue::new(videos, 2));
    assert_eq!(notes, [(id("a"), None)]);
    assert_eq!(lease(&mut book, 3, T).as_deref(), Some("a house v2"));
    assert_eq!(lease(&mut book, 4, T), None, "b waits");
}

#[test]
fn a_video_that_left_for_now_keeps_its_failures() {
    let mut book = book("a");
    lease(&mut book, 1, T);
    book.failed(&id("a"), Token(1), why("no"), T).unwrap();
    assert_eq!(book.learn(&catalogue("")), []);
    assert_eq!(book.jobs().listed, []);
    book.learn(&catalogue("a"));
    assert_eq!(lease(&mut book, 2, T), None);
}

#[test]
fn progress_is_shown_of_who_holds_the_job() {
    let mut book = book("a");
    lease(&mut book, 1, T);
    let progress = Progress {
        stage: crate::media::Stage::Encode,
        done_permille: 250,
        speed: Some(2.0),
        left_s: Some(30),
    };
    book.heard(&id("a"), Token(1), Some(progress), T + 5)
        .unwrap();
    // A mere sign of life takes nothing back.
    book.heard(&id("a"), Token(1), None, T + 6).unwrap();
    let expected = JobState::Running {
        worker: "w".into(),
        since_ms: T,
        progress: Some(progress),
    };
    assert_eq!(book.jobs().listed[0].state, expected);
}

#[test]
fn what_is_worked_on_is_known_to_be_needed() {
    let mut book = book("a d+");
    leases(&mut book, T);
    let expected = HashSet::from([(id("a"), 1), (id("d"), 2)]);
    assert_eq!(book.versions_under_way(), expected);
}

#[test]
fn of_very_many_jobs_a_few_are_listed_and_all_are_counted() {
    let words: Vec<_> = (0..1000).map(|n| format!("v{n:04}")).collect();
    let mut book = book(&words.join(" "));
    // Those whose turn is first fail for good; one far behind them runs.
    for word in &words[..250] {
        let id = id(word);
        for token in 0..u64::from(MOST_FAILURES) {
            let now_ms = T + token as i64 * 1_000_000;
            let leased = book.lease(Token(token), "w", |of, _| *of == id, now_ms);
            assert!(leased.is_some());
            book.failed(&id, Token(token), why("no"), now_ms).unwrap();
        }
    }
    let last = id(&words[999]);
    let leased = book.lease(Token(9), "w", |of, _| *of == last, T);
    assert!(leased.is_some());
    let jobs = book.jobs();
    assert_eq!((jobs.waiting, jobs.running, jobs.failed), (749, 1, 250));
    assert_eq!((jobs.total(), jobs.listed.len()), (1000, MOST_LISTED));
    assert!(matches!(jobs.listed[0].state, JobState::Failed));
    let running = jobs.listed.last().unwrap();
    assert_eq!(running.video, last, "what runs is always listed");
    assert!(matches!(running.state, JobState::Running { .. }));
}
