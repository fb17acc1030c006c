//! HTTP: the only room that knows Rocket.

mod api;
mod assets;
mod compressed;
mod delivery;
mod direct;
mod drain;
mod drift;
mod errors;
mod events;
mod events_port;
mod form;
mod headers;
mod jobs;
mod linear;
mod media;
mod metrics;
mod net;
mod operator;
mod ops;
mod origin;
mod pages;
mod policy;
mod prepared;
mod range;
mod segment;
mod site;
#[cfg(test)]
mod testing;
mod transport;
mod tus;
mod tv;
mod uploads;
mod viewer;
mod votes;
mod wire;
mod worker;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use rocket::error::ErrorKind;
use rocket::fairing::{AdHoc, Fairing};
use rocket::figment::providers::{Env, Format, Serialized, Toml};
use rocket::figment::value::Value;
use rocket::figment::{Figment, Profile};
use rocket::{Build, Rocket};
use rocket_dyn_templates::Template;
use tokio::sync::watch;

use crate::audience::{Events, Likes};
use crate::clock::SharedClock;
use crate::config::{Config, S3Delivery};
use crate::conversion::Conversion;
use crate::library::Library;
use crate::station::Station;
use crate::storage::Bucket;
use crate::timeline::{DurationMs, on_air};

use assets::{Assets, RESUMABLE};
use headers::SecurityHeaders;
use linear::Linear;
use media::{Media, SignedAddresses};
use metrics::Metrics;
use net::UserTimeout;
use operator::OperatorToken;
use ops::{CountedElsewhere, Readiness};
use prepared::Prepared;
use site::Site;
use transport::Transport;
use tv::DeviceId;
use uploads::Uploads;

pub use events_port::EventsPort;
pub use net::USER_TIMEOUT;
pub use viewer::ViewerCookies;

/// Where the pages are.
const BROWSER_DIR: &str = "browser";

/// Everything the web needs from the rooms below.
pub struct Parts {
    /// The effective settings.
    pub config: Config,
    /// Channel time.
    pub clock: SharedClock,
    /// The videos.
    pub library: Library,
    /// What is made of them for the air.
    pub conversion: Conversion,
    /// What is on.
    pub station: Station,
    /// The votes.
    pub likes: Likes,
    /// The stream.
    pub events: Events,
    /// Where else it is served, if it is.
    pub events_port: Option<EventsPort>,
    /// Where videos may be kept besides the disk.
    pub bucket: Option<Bucket>,
    /// Signs viewers' cookies.
    pub cookies: ViewerCookies,
    /// Turned true when the server stops, so that streams end.
    pub closing: watch::Sender<bool>,
}

/// Why the web could not be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Rocket did not start: a port in use, a setting that will not do, a broken template.
    #[error("cannot start the web server: {0}")]
    Start(String),
    /// Rocket stopped by itself.
    #[error("the web server stopped: {0}")]
    Stopped(String),
}

/// Serves until the process is told to stop; `ready` hears the address once the port is open.
///
/// # Errors
/// [`WebError`] if it cannot start or stops by itself.
pub async fn serve(
    parts: Parts,
    ready: impl FnOnce(SocketAddr) + Send + Sync + 'static,
) -> Result<(), WebError> {
    let rocket = build(parts)?.attach(announce(ready)).ignite().await;
    let rocket = rocket.map_err(|e| WebError::Start(explain(&e)))?;
    match rocket.launch().await {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            // A connection outlived its grace; it dies with the process, and nothing is lost.
            ErrorKind::Shutdown(..) => Ok(()),
            ErrorKind::Bind(_) => Err(WebError::Start(explain(&error))),
            _ => Err(WebError::Stopped(explain(&error))),
        },
    }
}

