//! What has no house version yet is in the endless stream with its lowest rung, and no page shows it any worse
//! for that.

#[path = "support/converting.rs"]
mod converting;
#[path = "support/hls.rs"]
mod hls;
#[path = "support/house.rs"]
mod house;
#[path = "support/station.rs"]
mod station;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use converting::{PATIENCE, library, text, upload};
use hls::{Checker, Entry};
use house::{X264, clip, inputs};
use onair::media::{Extent, PrepareOptions, prepare, probe, quick};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use station::{EventReader, Home, Station, browser};

const TOKEN: &str = "a-token-for-this-test-only";
const RENDITIONS: [&str; 3] = ["360", "sound", "ts/720"];

/// A station whose only worker is the test, so that nothing is made before its time.
struct Bench {
    home: Home,
    station: Station,
    client: Client,
    /// What came, by the name of its video.
    sources: HashMap<String, PathBuf>,
    stream: EventReader,
    checkers: HashMap<&'static str, Checker>,
}

impl Bench {
    async fn start() -> Self {
        let home = Home::empty()
            .set("ONAIR_WORKER_TOKEN", TOKEN)
            .set("ONAIR_DVR_S", "600");
        let station = home.start();
        let client = browser();
        Self {
            stream: station.watch(&client).await,
            home,
            station,
            client,
            sources: HashMap::new(),
            checkers: HashMap::new(),
        }
    }

    /// Uploads a clip made by `recipe`; its name as a video.
    async fn upload(&mut self, name: &str, recipe: &str) -> String {
        let path = clip(&self.home.path("data"), name, recipe);
        let uploaded = upload(&self.station, &path, name).await;
        let id = text(&uploaded["id"]).to_owned();
        self.sources.insert(id.clone(), path);
        id
    }

    async fn ask(&self, method: Method, path: &str, body: reqwest::Body) -> (StatusCode, Value) {
        let asked = self.client.request(method, self.station.url(path));
        let asked = asked.bearer_auth(TOKEN).body(body).send().await;
        let answer = asked.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Does the next job as a worker on another machine: of which video, and what.
    async fn work(&self) -> (String, String) {
        let wanted =
            json!({ "worker": "a test", "wait_s": 20, "steps": ["quick", "floor", "house"] });
        let wanted = wanted.to_string().into();
        let (status, job) = self.ask(Method::POST, "/worker/leases", wanted).await;
        assert_eq!(status, StatusCode::OK, "there is a job");
        let [lease, video, step] = ["lease", "video", "step"].map(|key| text(&job[key]).to_owned());
        let made = tempfile::tempdir().expect("a folder");
        make(&self.sources[&video], &step, made.path()).await;
        for entry in fs::read_dir(made.path()).expect("what was made") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let path_there = format!("/worker/leases/{lease}/files/{name}");
            let bytes = fs::read(&path).expect("readable");
            let (status, said) = self.ask(Method::PUT, &path_there, bytes.into()).await;
            assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
        }
        let done = format!("/worker/leases/{lease}/done");
        let (status, said) = self.ask(Method::POST, &done, "".into()).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
        (video, step)
    }

    /// Waits until all playlists list what `fits`, and holds each of them against all before at every change of
    /// programme. Calls `airing` with everything that was on.
    async fn until_listed(&mut self, fits: impl Fn(&str) -> bool, airing: impl Fn(&Value)) {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let event = self
                    .stream
                    .until("on-air", |told| told["current"].is_object());
                airing(&event.await.data["current"]);
                let mut all = true;
                for rendition in RENDITIONS {
                    let path = format!("/channels/main/{rendition}.m3u8?ahead");
                    let answer = self.client.get(self.station.url(&path)).send().await;
                    let list = answer.expect("an answer").text().await.expect("text");
                    let checker = self.checkers.entry(rendition).or_default();
                    checker.check(&list);
                    all &= checker.last().entries.iter().any(|entry| fits(&entry.uri));
                }
                if all {
                    return;
                }
            }
        });
        waited.await.expect("it is listed in time");
    }

    async fn bytes(&self, path: &str) -> Vec<u8> {
        let path = format!("/channels/main/{path}");
        let answer = self.client.get(self.station.url(&path)).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.bytes().await.expect("whole").to_vec()
    }

    /// Everything listed of `rendition` after the last gap, one after another.
    async fn joined(&self, rendition: &str) -> Vec<u8> {
        let told: Vec<&Entry> = self.checkers[rendition].told().collect();
        let first = told.iter().rposition(|entry| entry.is_gap);
        let folder = rendition.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut bytes = match &self.checkers[rendition].last().map {
            Some(map) => self.bytes(map).await,
            None => Vec::new(),
        };
        for entry in &told[first.map_or(0, |gap| gap + 1)..] {
            let path = format!("{folder}/{}", entry.uri);
            bytes.extend(self.bytes(path.trim_start_matches('/')).await);
        }
        bytes
    }
}

