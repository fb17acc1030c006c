//! From an upload to the air, with the real binary, the real ffmpeg and workers that are killed.

#[path = "support/clips.rs"]
mod clips;
#[path = "support/converting.rs"]
mod converting;
#[path = "support/station.rs"]
mod station;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use converting::*;
use reqwest::StatusCode;
use serde_json::Value;
use station::{EventReader, Home, Station, browser};

const TOKEN: &str = "a-token-for-this-test-only";

/// The next announcement of another airing than `airing`.
async fn next_airing(stream: &mut EventReader, airing: &Value) -> Value {
    let started = airing["started_at_ms"].clone();
    let next = stream.until("on-air", |told| {
        told["current"].is_object() && told["current"]["started_at_ms"] != started
    });
    next.await.data["current"].clone()
}

fn versions(home: &Home, id: &str) -> Vec<String> {
    let entries = fs::read_dir(home.path("data/prepared").join(id)).expect("its versions");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names.map(|n| n.into_string().expect("ASCII")).collect();
    names.sort();
    names
}

/// A stop in the moment a job is done took the version away again that the library had just been given.
#[tokio::test]
async fn what_is_done_in_the_moment_of_a_stop_is_kept() {
    for _ in 0..4 {
        let home = home();
        let station = home.start();
        let uploaded = upload(&station, &clips::avi(1.0), "Tape.avi").await;
        let id = text(&uploaded["id"]);
        until_all_is_converted(&station).await;
        assert!(station.stop().success());
        assert!(versions(&home, id).contains(&"v2".to_owned()));
    }
}

#[tokio::test]
async fn what_no_browser_plays_is_on_the_air_soon_and_in_full_quality_at_a_later_airing() {
    let home = home();
    let station = home.start();
    let client = browser();
    let mut stream = station.watch(&client).await;
    let uploaded = upload(&station, &clips::avi(4.0), "Tape.avi").await;
    assert_eq!(uploaded["state"], "waiting");
    let id = text(&uploaded["id"]);

    let first = stream
        .until("on-air", |told| told["current"]["id"] == id)
        .await;
    let quick = format!("/media/{id}/v1/programme.mp4");
    let mut airing = first.data["current"].clone();
    assert_eq!(airing["url"], quick.as_str());
    let house = format!("/media/{id}/v2/programme.mp4");
    let mut addresses: HashMap<i64, String> = HashMap::new();
    let changed = tokio::time::timeout(PATIENCE, async {
        while airing["url"] != house.as_str() {
            let started_at_ms = airing["started_at_ms"].as_i64().expect("an instant");
            let address = text(&airing["url"]).to_owned();
            let before = addresses.insert(started_at_ms, address.clone());
            assert!(before.is_none_or(|b| b == address), "changed in the middle");
            airing = next_airing(&mut stream, &airing).await;
        }
    });
    changed.await.expect("the house version comes");
    assert!(addresses.values().all(|address| *address == quick));

    for address in [quick, house] {
        let answer = client
            .get(station.url(&address))
            .send()
            .await
            .expect("bytes");
        assert_eq!(answer.status(), StatusCode::OK, "{address}");
        assert_eq!(answer.headers()["content-type"], "video/mp4");
    }
    let video = &library(&station).await[id];
    assert_eq!(
        (&video["state"], &video["version"]),
        (&"ready".into(), &"house".into())
    );
}

#[tokio::test]
async fn a_killed_station_goes_on_with_its_jobs_and_does_none_twice() {
    let home = home();
    let mut station = home.start();
    let uploaded = upload(&station, &clips::playable(6.0), "Film.mp4").await;
    let id = text(&uploaded["id"]).to_owned();
    for _ in 0..3 {
        until_jobs(&station, |jobs| {
            jobs.iter().any(|job| job["state"] == "running")
        })
        .await;
        station.kill();
        station = home.start();
    }
    until_all_is_converted(&station).await;
    assert_eq!(library(&station).await[&id]["version"], "house");
    let made = versions(&home, &id);
    assert_eq!(made, ["v1"], "one version, under the first number");

    // Once more: there is nothing left to do.
    station.kill();
    let station = home.start();
    until_all_is_converted(&station).await;
    assert_eq!(versions(&home, &id), made);
}

