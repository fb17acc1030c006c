//! What the terminal says once the channel is on the air.

use std::net::{IpAddr, SocketAddr};

use chrono::{DateTime, Local};

use crate::config::Config;
use crate::library::{Catalogue, Library, Source};
use crate::station::Station;
use crate::timeline::{Airing, UnixMs};

/// What the greeting needs to know, gathered before the parts go their ways.
pub(super) struct Greeting {
    channel_name: String,
    public_url: Option<String>,
    storage: String,
    library: Library,
    station: Station,
}

impl Greeting {
    pub(super) fn new(config: &Config, library: &Library, station: &Station) -> Self {
        let uploads = match &config.s3 {
            Some(s3) => format!("bucket {}", s3.bucket),
            None => format!("{}/", config.uploads_dir.display()),
        };
        Self {
            channel_name: config.channel_name.clone(),
            public_url: config.public_url.clone(),
            storage: format!(
                "{}/ and {uploads} (uploads are kept there); records in {}/",
                config.static_dir.display(),
                config.data_dir.display()
            ),
            library: library.clone(),
            station: station.clone(),
        }
    }

    /// Prints what is on, where to watch it and where videos are kept.
    pub(super) fn print(&self, address: SocketAddr) {
        let catalogue = self.library.snapshot();
        let home = self.home(address);
        println!();
        println!("  {} is on the air.", self.channel_name);
        println!();
        println!("  Now      {}", self.now(&catalogue));
        println!("  Watch    {home}/");
        if let Some(lan) = self.lan(address) {
            println!("  On a TV  {lan}/ambient");
        }
        println!("  Upload   {home}/upload");
        println!("  Videos   {} in {}", count(&catalogue), self.storage);
        println!();
        println!(
            "  Ctrl+C takes it off the air; it goes on where the schedule is when started again."
        );
        println!();
    }

    fn now(&self, catalogue: &Catalogue) -> String {
        let Some(moment) = self.station.on_air() else {
            return "nothing yet: upload a video, or copy one into a folder below".to_owned();
        };
        let now = format!(
            "{} ({} of {})",
            title(catalogue, &moment.current),
            moment.offset,
            moment.current.programme.duration()
        );
        match moment.next {
            Some(next) => format!(
                "{now}, then {} at {}",
                title(catalogue, &next),
                time_of_day(next.from)
            ),
            None => now,
        }
    }

    /// Where this machine's own browser finds the station.
    fn home(&self, address: SocketAddr) -> String {
        match (&self.public_url, address.ip()) {
            (Some(url), _) => url.clone(),
            (None, ip) if ip.is_unspecified() || ip.is_loopback() => {
                format!("http://localhost:{}", address.port())
            }
            (None, ip) => format!("http://{}", SocketAddr::new(ip, address.port())),
        }
    }

    /// Where another screen on the same network finds it, if it listens there.
    fn lan(&self, address: SocketAddr) -> Option<String> {
        if self.public_url.is_some() {
            return self.public_url.clone();
        }
        let ip = match address.ip() {
            ip if ip.is_loopback() => return None,
            ip if ip.is_unspecified() => lan_address()?,
            ip => ip,
        };
        Some(format!("http://{}", SocketAddr::new(ip, address.port())))
    }
}

fn title(catalogue: &Catalogue, airing: &Airing) -> String {
    let id = airing.programme.video();
    catalogue
        .get(id)
        .map_or_else(|| id.to_string(), |video| video.title.clone())
}

fn time_of_day(instant: UnixMs) -> String {
    DateTime::from_timestamp_millis(instant.get())
        .map(|utc| utc.with_timezone(&Local).format("%H:%M:%S").to_string())
        .unwrap_or_default()
}

fn count(catalogue: &Catalogue) -> String {
    let of = |source| {
        catalogue
            .videos()
            .iter()
            .filter(|v| v.source == source)
            .count()
    };
    let (own, uploaded) = (of(Source::Static), of(Source::Uploads) + of(Source::Bucket));
    match catalogue.videos().len() - catalogue.scheduled().len() {
        0 => format!("{own} that came along, {uploaded} more"),
        idle => format!("{own} that came along, {uploaded} more ({idle} not playable yet)"),
    }
}

/// The first private IPv4 address of a network card: what a TV on the same network can reach.
fn lan_address() -> Option<IpAddr> {
    let mut addresses: Vec<_> = if_addrs::get_if_addrs()
        .ok()?
        .into_iter()
        .filter(|card| !card.is_loopback() && card.ip().is_ipv4())
        .collect();
    // Bridges of containers and virtual machines are not what a TV is plugged into.
    addresses.sort_by_key(|card| {
        let virtual_card = ["docker", "br-", "veth", "virbr", "lxc"];
        virtual_card
            .iter()
            .any(|prefix| card.name.starts_with(prefix))
    });
    addresses.first().map(|card| card.ip())
}
