//! Builds every part, wires them, and knows the order of start and stop.

mod greeting;
mod viewer_key;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;

use crate::audience::{Events, Likes};
use crate::clock::{Anchor, SharedClock, SystemClock};
use crate::config::{Config, PlayOrder};
use crate::conversion::Conversion;
use crate::fanout::{Fanout, Served};
use crate::library::Library;
use crate::linear;
use crate::station::{Rules, Station};
use crate::storage::{Bucket, Records, Recovery, Tree};
use crate::timeline::{Order, Segment, Version, VideoId};
use crate::web::{self, EventsPort, Parts, ViewerCookies};

/// The record that carries channel time over a restart within one boot.
const CLOCK_KEY: &[u8] = b"clock";

/// The record that keeps a shuffled channel's order over restarts.
const SHUFFLE_KEY: &[u8] = b"shuffle-seed";

/// How often the records are written out as a plain file, if they have changed.
const EXPORT_EVERY: Duration = Duration::from_secs(3600);

/// Puts the channel on the air until the process is told to stop.
///
/// # Errors
/// Whatever keeps the station from starting, as a sentence.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    check(&config)?;
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot create {}", config.data_dir.display()))?;
    let records = open_records(&config.data_dir)?;
    let clock = start_clock(&records).await?;
    let bucket = config.s3.as_ref().map(Bucket::connect).transpose()?;
    let closing = watch::Sender::new(false);

    let library = Library::start(
        &config,
        records.clone(),
        clock.clone(),
        bucket.clone(),
        closing.subscribe(),
    )
    .await?;
    let station = Station::start(
        records.clone(),
        clock.clone(),
        &library,
        Rules {
            order: play_order(config.order, &records).await?,
            told_ahead: linear::LISTED_AHEAD,
        },
        closing.subscribe(),
    )
    .await?;
    let conversion = Conversion::start(
        &config,
        (records.clone(), clock.clone()),
        &library,
        bucket.clone(),
        versions_in_use(&station),
        closing.subscribe(),
    )
    .await?;
    let likes = Likes::start(records.clone())?;
    let events = Events::start(
        format!("{:016x}", rand::random::<u64>()),
        clock.clone(),
        station.subscribe(),
        likes.clone(),
        closing.subscribe(),
    );
    let secure = config
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    let key = viewer_key::load(&config.data_dir.join("viewer.key"))?;
    let cookies = ViewerCookies::new(key, secure);
    let station_name = cookies.own_number("events").to_string();
    let fanout = start_fanout(&config, &events, &clock, &station_name);
    let exporter = tokio::spawn(export_regularly(
        records.clone(),
        records.export_path(),
        closing.subscribe(),
    ));

    let greeting = greeting::Greeting::new(&config, &library, &station);
    let parts = Parts {
        cookies,
        config,
        clock,
        library,
        conversion,
        station,
        likes,
        events,
        events_port: fanout.as_ref().map(|fanout| EventsPort {
            port: fanout.address().port(),
            station: station_name,
        }),
        bucket,
        closing: closing.clone(),
    };
    let served = web::serve(parts, move |address| greeting.print(address)).await;

    closing.send_replace(true);
    let _exported = exporter.await;
    if let Some(fanout) = fanout {
        let _joined = tokio::task::spawn_blocking(|| fanout.join()).await;
    }
    records.close();
    Ok(served?)
}

/// The port for events, if it is wanted and can be had; without it the main port serves all.
fn start_fanout(
    config: &Config,
    events: &Events,
    clock: &SharedClock,
    station: &str,
) -> Option<Fanout> {
    let address = SocketAddr::new(web::listening_address(config), config.events_port?);
    let served = Served {
        events: events.clone(),
        clock: clock.clone(),
        station: station.into(),
        user_timeout: web::USER_TIMEOUT,
    };
    match Fanout::start(address, &served) {
        Ok(fanout) => Some(fanout),
        Err(error) => {
            tracing::warn!(
                %error,
                "all events are served by the main port; ONAIR_EVENTS_PORT chooses another port for them, 0 none"
            );
            None
        }
    }
}

