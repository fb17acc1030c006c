//! The real binary on a free port, with folders of its own.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::StreamExt;
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

/// Nothing here takes longer unless it is broken.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Folders a station keeps over its restarts.
pub struct Home {
    dir: TempDir,
    environment: Vec<(String, String)>,
}

impl Home {
    /// Empty folders.
    pub fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for name in ["static", "uploads", "data"] {
            std::fs::create_dir(dir.path().join(name)).expect("a folder in it");
        }
        Self {
            dir,
            environment: Vec::new(),
        }
    }

    /// Folders with copies of `videos` in static/, named `1.mp4`, `2.mp4`, … in that order.
    pub fn with(videos: &[PathBuf]) -> Self {
        let home = Self::empty();
        for (number, video) in (1..).zip(videos) {
            let extension = video.extension().expect("a video").to_string_lossy();
            let copy = home.path("static").join(format!("{number}.{extension}"));
            std::fs::copy(video, copy).expect("copied");
        }
        home
    }

    /// The same with another setting.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same with a port for events.
    pub fn with_events_port(self) -> Self {
        let port = free_port().to_string();
        self.set("ONAIR_EVENTS_PORT", &port)
    }

    /// `static`, `uploads` or `data`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Everything in uploads/, hidden files included.
    pub fn uploads(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path("uploads")).expect("uploads/");
        entries
            .map(|entry| entry.expect("an entry").path())
            .collect()
    }

    /// The settings of a station that lives here.
    pub fn environment(&self) -> Vec<(String, String)> {
        let folders = ["static", "uploads", "data"].map(|name| {
            let path = self.path(name).display().to_string();
            (format!("ONAIR_{}_DIR", name.to_uppercase()), path)
        });
        let disk = ("ONAIR_MIN_FREE_BYTES".to_owned(), "0".to_owned());
        let mut all = Vec::from(folders);
        all.push(disk);
        all.extend(self.environment.iter().cloned());
        all
    }

    /// A station that lives here, once it is on the air.
    pub fn start(&self) -> Station {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
        command
            .arg("serve")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .env("ROCKET_ADDRESS", "127.0.0.1")
            .env("ROCKET_PORT", "0")
            // One port for all of them would be the first one's; a test about it says which.
            .env("ONAIR_EVENTS_PORT", "0")
            // Converting takes processors from what is tested; a test about it says so.
            .env("ONAIR_WORKERS", "0")
            .envs(self.environment())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut process = command.spawn().expect("the binary starts");
        let mut greeting = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut said = String::new();
        let address = loop {
            let from = said.len();
            let read = greeting.read_line(&mut said).expect("its output is text");
            assert!(read > 0, "it ended instead of going on the air:\n{said}");
            if let Some(address) = said[from..].trim().strip_prefix("Watch") {
                break address.trim().trim_end_matches('/').to_owned();
            }
        };
        // Somebody has to listen, or the process would fail at its next word.
        let rest = std::thread::spawn(move || {
            let mut said = String::new();
            let _ended = greeting.read_to_string(&mut said);
            said
        });
        let settings = self.environment.iter().rev();
        let mut ports = settings.filter(|(key, _)| key == "ONAIR_EVENTS_PORT");
        let events = ports.next().map(|(_, port)| format!("127.0.0.1:{port}"));
        Station {
            process,
            address,
            events,
            rest: Some(rest),
        }
    }
}

/// A running station; killed when dropped.
pub struct Station {
    process: Child,
    /// `http://localhost:port`.
    pub address: String,
    /// `127.0.0.1:port`, if it was told of a port for events.
    pub events: Option<String>,
    rest: Option<std::thread::JoinHandle<String>>,
}

impl Station {
    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Kills it as a power cut would (`kill -9`).
    pub fn kill(mut self) {
        self.process.kill().expect("it was running");
        self.process.wait().expect("it ends");
    }

    /// Asks it to stop and waits until it has; how it ended.
    pub fn stop(mut self) -> std::process::ExitStatus {
        let pid = i32::try_from(self.pid()).expect("a process id");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
        self.process.wait().expect("it ends")
    }