/// Everything mounted, ready to ignite.
///
/// # Errors
/// [`WebError::Start`] if the pages cannot be read.
pub fn build(parts: Parts) -> Result<Rocket<Build>, WebError> {
    let assets = Assets::load(Path::new(BROWSER_DIR))
        .map_err(|e| WebError::Start(format!("cannot read {BROWSER_DIR}/: {e}")))?;
    if !assets.has(RESUMABLE) {
        tracing::warn!(
            "the script that sends uploads is missing, so the upload page sends plain forms; `make run` installs it (npm ci)"
        );
    }
    let closing = parts.closing.clone();
    let site = Site {
        channel_name: parts.config.channel_name.clone(),
        public_url: parts.config.public_url.clone(),
        device: DeviceId::of(parts.cookies.own_number("tuner")),
        assets: assets.clone(),
        max_upload_bytes: parts.config.max_upload_bytes,
        bucket: parts.bucket.is_some(),
        direct: parts.config.s3_direct && parts.bucket.is_some(),
    };
    let bucket_origin = parts.bucket.as_ref().map(Bucket::origin);
    let direct = parts.config.s3_direct && parts.bucket.is_some();
    let upload_origin = bucket_origin.clone().filter(|_| direct);
    let media_origin = match parts.config.s3_delivery {
        S3Delivery::Proxy => None,
        S3Delivery::Redirect | S3Delivery::Public => bucket_origin,
    };
    let metrics = Metrics::default();
    let media = media(&parts, metrics.clone());
    let uploads = Uploads {
        library: parts.library.clone(),
        station: parts.station.clone(),
        max_upload_bytes: parts.config.max_upload_bytes,
        direct,
        longest_silence: uploads::LONGEST_SILENCE,
        metrics: metrics.clone(),
    };
    let prepared = Prepared {
        dir: parts.config.prepared_dir.clone(),
        catalogue: parts.library.subscribe(),
        clock: parts.clock.clone(),
        metrics: metrics.clone(),
    };
    let linear = Linear {
        station: parts.station.clone(),
        packages: parts.conversion.packages(),
        clock: parts.clock.clone(),
        depth: DurationMs::new(parts.config.dvr_s * 1000),
    };
    let transport = Transport::new(
        linear.packages.clone(),
        prepared.clone(),
        parts.station.clone(),
    );
    let (events, station) = (parts.events.clone(), parts.station.clone());
    let conversion = parts.conversion.clone();
    let counted = CountedElsewhere(Box::new(move |metrics| {
        metrics.take_over(&events, station.drift());
        metrics.take_over_jobs(jobs::counts(&conversion));
    }));
    let rocket = rocket::custom(figment(&parts.config))
        .attach(Template::fairing())
        .attach(SecurityHeaders::new(
            media_origin.as_deref(),
            upload_origin.as_deref(),
        ))
        .attach(UserTimeout)
        .attach(tus::TusHeaders)
        .attach(AdHoc::on_shutdown("end the streams", move |_| {
            closing.send_replace(true);
            Box::pin(async {})
        }))
        .register("/", errors::catchers())
        .mount("/", api::routes())
        .mount("/", assets::routes())
        .mount("/", ops::routes())
        .mount("/", drift::routes())
        .mount("/", events::routes())
        .mount("/", jobs::routes())
        .mount("/", linear::routes())
        .mount("/", media::routes())
        .mount("/", pages::routes())
        .mount("/", transport::routes())
        .mount("/", tus::routes())
        .mount("/", tv::routes())
        .mount("/iptv", tv::iptv_routes())
        .mount("/", direct::routes())
        .mount("/", prepared::routes())
        .mount("/", uploads::routes())
        .mount("/", votes::routes())
        .mount("/", worker::routes())
        .manage(site)
        .manage(parts.clock)
        .manage(parts.library)
        .manage(parts.conversion)
        .manage(prepared)
        .manage(linear)
        .manage(transport)
        .manage(OperatorToken(parts.config.worker_token))
        .manage(parts.bucket)
        .manage(parts.station)
        .manage(parts.likes)
        .manage(parts.events)
        .manage(parts.events_port)
        .manage(parts.cookies)
        .manage(assets)
        .manage(media)
        .manage(uploads)
        .manage(metrics)
        .manage(drift::Reporters::default())
        .manage(counted)
        .manage(Readiness::default());
    Ok(rocket)
}

/// Where videos' bytes are and how they reach viewers.
fn media(parts: &Parts, metrics: Metrics) -> Media {
    let station = parts.station.clone();
    Media {
        catalogue: parts.library.subscribe(),
        static_dir: parts.config.static_dir.clone(),
        uploads_dir: parts.config.uploads_dir.clone(),
        bucket: parts.bucket.clone().map(|b| (b, parts.config.s3_delivery)),
        clock: parts.clock.clone(),
        programme_end: Box::new(move |video| {
            let from = station.starts_at(video)?;
            on_air(&station.snapshot().plan, from).map(|moment| moment.current.to)
        }),
        metrics,
        signed: SignedAddresses::default(),
    }
}

/// Rocket's settings: its defaults, `Rocket.toml`, `.env`, the environment.
fn figment(config: &Config) -> Figment {
    let defaults = rocket::Config::default();
    let profile = Profile::from_env_or("ROCKET_PROFILE", defaults.profile.clone());
    let mut figment = Figment::from(defaults)
        .merge(Toml::file(Env::var_or("ROCKET_CONFIG", "Rocket.toml")).nested());
    for (key, text) in &config.rocket_env {
        if let Some(key) = key.strip_prefix("ROCKET_").filter(|key| *key != "PROFILE") {
            // As in the environment: a number is a number, a table a table, all else text.
            let value: Value = text.parse().unwrap_or_else(|never| match never {});
            figment = figment.merge(Serialized::global(&key.to_lowercase(), value));
        }
    }
    figment
        .merge(Env::prefixed("ROCKET_").ignore(&["PROFILE"]).global())
        .select(profile)
}

/// The address the web is served at: the one the settings name, unless they are such that it cannot start.
pub fn listening_address(config: &Config) -> IpAddr {
    let address = figment(config).extract_inner("address");
    address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Tells `ready` the address once the port is open, and bounds how long a vanished viewer counts.
fn announce(ready: impl FnOnce(SocketAddr) + Send + Sync + 'static) -> impl Fairing {
    AdHoc::on_liftoff("announce", move |rocket| {
        let config = rocket.config();
        let address = SocketAddr::new(config.address, config.port);
        if let Some(readiness) = rocket.state::<Readiness>() {
            readiness.set_ready();
        }
        ready(address);
        Box::pin(async {})
    })
}

/// Rocket's error as one sentence.
fn explain(error: &rocket::Error) -> String {
    match error.kind() {
        ErrorKind::Bind(reason) | ErrorKind::Io(reason) => {
            format!(
                "the port cannot be opened ({reason}); is another program using it? ROCKET_PORT chooses another"
            )
        }
        ErrorKind::FailedFairings(fairings) => {
            let names: Vec<_> = fairings.iter().map(|f| f.name.to_string()).collect();
            format!("{} failed; the log says why", names.join(", "))
        }
        kind => kind.to_string(),
    }
}
