//! The house keeps its floors: a room uses only rooms below it, and each outside crate, clock and
//! process only in the room that owns it. Reads the source itself, also what is not compiled.

#[path = "floors/circles.rs"]
mod circles;
#[path = "floors/rooms.rs"]
mod rooms;
#[path = "floors/rust_source.rs"]
mod rust_source;
#[path = "floors/scripts.rs"]
mod scripts;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rooms::File;

/// Longer files are about two things.
const MOST_LINES: usize = 500;

#[test]
fn every_arrow_between_rooms_points_down() {
    let files = files_below("src", "rs");
    assert!(files.len() > 10, "the source was not found");
    assert_none(&rooms::violations(&files, &dependencies()));
}

#[test]
fn every_arrow_between_scripts_points_down() {
    assert_none(&scripts::violations(&files_below("browser/js", "js")));
}

#[test]
fn every_file_is_about_one_thing() {
    let folders = [
        ("src", "rs"),
        ("tests", "rs"),
        ("browser", "js"),
        ("browser", "css"),
    ];
    let long: Vec<String> = folders
        .into_iter()
        .flat_map(|(folder, ending)| {
            files_below(folder, ending)
                .into_iter()
                .map(move |file| (folder, file))
        })
        .filter(|(_, file)| file.text.lines().count() > MOST_LINES)
        .map(|(folder, file)| format!("{folder}/{} is longer than {MOST_LINES} lines", file.path))
        .collect();
    assert_none(&long);
}

#[test]
fn no_test_is_ignored() {
    let ignored: Vec<String> = [("src", "rs"), ("tests", "rs")]
        .into_iter()
        .flat_map(|(folder, ending)| files_below(folder, ending))
        .filter(|file| {
            file.text
                .lines()
                .any(|line| line.trim_start().starts_with("#[ignore"))
        })
        .map(|file| format!("{} ignores a test", file.path))
        .collect();
    assert_none(&ignored);
}

/// The files of a made-up house, and what must be said of them.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<File> = files.iter().map(|(path, text)| file(path, text)).collect();
    let crates = ["rocket", "serde", "sled", "tokio"].map(str::to_owned);
    let found = rooms::violations(&files, &BTreeSet::from(crates));
    assert_eq!(found, expected);
}

fn check_scripts(files: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<File> = files.iter().map(|(path, text)| file(path, text)).collect();
    assert_eq!(scripts::violations(&files), expected);
}

#[test]
fn arrows_down_are_welcome() {
    let web = "use crate::{library::Video, station}; pub fn x(v: super::audience::Likes) {}";
    check(
        &[("web/mod.rs", web), ("library/mod.rs", "pub struct Video;")],
        &[],
    );
}

#[test]
fn arrows_up_are_refused_however_they_are_written() {
    let up = "the arrow runs up: library may not know web (lower floors only)";
    for code in [
        "use crate::web::Thing;",
        "pub(crate) use crate::{timeline::Plan, web::{Thing}};",
        "fn f() { crate::web::thing(); }",
        "fn f() { tokio::select! { _ = crate::web::thing() => {} } }",
        "fn f() -> Vec<crate::web::Thing> { vec![] }",
        "mod inner { fn f() { super::super::web::thing() } }",
        "#[cfg(test)] mod tests { use crate::web::Thing; }",
    ] {
        let files = [file("library/mod.rs", code)];
        let found = rooms::violations(&files, &BTreeSet::new());
        assert_eq!(found.len(), 1, "{code}: {found:?}");
        assert!(found[0].ends_with(up), "{code}: {found:?}");
    }
}

#[test]
fn comments_and_strings_are_no_arrows() {
    let code = r##"
        //! See [`crate::web`].
        /// Like crate::web::thing, /* not */ sled::open.
        fn f() -> &'static str { /* rocket::build() */ r#"crate::web::thing"# }
    "##;
    check(&[("library/mod.rs", code)], &[]);
}

#[test]
fn neighbours_on_one_floor_do_not_know_each_other() {
    check(
        &[("media/mod.rs", "use crate::storage::Bucket;")],
        &[
            "src/media/mod.rs:1: `crate::storage::Bucket`: the arrow runs up: media may not know \
           storage (lower floors only)",
        ],
    );
}

#[test]
fn a_room_must_have_a_name_of_the_house() {
    check(
        &[("helpers.rs", ""), ("web/mod.rs", "use crate::*;")],
        &[
            "src/helpers.rs: helpers is not a room of the house",
            "src/web/mod.rs:1: `crate::*`: the crate's root is only a map; name the room",
        ],
    );
}

#[test]
fn crates_stay_in_the_room_that_owns_them() {
    check(
        &[
            (
                "library/scan.rs",
                "#[rocket::get(\"/\")] fn f() { ::sled::open(p) }",
            ),
            ("storage/records.rs", "use sled::Db;"),
            ("web/mod.rs", "use rocket::get;"),
        ],
        &[
            "src/library/scan.rs:1: `rocket::get`: only web may know rocket",
            "src/library/scan.rs:1: `sled::open`: only storage may know sled",
        ],
    );
}

