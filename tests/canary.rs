//! Files built to have something else read or reached, given to everything that takes a stranger's
//! file: nothing is opened, nothing is connected to, and nothing comes out.
//!
//! That the leash alone holds, without the programs' own guards, is tested beside it in `src/media`.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/content.rs"]
mod content;
#[path = "support/hostile.rs"]
mod hostile;

use std::fs;
use std::path::{Path, PathBuf};

use onair::media::{
    Facts, PrepareOptions, SubtitleFile, SubtitleOrigin, extract_subtitles, make_stills, prepare,
    probe, quick, subtitles_beside,
};

use hostile::{Trap, is_leak, leaks_below};

async fn good_facts() -> Facts {
    probe(&clips::playable(2.0)).await.unwrap()
}

fn file(path: &Path) -> SubtitleFile {
    SubtitleFile {
        path: path.to_owned(),
        language: "en".to_owned(),
        label: None,
        origin: SubtitleOrigin::Uploaded,
    }
}

/// Puts the file at `path` through everything, as if it had passed for a video; with what was said.
async fn put_through(path: &Path, facts: &Facts, out: &Path) -> Vec<String> {
    let dirs = ["quick", "prepare", "subtitles", "stills"].map(|name| out.join(name));
    for dir in &dirs {
        fs::create_dir(dir).unwrap();
    }
    let [quick_dir, prepare_dir, subtitles_dir, stills_dir] = &dirs;
    let (options, uploaded) = (PrepareOptions::default(), [file(path)]);
    let quiet = |_| {};
    let (probed, quick, prepared, subtitles, stills) = tokio::join!(
        probe(path),
        Box::pin(quick(path, facts, quick_dir, &options, &quiet)),
        Box::pin(prepare(path, facts, prepare_dir, &options, &quiet)),
        Box::pin(extract_subtitles(path, facts, &uploaded, subtitles_dir, 0)),
        Box::pin(make_stills(path, path, 2000, stills_dir, 0)),
    );
    // This one is an honest file but for where its pictures are to be.
    let headers_are_true = path.extension().is_some_and(|ending| ending == "mov")
        && fs::read(path).unwrap().starts_with(b"\0\0\0");
    if !headers_are_true {
        let probed = probed.as_ref().unwrap_err();
        assert!(probed.is_about_the_file(), "{}: {probed}", path.display());
        assert!(prepared.is_err() && stills.is_err(), "{}", path.display());
    }
    vec![
        format!("{probed:?}"),
        format!("{quick:?}"),
        format!("{prepared:?}"),
        format!("{subtitles:?}"),
        format!("{stills:?}"),
    ]
}

#[tokio::test]
async fn no_trick_opens_the_canary_reaches_out_or_shows_in_any_output() {
    let trap = Trap::set();
    let facts = good_facts().await;
    for hostile in trap.files() {
        let name = hostile.name();
        let out = tempfile::tempdir().unwrap();
        trap.sprung();
        let said = put_through(&hostile.path, &facts, out.path()).await;
        assert_eq!(trap.sprung(), Vec::<&str>::new(), "{name}: {said:?}");
        assert_eq!(leaks_below(out.path()), Vec::<PathBuf>::new(), "{name}");
        assert!(
            !said.iter().any(|s| is_leak(s.as_bytes())),
            "{name}: {said:?}"
        );
    }
}

#[tokio::test]
async fn no_trick_works_as_subtitles_of_an_honest_video() {
    let trap = Trap::set();
    let clip = clips::put(&clips::playable(2.0), trap.dir.path(), "film.mp4");
    let canary = trap.dir.path().join("canary.txt");
    std::os::unix::fs::symlink(&canary, trap.dir.path().join("film.en.srt")).unwrap();
    let mut files: Vec<_> = trap
        .files()
        .iter()
        .map(|hostile| file(&hostile.path))
        .collect();
    files.push(file(&trap.dir.path().join("film.en.srt")));
    files.extend(subtitles_beside(&clip).unwrap());
    let out = tempfile::tempdir().unwrap();
    trap.sprung();
    let subtitles = extract_subtitles(&clip, &good_facts().await, &files, out.path(), 0).await;
    assert_eq!(trap.sprung(), Vec::<&str>::new());
    assert_eq!(leaks_below(out.path()), Vec::<PathBuf>::new());
    // The one that is subtitles is shown as what it says.
    assert_eq!(subtitles.unwrap().tracks.len(), 1);
}

#[tokio::test]
async fn a_real_exploit_shows_nobody_the_machine_s_users() {
    let out = tempfile::tempdir().unwrap();
    let exploit = content::file(content::EXPLOIT);
    let said = put_through(&exploit, &good_facts().await, out.path()).await;
    assert_eq!(leaks_below(out.path()), Vec::<PathBuf>::new());
    assert!(!said.iter().any(|s| is_leak(s.as_bytes())), "{said:?}");
    let made: Vec<_> = ["quick", "prepare", "subtitles", "stills"]
        .into_iter()
        .flat_map(|name| fs::read_dir(out.path().join(name)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.metadata().unwrap().len() > 0)
        .collect();
    assert_eq!(made, Vec::<PathBuf>::new(), "nothing at all comes out");
}
