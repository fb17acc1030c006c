//! `onair worker`: converts a station's videos on another machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures::TryStreamExt;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use tokio_util::io::ReaderStream;

use super::client::{Refused, Station};
use crate::config::Config;
use crate::conversion::Step;
use crate::media::{self, Facts, PrepareError, PrepareOptions, Progress};

/// What this worker knows how to do.
const STEPS: [Step; 3] = [Step::Quick, Step::Floor, Step::House];
/// How long the station may let us wait for a job.
const WAIT_S: u64 = 25;
/// After the station did not answer, it is asked again this late, and later and later.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The station hears of a job this often.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// A file is sent this often before its job is given up.
const TRIES: u32 = 5;

#[derive(Args)]
pub(super) struct Arguments {
    /// The station's address, such as `http://tv.local:8000` (its token is read from
    /// ONAIR_WORKER_TOKEN)
    #[arg(long)]
    server: Option<String>,
    /// What the station calls this worker
    #[arg(long)]
    name: Option<String>,
    /// Where videos lie while they are worked on; needs room for one and its versions
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// A job, as the station tells it.
#[derive(Debug, Clone, Deserialize)]
struct Job {
    lease: String,
    video: String,
    title: String,
    step: Step,
    facts: Facts,
}

struct Worker {
    station: Station,
    name: String,
    folder: PathBuf,
    options: PrepareOptions,
}

/// Works for the station until the process is told to stop.
pub(super) async fn run(arguments: Arguments, config: &Config) -> anyhow::Result<()> {
    let token = config.worker_token.clone();
    let station = Station::at(arguments.server.as_deref(), config, token)?;
    let folder = arguments
        .folder
        .unwrap_or_else(|| config.data_dir.join("worker"));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot use the folder {}", folder.display()))?;
    let worker = Worker {
        name: arguments.name.unwrap_or_else(machine_name),
        station,
        folder: folder.canonicalize()?,
        options: PrepareOptions {
            niceness: config.worker_niceness,
            ..PrepareOptions::default()
        },
    };
    println!(
        "Working for {} as {}. Ctrl-C stops.",
        worker.station.address(),
        worker.name
    );
    let mut pause = FIRST_PAUSE;
    loop {
        let leased = tokio::select! {
            leased = worker.lease() => leased,
            () = told_to_stop() => return Ok(()),
        };
        match leased {
            Ok(Some(job)) => {
                pause = FIRST_PAUSE;
                let stopped = tokio::select! {
                    () = worker.work(&job) => false,
                    () = told_to_stop() => true,
                };
                if stopped {
                    // If it does not hear, the station gives the job to another by and by.
                    let _told = worker.tell(&job, "return", &()).await;
                    return Ok(());
                }
            }
            Ok(None) => pause = FIRST_PAUSE,
            Err(error) => {
                if let Some(Refused::Status { status, .. }) = error.downcast_ref::<Refused>()
                    && matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
                {
                    return Err(error);
                }
                println!("{error:#}; trying again in {} s", pause.as_secs());
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = told_to_stop() => return Ok(()),
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn machine_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

impl Worker {
    async fn lease(&self) -> anyhow::Result<Option<Job>> {
        let wanted = serde_json::json!({ "worker": self.name, "wait_s": WAIT_S, "steps": STEPS });
        let request = self.station.request(Method::POST, "/worker/leases");
        self.station.ask(request.json(&wanted)).await
    }

    /// Does one job, and tells how it went.
    async fn work(&self, job: &Job) {
        println!("{}: {:?}", job.title, job.step);
        let outcome = self.make_and_send(job).await;
        match outcome {
            Ok(()) => println!("{}: done", job.title),
            Err(error) if is(&error, StatusCode::GONE) => {
                println!("{}: not needed any more", job.title);
            }
            Err(error) => {
                println!("{}: {error:#}", job.title);
                let prepare = error.downcast_ref::<PrepareError>();
                let details: Vec<_> = prepare
                    .map(|error| error.complaint().lines().take(8).collect())
                    .unwrap_or_default();
                let told = serde_json::json!({
                    "reason": error.to_string(),
                    "details": details,
                    "unfit": prepare.is_some_and(PrepareError::is_about_the_file),
                });
                // If it does not hear, the station gives the job to another by and by.
                let _told = self.tell(job, "failed", &told).await;
            }
        }
    }

    async fn make_and_send(&self, job: &Job) -> anyhow::Result<()> {
        let dir = self.folder.join(&job.video);
        let _left_behind = std::fs::remove_dir_all(&dir);
        let _clean_up = CleanUp(dir.clone());
        let (made, source) = (dir.join("made"), dir.join("source"));
        std::fs::create_dir_all(&made)?;
        let (progress, newest) = watch::channel(None);
        let working = async {
            self.fetch(job, &source).await?;
            let tell = |news: Progress| {
                progress.send_replace(Some(news));
            };
            match job.step {
                Step::Quick => {
                    media::quick(&source, &job.facts, &made, &self.options, &tell).await?;
                }
                step @ (Step::Floor | Step::House | Step::Texts) => {
                    let options = PrepareOptions {
                        extent: step.extent(),
                        ..self.options.clone()
                    };
                    media::prepare(&source, &job.facts, &made, &options, &tell).await?;
                }
            }
            self.send_all(job, &made).await?;
            self.tell(job, "done", &()).await
        };
        tokio::select! {
            worked = working => worked,
            error = self.keep_telling(job, newest) => Err(error),
        }
    }

    /// Tells the station how far the job is, until it does not want to know any more.
    async fn keep_telling(
        &self,
        job: &Job,
        newest: watch::Receiver<Option<Progress>>,
    ) -> anyhow::Error {
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            let progress = *newest.borrow();
            if let Err(error) = self.tell(job, "progress", &progress).await
                && is(&error, StatusCode::GONE)
            {
                return error;
            }
        }
    }

    async fn fetch(&self, job: &Job, to: &Path) -> anyhow::Result<()> {
        let path = format!("/worker/leases/{}/source", job.lease);
        let answer = self
            .station
            .send(self.station.request(Method::GET, &path))
            .await?;
        let mut file = tokio::fs::File::create(to).await?;
        let mut bytes = answer.bytes_stream();
        while let Some(chunk) = bytes.try_next().await.context("the video broke off")? {
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        Ok(())
    }

    async fn send_all(&self, job: &Job, made: &Path) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(made)? {
            let path = entry?.path();
            send_file(&self.station, &job.lease, &path).await?;
        }
        Ok(())
    }

    async fn tell(
        &self,
        job: &Job,
        what: &str,
        news: &(impl serde::Serialize + Sync),
    ) -> anyhow::Result<()> {
        let path = format!("/worker/leases/{}/{what}", job.lease);
        let request = self.station.request(Method::POST, &path);
        self.station.send(request.json(news)).await?;
        Ok(())
    }
}

/// Brings one file of a version; a broken connection is tried again.
pub(super) async fn send_file(station: &Station, lease: &str, path: &Path) -> anyhow::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.context("a file of a version has a plain name")?;
    let mut pause = FIRST_PAUSE;
    for tries_left in (0..TRIES).rev() {
        let file = tokio::fs::File::open(path).await?;
        let size_bytes = file.metadata().await?.len();
        let body = reqwest::Body::wrap_stream(ReaderStream::with_capacity(file, 256 * 1024));
        let request = station
            .request(Method::PUT, &format!("/worker/leases/{lease}/files/{name}"))
            .header("Content-Length", size_bytes)
            .body(body);
        match station.send(request).await {
            Ok(_) => return Ok(()),
            Err(refused) => {
                let passing = refused
                    .status()
                    .is_none_or(|status| status.is_server_error());
                if !passing || tries_left == 0 {
                    return Err(refused).with_context(|| format!("{name} could not be sent"));
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    unreachable!("the last try returns")
}

fn is(error: &anyhow::Error, status: StatusCode) -> bool {
    let refused = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Refused>());
    refused.and_then(Refused::status) == Some(status)
}

/// Removes a folder when it goes out of scope.
struct CleanUp(PathBuf);

impl Drop for CleanUp {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}