/// Makes what `step` is of `source` in `dir`, as a worker does.
async fn make(source: &Path, step: &str, dir: &Path) {
    let facts = probe(source).await.expect("it is a video");
    let options = PrepareOptions {
        extent: match step {
            "floor" => Extent::Floor,
            _ => Extent::Whole,
        },
        ..PrepareOptions::default()
    };
    let made = match step {
        "quick" => quick(source, &facts, dir, &options, &|_| {}).await.err(),
        _ => prepare(source, &facts, dir, &options, &|_| {}).await.err(),
    };
    assert!(made.is_none(), "{made:?}");
}

/// Every frame of the files at `paths` can be decoded.
fn check_decoding(paths: &[PathBuf]) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args("-nostdin -v error -xerror -err_detect explode".split(' '));
    for path in paths {
        ffmpeg.arg("-i").arg(path);
    }
    for input in 0..paths.len() {
        ffmpeg.args(["-map", &input.to_string()]);
    }
    ffmpeg.args("-fps_mode passthrough -enc_time_base:v 1:90000 -f null -".split(' '));
    let decoded = ffmpeg.output().expect("ffmpeg is installed");
    let complaint = String::from_utf8_lossy(&decoded.stderr);
    assert!(
        decoded.status.success() && complaint.is_empty(),
        "{complaint}"
    );
}

#[tokio::test]
async fn the_stream_has_the_lowest_rung_until_there_is_more_and_pages_are_shown_nothing_worse() {
    let mut bench = Bench::start().await;
    let recipe = format!(
        "{} {X264} -c:a aac -movflags +faststart",
        inputs("1920x1080", "25", 4.0)
    );
    let film = bench.upload("Film.mp4", &recipe).await;
    let hevc = "-c:v libx265 -preset ultrafast -x265-params log-level=none -tag:v hvc1 -c:a aac";
    let recipe = format!("{} {hevc}", inputs("1280x720", "30000/1001", 4.3));
    let phone = bench.upload("Phone.mp4", &recipe).await;
    let step = |video: &String, step: &str| (video.clone(), step.to_owned());
    let state = async |bench: &Bench, video: &str| {
        let video = library(&bench.station).await[video].clone();
        ["version", "stream"].map(|key| video[key].as_str().unwrap_or("none").to_owned())
    };

    assert_eq!(bench.work().await, step(&phone, "quick"));
    assert_eq!(state(&bench, &film).await, ["original", "none"]);
    assert_eq!(state(&bench, &phone).await, ["quick", "none"]);
    let file = |video: &str, version: u32| format!("/media/{video}/v{version}/programme.mp4");
    let begun = |airing: &Value| {
        assert_eq!(airing["linear"], false, "{airing}");
        assert!(!text(&airing["url"]).contains("/v2/"), "{airing}");
    };
    bench.until_listed(|_| true, begun).await;

    assert_eq!(bench.work().await, step(&film, "floor"));
    assert_eq!(bench.work().await, step(&phone, "floor"));
    assert_eq!(state(&bench, &film).await, ["original", "floor"]);
    assert_eq!(
        state(&bench, &phone).await,
        ["floor", "floor"],
        "the quick one was as small"
    );
    let floors = [format!("{film}/v1/"), format!("{phone}/v2/")];
    for floor in &floors {
        // Who plays the film as it came is shown nothing worse; the stream is as good for the other.
        let airing = |airing: &Value| {
            let is_own = airing["url"] == file(&phone, 2).as_str();
            assert_eq!(airing["linear"], is_own, "{airing}");
            if airing["id"] == film.as_str() {
                assert_eq!(airing["url"], "/uploads/Film.mp4");
            }
        };
        bench.until_listed(|uri| uri.contains(floor), airing).await;
    }

    assert_eq!(bench.work().await, step(&film, "house"));
    assert_eq!(bench.work().await, step(&phone, "house"));
    assert_eq!(state(&bench, &film).await, ["house", "house"]);
    assert_eq!(state(&bench, &phone).await, ["house", "house"]);
    let houses = [format!("{film}/v2/"), format!("{phone}/v3/")];
    for house in &houses {
        bench.until_listed(|uri| uri.contains(house), |_| {}).await;
    }

    for rendition in RENDITIONS {
        let told = bench.checkers[rendition].told();
        let told: Vec<_> = told.map(|entry| entry.uri.as_str()).collect();
        for version in floors.iter().chain(&houses) {
            assert!(
                told.iter().any(|uri| uri.contains(version)),
                "{version} of {rendition}"
            );
        }
    }
    let data = bench.home.path("data");
    let mut paths = Vec::new();
    for rendition in RENDITIONS {
        let path = data.join(rendition.replace('/', "-"));
        fs::write(&path, bench.joined(rendition).await).expect("written");
        paths.push(path);
    }
    check_decoding(&paths[..2]);
    check_decoding(&paths[2..]);
}
