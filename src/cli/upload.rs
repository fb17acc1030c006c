//! `onair upload`: sends videos, or folders made by `onair process`, to a running station, and
//! goes on where a broken connection left them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::client::{Refused, Station};
use super::worker::send_file;
use crate::config::Config;
use crate::library::Rendition;
use crate::media::{Package, TABLE};

/// The tus protocol's version.
const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");
/// After a break the upload goes on this late, and later and later.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// So many breaks in a row that brought not one byte further, and it is given up.
const MOST_FRUITLESS: u32 = 12;

#[derive(Args)]
pub(super) struct Arguments {
    /// Videos, or folders made by `onair process`
    #[arg(required = true)]
    what: Vec<PathBuf>,
    /// The station's address, such as `http://tv.local:8000`; otherwise the one on this machine
    #[arg(long)]
    server: Option<String>,
    /// What the video is called; otherwise its file's name says
    #[arg(long)]
    title: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    success: bool,
    #[serde(default)]
    message: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    title: String,
}

/// Sends everything that was named; the first failure ends it.
pub(super) async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<()> {
    let several = arguments.what.len() > 1;
    ensure!(
        arguments.title.is_none() || !several,
        "--title names one video; send them one by one"
    );
    let token = config.worker_token.clone();
    let station = Station::at(arguments.server.as_deref(), config, token)?;
    for path in &arguments.what {
        send(&station, path, arguments.title.as_deref()).await?;
    }
    Ok(())
}

/// Sends the video or prepared folder at `path`.
pub(super) async fn send(
    station: &Station,
    path: &Path,
    title: Option<&str>,
) -> anyhow::Result<()> {
    let looked = std::fs::metadata(path);
    let looked = looked.with_context(|| format!("cannot read {}", path.display()))?;
    let sent = if looked.is_dir() {
        send_prepared(station, path, title).await?
    } else {
        send_video(station, path, &name_of(path)?, title).await?
    };
    println!("{} ({}): {}", sent.title, sent.id, sent.message);
    Ok(())
}

fn name_of(path: &Path) -> anyhow::Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name
        .with_context(|| format!("{} has no name to send", path.display()))?
        .to_owned())
}

