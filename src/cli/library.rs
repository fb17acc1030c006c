//! `onair library`: what the station owns. Talks to a running station, and opens its records only
//! when none runs, as one process at a time may have them.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;

use super::client::Station;
use super::upload;
use crate::app;
use crate::config::Config;
use crate::conversion;
use crate::library::{self, Source};
use crate::storage::{Records, durable_remove, durable_rename};
use crate::timeline::VideoId;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// The station's address; otherwise the one on this machine, running or not
    #[arg(long, global = true)]
    server: Option<String>,
}

#[derive(Subcommand)]
enum Action {
    /// Lists every video with its state
    List,
    /// Puts videos into the library
    Add {
        /// Videos, or folders made by `onair process`
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What the video is called; otherwise its file's name says
        #[arg(long)]
        title: Option<String>,
    },
    /// Takes videos out of the library and removes their files
    Remove {
        /// Ids, as `list` shows them
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Has failed conversions tried again
    Retry {
        /// Ids, as `list` shows them
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Deserialize)]
struct Listing {
    videos: Vec<Row>,
}

/// A video as it is listed.
#[derive(Deserialize)]
struct Row {
    id: String,
    title: String,
    source: String,
    state: String,
    #[serde(default)]
    version: String,
    reason: Option<String>,
}

/// Does what is asked, with the station if it runs.
pub(super) async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<()> {
    let told = arguments.server.is_some();
    let token = config.worker_token.clone();
    let station = Station::at(arguments.server.as_deref(), config, token)?;
    if told || station.is_there().await {
        with_station(arguments.action, &station).await
    } else {
        without_station(arguments.action, config).await
    }
}

async fn with_station(action: Action, station: &Station) -> anyhow::Result<()> {
    match action {
        Action::List => {
            let listing = station
                .ask(station.request(Method::GET, "/library"))
                .await?;
            let Listing { videos } = listing.context("the station says nothing")?;
            print(&videos);
        }
        Action::Add { files, title } => {
            for file in &files {
                upload::send(station, file, title.as_deref()).await?;
            }
        }
        Action::Remove { ids } => {
            for id in ids {
                let path = format!("/library/{}", id_of(&id)?);
                station.send(station.request(Method::DELETE, &path)).await?;
                println!("{id}: removed");
            }
        }
        Action::Retry { ids } => {
            for id in ids {
                let path = format!("/library/{}/retry", id_of(&id)?);
                station.send(station.request(Method::POST, &path)).await?;
                println!("{id}: will be tried again");
            }
        }
    }
    Ok(())
}

async fn without_station(action: Action, config: &Config) -> anyhow::Result<()> {
    let open = || -> anyhow::Result<Records> {
        let dir = app::records_dir(&config.data_dir);
        anyhow::ensure!(
            dir.is_dir(),
            "there is no station here: {} does not exist, and none answers",
            dir.display()
        );
        Ok(Records::open(&dir)?.0)
    };
    match action {
        Action::List => {
            let videos = library::kept(&open()?)?;
            let rows = videos.iter().map(|video| Row {
                id: video.id.to_string(),
                title: video.title.clone(),
                source: video.source.to_string(),
                state: video.state.as_str().to_owned(),
                version: String::new(),
                reason: video.state.reason().map(str::to_owned),
            });
            print(&rows.collect::<Vec<_>>());
        }
        Action::Add { files, title } => {
            anyhow::ensure!(title.is_none(), "--title needs a running station");
            for file in &files {
                let name = add(file, &config.uploads_dir)?;
                println!("{name}: will be found when the station starts");
            }
        }
        Action::Remove { ids } => {
            let videos = library::kept(&open()?)?;
            for id in ids {
                let found = videos.iter().find(|video| video.id.as_str() == id);
                let video = found.with_context(|| format!("there is no video {id}"))?;
                if video.source != Source::Uploads {
                    bail!("{id} is not among the uploads; a running station can remove it");
                }
                durable_remove(&config.uploads_dir.join(&video.key))?;
                println!("{id}: removed");
            }
        }
        Action::Retry { ids } => {
            let records = open()?;
            for id in ids {
                let there = conversion::forget(&records, &id_of(&id)?).await?;
                anyhow::ensure!(there, "there is no failed conversion of {id}");
                println!("{id}: will be tried again when the station starts");
            }
        }
    }
    Ok(())
}

/// Copies `file` into the folder of uploads, whole or not at all, under a name that is free.
fn add(file: &Path, uploads_dir: &Path) -> anyhow::Result<String> {
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} has no name", file.display()))?;
    anyhow::ensure!(
        file.is_file(),
        "{} is no file; a folder can be sent to a running station",
        file.display()
    );
    std::fs::create_dir_all(uploads_dir)?;
    let coming = uploads_dir.join(format!(".{name}.coming"));
    let copied = std::fs::copy(file, &coming).map(drop);
    let copied = copied.with_context(|| format!("cannot copy {}", file.display()));
    let placed = copied.and_then(|()| {
        let free = free_names(name).find(|free| !uploads_dir.join(free).exists());
        let free = free.with_context(|| format!("every name like {name} is taken"))?;
        durable_rename(&coming, &uploads_dir.join(&free))
            .with_context(|| format!("{name} cannot be put among the uploads"))?;
        Ok(free)
    });
    if placed.is_err() {
        let _half = std::fs::remove_file(&coming);
    }
    placed
}

/// `film.mp4`, `film-2.mp4`, `film-3.mp4` and so on, not for ever.
fn free_names(name: &str) -> impl Iterator<Item = String> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "mp4"));
    let numbered = (2..1000).map(move |number| format!("{stem}-{number}.{ending}"));
    std::iter::once(name.to_owned()).chain(numbered)
}

fn id_of(text: &str) -> anyhow::Result<VideoId> {
    VideoId::new(text)
        .with_context(|| format!("{text:?} is no video's id; `onair library list` shows them"))
}

fn print(rows: &[Row]) {
    if rows.is_empty() {
        println!("The library is empty.");
    }
    for row in rows {
        let version = if row.version.is_empty() { "" } else { ", " };
        let reason = row.reason.as_deref().map(|reason| format!(" — {reason}"));
        println!(
            "{}  {}  ({}, {}{version}{}){}",
            row.id,
            row.title,
            row.source,
            row.state,
            row.version,
            reason.unwrap_or_default()
        );
    }
}