    /// The JSON at `path`.
    pub async fn json(&self, client: &reqwest::Client, path: &str) -> Value {
        let answer = client.get(self.url(path)).send().await.expect(path);
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// All videos in the library.
    pub async fn videos(&self) -> Vec<Value> {
        let library = self.json(&browser(), "/library").await;
        library["videos"].as_array().expect("a list").clone()
    }

    /// Asks for the metrics until they have `line`.
    pub async fn until_counted(&self, line: &str) {
        let client = browser();
        let counted = async {
            loop {
                let answer = client.get(self.url("/metrics")).send().await;
                let text = answer.expect("metrics").text().await.expect("text");
                if text.lines().any(|l| l == line) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let counted = tokio::time::timeout(LIMIT, counted).await;
        counted.unwrap_or_else(|_| panic!("{line} is never told"));
    }

    /// What became of the upload at the path `at`, once it is told.
    pub async fn result(&self, at: &str) -> (StatusCode, Value) {
        loop {
            let answer = browser().get(self.url(at)).send().await.expect("sent");
            let status = answer.status();
            let told: Value = answer.json().await.expect("JSON");
            if status != StatusCode::ACCEPTED || told["state"] == "receiving" {
                return (status, told);
            }
        }
    }

    /// The stream at the port for events, if there is one, else at the main port.
    pub fn stream_url(&self) -> String {
        match &self.events {
            Some(events) => format!("http://{events}/video-updates"),
            None => self.url("/video-updates"),
        }
    }

    /// A viewer's stream.
    pub async fn watch(&self, client: &reqwest::Client) -> EventReader {
        watch(client, &self.stream_url()).await
    }
}

/// A port nobody listens on; whoever takes it does so at once.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// The stream at `url`.
pub async fn watch(client: &reqwest::Client, url: &str) -> EventReader {
    let answer = client.get(url).send().await.expect("the stream opens");
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes_stream().map(|bytes| bytes.expect("bytes"));
    EventReader {
        bytes: bytes.boxed(),
        text: String::new(),
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        let _already_ended = self.process.kill();
        let _status = self.process.wait();
        drop(self.rest.take());
    }
}

/// An event as it came.
#[derive(Debug)]
pub struct Event {
    pub id: String,
    pub name: String,
    pub data: Value,
}

impl Event {
    /// The number within the epoch.
    pub fn seq(&self) -> u64 {
        let (_, seq) = self.id.rsplit_once('-').expect("epoch-seq");
        seq.parse().expect("a number")
    }
}

/// Reads a `text/event-stream`.
pub struct EventReader {
    bytes: futures::stream::BoxStream<'static, bytes::Bytes>,
    text: String,
}

impl EventReader {
    /// The next event; none once the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                // A mere sign of life says nothing; it may also come before an event.
                if block.lines().any(|line| line.starts_with("data:")) {
                    return Some(parse(&block));
                }
                continue;
            }
            let more = tokio::time::timeout(LIMIT, self.bytes.next())
                .await
                .expect("the stream is silent for too long")?;
            self.text += std::str::from_utf8(&more).expect("UTF-8 in whole characters");
        }
    }

    /// The next event called `name` whose data `fits`.
    pub async fn until(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if event.name == name && fits(&event.data) {
                return event;
            }
        }
    }
}

fn parse(block: &str) -> Event {
    let field = |name: &str| {
        let lines = block.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(key, _)| *key == name).map(|(_, v)| v);
        let value = values.next().unwrap_or_default();
        value.strip_prefix(' ').unwrap_or(value).to_owned()
    };
    Event {
        id: field("id"),
        name: field("event"),
        data: serde_json::from_str(&field("data")).expect("JSON"),
    }
}

/// A client with cookies of its own, like one browser.
pub fn browser() -> reqwest::Client {
    onair::storage::install_crypto();
    reqwest::Client::builder()
        .cookie_store(true)
        .no_proxy()
        .build()
        .expect("a client")
}