/// The prepared versions that the plan shows, has shown lately or will show.
fn versions_in_use(station: &Station) -> Box<dyn Fn() -> HashSet<(VideoId, u32)> + Send + Sync> {
    let snapshots = station.subscribe();
    Box::new(move || {
        let plan = snapshots.borrow().plan.clone();
        let playlists = plan.segments().iter().filter_map(Segment::playlist);
        let programmes = playlists.flat_map(|playlist| playlist.programmes());
        let versions = programmes.flat_map(|programme| {
            let shown = [Some(programme.version()), programme.stream()];
            let made = shown.into_iter().flatten();
            made.map(|version| (programme.video(), version))
        });
        let made = versions.filter(|(_, version)| *version != Version::ORIGINAL);
        made.map(|(video, version)| (video.clone(), version.get()))
            .collect()
    })
}

/// Checks that what the settings name is there.
///
/// # Errors
/// The first thing that is missing, as a sentence.
pub fn check(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        Path::new("browser/index.html.tera").is_file(),
        "the pages (folder browser/) are not here: start onair in the folder it was installed to"
    );
    for dir in [&config.static_dir, &config.uploads_dir] {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot use {}", dir.display()))?;
    }
    Ok(())
}

/// Where the records are among a station's data.
pub fn records_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("records")
}

fn open_records(data_dir: &Path) -> anyhow::Result<Records> {
    let (records, recovery) = Records::open(&records_dir(data_dir))?;
    match &recovery {
        Recovery::Fresh | Recovery::Opened => {}
        damage => tracing::error!("{damage}"),
    }
    Ok(records)
}

/// Starts channel time where the last run within this boot left it, and keeps that for the next.
async fn start_clock(records: &Records) -> anyhow::Result<SharedClock> {
    let kept = records
        .get(Tree::Meta, CLOCK_KEY)?
        .and_then(|bytes| parse_anchor(&bytes));
    let clock = SystemClock::start(kept);
    let ahead_ms = clock.wall_ahead_ms();
    if ahead_ms.abs() > 1000 {
        tracing::warn!(
            ahead_ms,
            "the wall clock was stepped since this machine started; the channel keeps its own time until the next boot, so that nobody's picture jumps"
        );
    }
    let anchor = clock.anchor();
    let record = format!("{} {}", anchor.channel_minus_boottime_us, anchor.boot_id);
    records
        .write(move |txn| txn.put(Tree::Meta, CLOCK_KEY, record.as_bytes()))
        .await??;
    Ok(Arc::new(clock))
}

/// The order to play in; a shuffle keeps its seed for as long as the records live.
async fn play_order(order: PlayOrder, records: &Records) -> anyhow::Result<Order> {
    if order == PlayOrder::Sequential {
        return Ok(Order::Sequential);
    }
    let kept = records.get(Tree::Meta, SHUFFLE_KEY)?;
    if let Some(seed) = kept.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?))) {
        return Ok(Order::Shuffled { seed });
    }
    let seed: u64 = rand::random();
    records
        .write(move |txn| txn.put(Tree::Meta, SHUFFLE_KEY, &seed.to_be_bytes()))
        .await??;
    Ok(Order::Shuffled { seed })
}

fn parse_anchor(bytes: &[u8]) -> Option<Anchor> {
    let (us, boot_id) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
    Some(Anchor {
        boot_id: boot_id.to_owned(),
        channel_minus_boottime_us: us.parse().ok()?,
    })
}

/// Writes the records out as a plain file now and then, and once more at the end.
async fn export_regularly(
    records: Records,
    path: std::path::PathBuf,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        let closed = tokio::time::timeout(EXPORT_EVERY, closing.wait_for(|closed| *closed))
            .await
            .is_ok();
        let (records, path) = (records.clone(), path.clone());
        let written = tokio::task::spawn_blocking(move || records.export(&path)).await;
        match written {
            Ok(Ok(_count)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the records could not be exported"),
            Err(error) => tracing::warn!(%error, "the export of the records ended early"),
        }
        if closed {
            return;
        }
    }
}