#[test]
fn only_media_starts_processes() {
    let start = "use tokio::process::Command; fn f() { std::process::Command::new(\"ls\"); }";
    let found = [
        "src/library/mod.rs:1: `tokio::process::Command`: only media starts processes",
        "src/library/mod.rs:1: `std::process::Command::new`: only media starts processes",
    ];
    check(&[("media/mod.rs", start)], &[]);
    check(&[("library/mod.rs", start)], &found);
    check(&[("cli.rs", "use std::process::ExitCode;")], &[]);
}

#[test]
fn only_the_clock_reads_a_clock() {
    let read = "fn f() { let t = std::time::Instant::now(); t.elapsed(); chrono::Utc::now(); }";
    check(&[("clock.rs", read)], &[]);
    check(
        &[("station/mod.rs", read)],
        &[
            "src/station/mod.rs:1: `std::time::Instant::now`: only clock.rs reads a clock",
            "src/station/mod.rs:1: `elapsed`: only clock.rs reads a clock",
            "src/station/mod.rs:1: `chrono::Utc::now`: only clock.rs reads a clock",
        ],
    );
}

#[test]
fn the_timeline_is_pure() {
    let code = "use serde::Serialize; use std::fs; async fn f() { tokio::spawn(x) }";
    check(
        &[("timeline/mod.rs", code)],
        &[
            "src/timeline/mod.rs:1: `serde::Serialize`: the timeline is pure and may not know serde",
            "src/timeline/mod.rs:1: `std::fs`: the timeline is pure and may not use std::fs",
            "src/timeline/mod.rs:1: `async`: the timeline is pure and never waits",
            "src/timeline/mod.rs:1: `tokio::spawn`: the timeline is pure and may not know tokio",
        ],
    );
    let fine = "use std::time::Duration; #[cfg(test)] mod tests { use proptest::prelude::*; }";
    check(&[("timeline/mod.rs", fine)], &[]);
    let files = [
        ("timeline/mod.rs", "#[cfg(test)] mod tests;"),
        ("timeline/tests.rs", "use proptest::prelude::*;"),
    ];
    check(&files, &[]);
}

#[test]
fn files_of_a_room_do_not_turn_in_circles() {
    check(
        &[
            ("library/mod.rs", "mod a; mod b; pub use a::A;"),
            ("library/a.rs", "use super::b; pub struct A;"),
            ("library/b.rs", "use super::A;"),
        ],
        &["src: a circle of files: library/a.rs → library/b.rs → library/a.rs"],
    );
    check(
        &[
            ("library/mod.rs", "mod a; use a::A; pub struct Error;"),
            ("library/a.rs", "use super::Error; pub struct A;"),
        ],
        &["src: a circle of files: library/a.rs → library/mod.rs → library/a.rs"],
    );
    // Handing on is no use, and tests may look around.
    check(
        &[
            (
                "library/mod.rs",
                "mod a; mod b; pub use a::A; pub use b::B; pub struct Error;",
            ),
            (
                "library/a.rs",
                "use super::Error; #[cfg(test)] mod tests { use super::super::B; }",
            ),
            ("library/b.rs", "use super::A; pub struct B;"),
        ],
        &[],
    );
}

#[test]
fn scripts_keep_their_floors() {
    let core = "// import '../ui/player.js'\nexport const a = 'import \"/x\"';";
    check_scripts(
        &[
            ("core/a.js", core),
            ("ui/b.js", "import { a } from '../core/a.js';"),
        ],
        &[],
    );
    check_scripts(
        &[
            ("core/a.js", "import {\n b } from \"../ui/b.js\";"),
            (
                "edges/now.js",
                "export const now = () => performance.now();",
            ),
            ("helpers.js", ""),
            ("ui/b.js", "export * from './c.js'; import('lit');"),
            ("ui/c.js", "import './b.js'"),
        ],
        &[
            "browser/js/core/a.js: the arrow to ui/b.js runs up",
            "browser/js/helpers.js: lies in none of core, edges, ui, pages",
            "browser/js/ui/b.js: imports \"lit\", which is not a file beside it",
            "browser/js: a circle of files: ui/b.js → ui/c.js → ui/b.js",
        ],
    );
}

fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} found:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

/// All files below `folder` of the repository with that ending, in order of their paths.
fn files_below(folder: &str, ending: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                let below = path.strip_prefix(&root).expect("it lies below the root");
                let below = below.to_str().expect("names are plain").to_owned();
                let text = fs::read_to_string(&path).expect("source is UTF-8");
                files.push(File { path: below, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The crates the program itself depends on, as they are named in source.
fn dependencies() -> BTreeSet<String> {
    let manifest = include_str!("../Cargo.toml");
    let (_, after) = manifest
        .split_once("[dependencies]")
        .expect("Cargo.toml has dependencies");
    let section = after.split("\n[").next().unwrap_or(after);
    section
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect()
}
