//! `onair process` as an uploader runs it.

#[path = "support/house.rs"]
mod house;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use house::{X264, clip, inputs};
use onair::media::verify_package;

fn onair(dir: &Path, arguments: &[&str]) -> Output {
    let mut onair = Command::new(env!("CARGO_BIN_EXE_onair"));
    onair.current_dir(dir).arg("process").args(arguments);
    onair.output().expect("the program runs")
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn videos_become_folders_and_what_fails_is_told_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let recipe = format!("{} {X264} -c:a aac", inputs("640x360", "25", 3.0));
    clip(dir, "film.mkv", &recipe);
    fs::write(dir.join("not.mp4"), "this is no film").unwrap();
    fs::write(
        dir.join("film.de.srt"),
        "1\n00:00:01,000 --> 00:00:02,000\nGuten Tag\n",
    )
    .unwrap();

    let done = onair(dir, &["film.mkv", "not.mp4", "--into", "out"]);
    let (told, complaint) = (said(&done.stdout), said(&done.stderr));
    assert_eq!(done.status.code(), Some(1), "{complaint}");
    assert!(
        told.contains("film.mkv is prepared in out/film (360 lines; "),
        "{told}"
    );
    assert!(
        complaint.contains("not.mp4: this is not a video file"),
        "{complaint}"
    );
    assert!(
        complaint.contains("1 of 2 could not be prepared"),
        "{complaint}"
    );
    let left: Vec<_> = fs::read_dir(dir.join("out")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let package = verify_package(&dir.join("out/film")).await.unwrap();
    assert_eq!(package.subtitles.len(), 1);
    assert_eq!(package.subtitles[0].language, "de");
    assert!(package.stills.is_some());

    let again = onair(dir, &["film.mkv", "--into", "out"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        said(&again.stderr).contains("is there already"),
        "{again:?}"
    );
}

#[test]
fn mistakes_are_told_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let done = onair(dir, &["a.mkv", "b.mkv", "--subtitles", "en:a.srt"]);
    assert!(
        said(&done.stderr).contains("belongs to one video"),
        "{done:?}"
    );
    let done = onair(dir, &["a.mkv", "--subtitles", "en:a.srt"]);
    assert!(
        said(&done.stderr).contains("there is no file a.srt"),
        "{done:?}"
    );
    assert_eq!(onair(dir, &[]).status.code(), Some(2));
    assert_eq!(fs::read_dir(dir).unwrap().count(), 0);
}