#[tokio::test]
async fn a_video_that_is_broken_inside_is_found_out_and_says_so() {
    let home = home();
    let station = home.start();
    let mut bytes = fs::read(clips::playable(6.0)).expect("the clip");
    // The picture's bytes, past the index at the beginning, are not what they were.
    let (from, to) = (bytes.len() / 4, bytes.len() * 3 / 4);
    for byte in &mut bytes[from..to] {
        *byte = byte.wrapping_mul(31).wrapping_add(7);
    }
    let broken = home.path("broken.mp4");
    fs::write(&broken, bytes).expect("written");
    let uploaded = upload(&station, &broken, "Broken.mp4").await;
    let id = text(&uploaded["id"]);
    until_all_is_converted(&station).await;
    let video = &library(&station).await[id];
    assert_eq!(video["state"], "quarantined", "{video}");
    assert!(text(&video["reason"]).contains("damaged"), "{video}");
}

/// `onair` with `arguments` for the station, its words piped.
fn onair(home: &Home, station: &Station, arguments: &[&str], token: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
    command
        .args(arguments)
        .args(["--server", &station.address])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .envs(home.environment())
        .envs((!token.is_empty()).then_some(("ONAIR_WORKER_TOKEN", token)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

fn ended(child: Child) -> (bool, String) {
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[tokio::test]
async fn a_worker_on_another_machine_does_the_work() {
    let home = Home::empty().set("ONAIR_WORKER_TOKEN", TOKEN);
    let station = home.start();
    let film = upload(&station, &clips::playable(20.0), "Film.mp4").await;
    let tape = upload(&station, &clips::avi(4.0), "Tape.avi").await;
    let large = upload(&station, &clips::large(3.0), "Large.mp4").await;
    let jobs = until_jobs(&station, |jobs| jobs.len() == 3).await;
    assert!(jobs.iter().all(|job| job["state"] == "waiting"), "{jobs:?}");

    let folder = home.path("elsewhere").display().to_string();
    let arguments = ["worker", "--name", "attic", "--folder", &folder];
    let stranger = onair(&home, &station, &arguments, "not-the-station's-token");
    let (went_well, said) = ended(stranger);
    assert!(!went_well && said.contains("ONAIR_WORKER_TOKEN"), "{said}");

    let mut worker = onair(&home, &station, &arguments, TOKEN);
    let of_the_worker = |job: &Value| job["worker"] == "attic" && job["progress"].is_object();
    until_jobs(&station, |jobs| jobs.iter().any(of_the_worker)).await;
    until_all_is_converted(&station).await;
    worker.kill().expect("it ran");
    worker.wait().expect("it ends");
    let library = library(&station).await;
    for (uploaded, versions) in [(&film, 1), (&tape, 2), (&large, 2)] {
        let video = &library[text(&uploaded["id"])];
        assert_eq!(video["version"], "house");
        // Of the large one the lowest rung was made before.
        let made = format!("/v{versions}/");
        assert!(text(&video["url"]).contains(&made), "{video}");
    }
    let metrics = browser()
        .get(station.url("/metrics"))
        .send()
        .await
        .expect("metrics");
    assert!(!metrics.text().await.expect("text").contains(TOKEN));
}

const ENGLISH: &str = "1\n00:00:00,500 --> 00:00:01,500\nGood evening\n";

#[tokio::test]
async fn a_video_prepared_on_its_uploaders_own_machine_is_not_converted_again() {
    let home = home();
    let station = home.start();
    let film = home.path("Evening walk.mp4");
    fs::copy(clips::playable(4.0), &film).expect("copied");
    let english = home.path("words.srt");
    fs::write(&english, ENGLISH).expect("written");
    let into = home.path("prepared-at-home");
    let prepared = Command::new(env!("CARGO_BIN_EXE_onair"))
        .args(["process", "--subtitles"])
        .arg(format!("en:{}", english.display()))
        .arg("--into")
        .arg(&into)
        .arg(&film)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .envs(home.environment())
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&prepared.stderr);
    assert!(prepared.status.success(), "{said}");
    let mut folders = fs::read_dir(&into).expect("what was made");
    let folder = folders.next().expect("a folder").expect("an entry").path();

    let path = folder.display().to_string();
    let sent = onair(&home, &station, &["upload", &path, "--title", "A walk"], "");
    let (went_well, said) = ended(sent);
    assert!(
        went_well && said.contains("nothing is left to convert"),
        "{said}"
    );
    let video = library(&station)
        .await
        .into_values()
        .next()
        .expect("a video");
    assert_eq!(
        (&video["title"], &video["version"]),
        (&"A walk".into(), &"house".into())
    );
    assert_eq!(video["captions"][0]["language"], "en");
    let here = home.path("data/prepared").join(text(&video["id"]));
    let version = text(&video["url"])
        .split('/')
        .nth(3)
        .expect("a version")
        .to_owned();
    let bytes = |dir: &Path| fs::read(dir.join("video-360.mp4")).expect("the rung");
    assert!(
        bytes(&here.join(version)) == bytes(&folder),
        "not the same bytes"
    );
}

#[tokio::test]
async fn files_from_elsewhere_are_believed_only_after_a_look() {
    let home = Home::empty().set("ONAIR_WORKER_TOKEN", TOKEN);
    let station = home.start();
    let uploaded = upload(&station, &clips::playable(4.0), "Film.mp4").await;
    let client = browser();
    let ask = |method: reqwest::Method, path: &str| {
        client.request(method, station.url(path)).bearer_auth(TOKEN)
    };
    let wanted = serde_json::json!({ "worker": "liar", "wait_s": 20 });
    let leased = ask(reqwest::Method::POST, "/worker/leases")
        .json(&wanted)
        .send()
        .await;
    let leased: Value = leased.expect("an answer").json().await.expect("a job");
    assert_eq!(leased["video"], uploaded["id"]);
    let lease = text(&leased["lease"]);
    let put = |name: &'static str| {
        let path = format!("/worker/leases/{lease}/files/{name}");
        ask(reqwest::Method::PUT, &path).body("no video").send()
    };
    for name in ["..%2Fescape.mp4", ".hidden.mp4", "run.sh", "a%00.mp4"] {
        let status = put(name).await.expect("an answer").status();
        assert!(status.is_client_error(), "{name}: {status}");
    }
    let taken = put("programme.mp4").await.expect("an answer");
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    let done = format!("/worker/leases/{lease}/done");
    let refused = ask(reqwest::Method::POST, &done)
        .send()
        .await
        .expect("an answer");
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let again = ask(reqwest::Method::POST, &done)
        .send()
        .await
        .expect("an answer");
    assert_eq!(again.status(), StatusCode::GONE);
    let video = &library(&station).await[text(&uploaded["id"])];
    assert_eq!(
        (&video["state"], &video["version"]),
        (&"ready".into(), &"original".into())
    );
}

#[tokio::test]
async fn the_library_is_kept_from_the_command_line_with_the_station_or_without() {
    let home = Home::empty();
    let station = home.start();
    let film: PathBuf = clips::playable(4.0);
    let port = station.address.rsplit(':').next().expect("a port");
    let port = port.to_owned();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
        command
            .args(["library"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .envs(home.environment())
            .env("ROCKET_PORT", &port)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ended(command.spawn().expect("the binary starts"))
    };
    let (went_well, said) = run(&["list"]);
    assert!(went_well && said.contains("empty"), "{said}");
    let path = film.display().to_string();
    let (went_well, said) = run(&["add", &path, "--title", "By hand"]);
    assert!(went_well && said.contains("By hand"), "{said}");
    let (_, said) = run(&["list"]);
    let id = said.split_whitespace().next().expect("an id").to_owned();
    assert!(said.contains("By hand") && said.contains("ready"), "{said}");
    let (went_well, said) = run(&["retry", &id]);
    assert!(
        !went_well && said.contains("no failed conversion"),
        "{said}"
    );

    station.kill();
    let (went_well, said) = run(&["list"]);
    assert!(went_well && said.contains("By hand"), "{said}");
    let other = clips::silent(3.0).display().to_string();
    let (went_well, said) = run(&["add", &other]);
    assert!(
        went_well && said.contains("when the station starts"),
        "{said}"
    );
    let (went_well, said) = run(&["remove", &id]);
    assert!(went_well, "{said}");

    let station = home.start();
    let library = library(&station).await;
    assert!(!library.contains_key(&id));
    assert_eq!(library.len(), 1);
}
