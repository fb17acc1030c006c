//! `deploy/nginx.conf` in a real nginx, in front of the real binary.

#[path = "support/behind.rs"]
mod behind;
#[path = "support/clips.rs"]
mod clips;
#[path = "support/station.rs"]
mod station;
#[path = "support/tus.rs"]
mod tus;

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use behind::{passes_on_events_and_ranges, replaced};
use station::{Home, Station, browser, free_port, watch};
use tempfile::TempDir;
use tus::Connection;

/// A running nginx; stopped when dropped.
struct Proxy {
    process: Child,
    address: String,
    _dir: TempDir,
}

impl Proxy {
    /// The configuration we ship, with the addresses of this test, in a nginx of its own.
    fn before(station: &Station) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/nginx.conf");
        let site = fs::read_to_string(shipped).expect("deploy/nginx.conf is there");
        let behind = station.address.trim_start_matches("http://");
        let site = replaced(
            &site,
            "server 127.0.0.1:8000;",
            &format!("server {behind};"),
        );
        let site = replaced(
            &site,
            "server 127.0.0.1:8000 backup;",
            &format!("server {behind} backup;"),
        );
        let events = station.events.as_deref().unwrap_or(behind);
        let site = replaced(
            &site,
            "server 127.0.0.1:8484;",
            &format!("server {events};"),
        );
        let site = replaced(&site, "/var/cache/nginx/onair", "cache");
        let site = replaced(&site, "listen 80;", &format!("listen 127.0.0.1:{port};"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("{name}_temp_path {name};\n"))
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}{site}\n}}\n"
        );
        let file = dir.path().join("nginx.conf");
        fs::write(&file, config).expect("written");
        let process = Command::new(nginx())
            .arg("-p")
            .arg(dir.path())
            .arg("-c")
            .arg(&file)
            .args(["-e", "error.log"])
            .spawn()
            .expect("nginx is installed");
        let address = format!("http://127.0.0.1:{port}");
        Self {
            process,
            address,
            _dir: dir,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Waits until it listens.
    async fn ready(self, client: &reqwest::Client) -> Self {
        for _ in 0..200 {
            if client.get(self.url("/healthz")).send().await.is_ok() {
                return self;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("nginx does not listen; see its words above");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _already_ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Debian keeps it where only root's PATH leads.
fn nginx() -> &'static str {
    let usual = "/usr/sbin/nginx";
    if Path::new(usual).exists() {
        usual
    } else {
        "nginx"
    }
}

#[tokio::test]
async fn the_shipped_proxy_lets_everything_through() {
    let home = Home::with(&[clips::playable(4.0), clips::silent(6.0)]).with_events_port();
    let station = home.start();
    let client = browser();
    let proxy = Proxy::before(&station).ready(&client).await;

    let page = client.get(proxy.url("/")).send().await.expect("a page");
    assert_eq!(page.status(), 200);
    assert!(page.headers().contains_key("content-security-policy"));

    let first = passes_on_events_and_ranges(&client, |path| proxy.url(path), &home).await;

    // So does what is on, for other programs, who are led to the proxy.
    let mut news = watch(&client, &proxy.url("/api/nowplaying/updates")).await;
    let news = news.next().await.expect("at once").data;
    let stream_of_ts = news["channel"]["streams"]["ts"].as_str();
    assert_eq!(stream_of_ts, Some(proxy.url("/channels/main.ts").as_str()));

    // Larger than the 1 MiB that nginx would allow by itself; a page's own request, so with its origin.
    let file = vec![b'x'; 3 << 20];
    let part = reqwest::multipart::Part::bytes(file).file_name("no-video.mp4");
    let answer = client
        .post(proxy.url("/uploads"))
        .header("Origin", &proxy.address)
        .multipart(reqwest::multipart::Form::new().part("video", part))
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        answer.status(),
        422,
        "refused by OnAir, as no video, not by nginx"
    );

    // Half of an upload is on disk although its connection never ends: nginx holds nothing back.
    let half = vec![b'x'; 2 << 20];
    let at = tus::announced(&station, "half.mp4", 4 << 20).await;
    let address = proxy.address.trim_start_matches("http://");
    let mut sending = Connection::to(address, &at, 4 << 20).await;
    sending.send(&half).await;
    let counted = format!("onair_uploaded_bytes_total {}", (3 << 20) + half.len());
    station.until_counted(&counted).await;
    assert_eq!(tus::offset(&station, &at).await, half.len() as u64);

    let current = first["current"]["id"].as_str().expect("an id");
    let vote = client
        .post(proxy.url(&format!("/like/{current}?vote=like")))
        .header("Origin", &proxy.address)
        .send()
        .await
        .expect("an answer");
    assert_eq!(vote.status(), 200);
}

#[tokio::test]
async fn the_shipped_proxy_takes_events_from_the_main_port_if_their_own_does_not_answer() {
    let home = Home::with(&[clips::playable(4.0)]);
    let mut station = home.start();
    station.events = Some(format!("127.0.0.1:{}", free_port()));
    let client = browser();
    let proxy = Proxy::before(&station).ready(&client).await;
    let mut stream = watch(&client, &proxy.url("/video-updates")).await;
    stream.until("on-air", |_| true).await;
}

#[tokio::test]
async fn the_shipped_proxy_asks_once_for_what_many_want_of_the_stream() {
    let home = Home::with(&[clips::playable(4.0)]);
    let station = home.start();
    let client = browser();
    let proxy = Proxy::before(&station).ready(&client).await;
    let init = proxy.url("/channels/main/360/init-1.mp4");
    let many = (0..20).map(|_| client.get(&init).send());
    let mut asked = 0;
    let mut bytes = Vec::new();
    for answer in futures::future::join_all(many).await {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 200);
        asked += usize::from(answer.headers()["x-cache-status"] == "MISS");
        bytes.push(answer.bytes().await.expect("bytes"));
    }
    assert_eq!(asked, 1, "nginx asked once");
    assert!(bytes.iter().all(|b| *b == bytes[0]));
    assert_eq!(&bytes[0][4..8], b"ftyp");
    let playlist = client
        .get(proxy.url("/channels/main/360.m3u8"))
        .send()
        .await;
    assert_eq!(playlist.expect("an answer").status(), 200);
}