/// The programme goes first and is on the air at once; then the rest, so that the station need
/// not make it again.
async fn send_prepared(station: &Station, dir: &Path, title: Option<&str>) -> anyhow::Result<Sent> {
    Package::read(dir)
        .with_context(|| format!("{} is no folder made by `onair process`", dir.display()))?;
    let name = dir.canonicalize()?;
    let name = format!("{}.mp4", name_of(&name)?);
    let sent = send_video(station, &dir.join(Rendition::PROGRAMME), &name, title).await?;
    let asked = serde_json::json!({ "worker": "onair upload", "video": sent.id });
    let request = station.request(Method::POST, "/worker/leases").json(&asked);
    #[derive(Deserialize)]
    struct Leased {
        lease: String,
    }
    let leased: Option<Leased> = station
        .ask(request)
        .await
        .context("the video is on the air, but the station does not take its prepared versions")?;
    let Some(Leased { lease }) = leased else {
        return Ok(sent); // it has a house version already
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        files.push(entry?.path());
    }
    // The table last, so that it never speaks of what is not there.
    files.sort_by_key(|file| file.ends_with(TABLE));
    let bar = bar_of(files.len() as u64, "{msg} {wide_bar} {pos}/{len} files");
    bar.set_message(sent.title.clone());
    for file in &files {
        send_file(station, &lease, file).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    let request = station.request(Method::POST, &format!("/worker/leases/{lease}/done"));
    station.send(request).await?;
    Ok(Sent {
        message: "The video is on the air in full quality; nothing is left to convert.".to_owned(),
        ..sent
    })
}

/// Sends one file by the tus protocol; the same file again goes on where it was.
async fn send_video(
    station: &Station,
    path: &Path,
    name: &str,
    title: Option<&str>,
) -> anyhow::Result<Sent> {
    let looked = std::fs::metadata(path);
    let looked = looked.with_context(|| format!("cannot read {}", path.display()))?;
    let size_bytes = looked.len();
    let bar = bar_of(
        size_bytes,
        "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
    );
    bar.set_message(title.unwrap_or(name).to_owned());
    let key = key_of(path, &looked, title)?;
    let (mut pause, mut fruitless, mut furthest) = (FIRST_PAUSE, 0, 0);
    loop {
        match go_on(station, path, (name, title, &key), size_bytes, &bar).await {
            Ok(sent) => {
                bar.finish_and_clear();
                ensure!(sent.success, "{}", sent.message);
                return Ok(sent);
            }
            Err(error) if !is_passing(&error) => return Err(error),
            Err(error) => {
                let moved = bar.position() > furthest;
                furthest = furthest.max(bar.position());
                (fruitless, pause) = match moved {
                    true => (0, FIRST_PAUSE),
                    false => (fruitless + 1, (pause * 2).min(LONGEST_PAUSE)),
                };
                if fruitless >= MOST_FRUITLESS {
                    return Err(
                        error.context("the upload was given up; the same command goes on with it")
                    );
                }
                let why = told(&error);
                // Also where nobody watches a terminal.
                bar.suspend(|| eprintln!("{why}; going on in {} s", pause.as_secs()));
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// Announces the file, finds how much of it is there, sends the rest, and asks what became of it.
async fn go_on(
    station: &Station,
    path: &Path,
    (name, title, key): (&str, Option<&str>, &str),
    size_bytes: u64,
    bar: &ProgressBar,
) -> anyhow::Result<Sent> {
    let mut metadata = format!("filename {}", STANDARD.encode(name));
    if let Some(title) = title {
        metadata += &format!(",title {}", STANDARD.encode(title));
    }
    let announce = station
        .request(Method::POST, "/uploads/tus")
        .header(TUS.0, TUS.1)
        .header("Upload-Length", size_bytes)
        .header("Upload-Metadata", metadata)
        .header("Idempotency-Key", key);
    let announced = station.send(announce).await?;
    let place = announced.headers().get("Location");
    let place = place.and_then(|place| place.to_str().ok());
    let place = path_of(place.context("the station does not say where to send it")?);

    let asked = station.request(Method::HEAD, &place).header(TUS.0, TUS.1);
    let asked = station.send(asked).await?;
    let offset = asked.headers().get("Upload-Offset");
    let offset = offset.and_then(|offset| offset.to_str().ok()?.parse::<u64>().ok());
    let offset = offset.context("the station does not say how much it has")?;
    if offset > size_bytes {
        bail!("the station has more of this file than there is");
    }
    bar.set_position(offset);

    let mut file = tokio::fs::File::open(path).await?;
    file.seek(std::io::SeekFrom::Start(offset)).await?;
    let counted = bar.clone();
    let rest = ReaderStream::with_capacity(file.take(size_bytes - offset), 256 * 1024);
    let rest = rest.inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            counted.inc(chunk.len() as u64);
        }
    });
    let patch = station
        .request(Method::PATCH, &place)
        .header(TUS.0, TUS.1)
        .header("Upload-Offset", offset)
        .header("Content-Type", "application/offset+octet-stream")
        .header("Content-Length", size_bytes - offset)
        .body(reqwest::Body::wrap_stream(rest));
    station.send(patch).await?;
    loop {
        let asked = station.send(station.request(Method::GET, &place)).await?;
        let is_over = asked.status() == StatusCode::OK;
        let told = asked.bytes().await.map_err(Refused::Unreachable)?;
        let sent: Sent =
            serde_json::from_slice(&told).context("the answer is not what a station says")?;
        if is_over {
            return Ok(sent);
        }
        bar.set_message("The station is looking at it");
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

/// The path of an address on the station itself.
fn path_of(place: &str) -> String {
    match place.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
        None => place.to_owned(),
    }
}

/// The same for the same file, so that another try finds what the last one left.
fn key_of(path: &Path, looked: &std::fs::Metadata, title: Option<&str>) -> anyhow::Result<String> {
    use std::os::unix::fs::MetadataExt;
    let path = path.canonicalize()?;
    let said = format!(
        "{}\0{}\0{}\0{}\0{}",
        path.display(),
        looked.len(),
        looked.mtime(),
        looked.mtime_nsec(),
        title.unwrap_or_default()
    );
    let digest = Sha256::digest(said);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether the same again may go well.
fn is_passing(error: &anyhow::Error) -> bool {
    match refused(error).map(Refused::status) {
        Some(None) => true,
        Some(Some(status)) => {
            status.is_server_error() && status != StatusCode::INSUFFICIENT_STORAGE
                || matches!(
                    status,
                    StatusCode::CONFLICT | StatusCode::LOCKED | StatusCode::TOO_MANY_REQUESTS
                )
        }
        None => false,
    }
}

fn refused(error: &anyhow::Error) -> Option<&Refused> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

/// Why it broke off, in a few words: the station's own, or what the connection came to.
fn told(error: &anyhow::Error) -> String {
    refused(error).map_or_else(|| format!("{error:#}"), Refused::to_string)
}

/// A bar that looks like `template`; silent where nobody watches a terminal.
fn bar_of(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates here are right");
    ProgressBar::new(length).with_style(style)
}
