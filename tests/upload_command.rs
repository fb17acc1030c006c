//! `onair upload` to a station that dies on the way, as a person at a terminal runs it.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;
#[path = "support/tus.rs"]
mod tus;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use station::{Home, LIMIT, Station};
use tus::*;

const FILM_BYTES: usize = 200_000_000;

/// `onair upload` of `film` at a terminal, whose screen goes to its output.
fn at_a_terminal(home: &Home, film: &Path, server: &str) -> Child {
    let command = format!(
        "{} upload --server {server} --title \"By hand\" {}",
        env!("CARGO_BIN_EXE_onair"),
        film.display()
    );
    let mut terminal = Command::new("script");
    terminal
        .args([
            "--quiet",
            "--return",
            "--flush",
            "--command",
            &command,
            "/dev/null",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .envs(home.environment())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    terminal.spawn().expect("the terminal starts")
}

/// Waits until `home` has at least `bytes` of uploads.
async fn until_there_are(home: &Home, bytes: u64) {
    let there = async {
        loop {
            let files = home.uploads();
            let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
            if sizes.map(|file| file.len()).sum::<u64>() >= bytes {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let there = tokio::time::timeout(LIMIT, there).await;
    there.expect("the upload goes on");
}

fn killed(station: Station, home: &Home) -> Station {
    station.kill();
    home.start()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_sent_by_command_arrives_whole_though_the_station_is_killed() {
    let home = Home::empty();
    let station = home.start();
    let port = station
        .address
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    let server = station.address.clone();
    // The same address again after it died.
    let home = home.set("ROCKET_PORT", &port);
    let film = huge(FILM_BYTES);
    let size = film.len() as u64;
    let original = home.path("data").join("Film.mp4");
    fs::write(&original, &film).expect("written");
    drop(film);

    let sending = at_a_terminal(&home, &original, &server);
    until_there_are(&home, size / 3).await;
    let station = killed(station, &home);
    let there: u64 = home
        .uploads()
        .iter()
        .map(|file| fs::metadata(file).expect("it is there").len())
        .sum();
    assert!(there < size, "it was killed too late");
    // Again when all bytes are there, and the film is being looked at or just kept.
    until_there_are(&home, size).await;
    let station = killed(station, &home);

    let ended = sending.wait_with_output().expect("it ends");
    let screen = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{screen}");
    // The bar, and one line at each break.
    for word in ["By hand █", " MiB/191.07 MiB "] {
        assert!(screen.contains(word), "no {word:?} in:\n{screen}");
    }
    let breaks = screen.lines().filter(|line| {
        let said = line.rsplit('\x1b').next().expect("a line");
        said.contains("the station does not answer: ")
            && said.len() < 120
            && said.trim_end().ends_with("; going on in 1 s")
    });
    assert!(breaks.count() >= 1, "{screen}");
    let [video] = station.videos().await.try_into().expect("one");
    assert_eq!(video["title"], "By hand");
    let [stored] = home.uploads().try_into().expect("one file");
    assert_eq!(sha256_of(&stored), sha256_of(&original));
}
