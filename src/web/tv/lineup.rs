//! The station's channels as lists name them.

use std::sync::Arc;

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};

use super::device::DeviceId;
use crate::station::{Snapshot, Station};
use crate::timeline::Airing;
use crate::web::errors::Problem;
use crate::web::site::Site;

/// The path of the picture that stands for a channel.
const LOGO: &str = "/assets/icons/logo.png";

/// A channel as lists and guides elsewhere name it.
pub(super) struct Listed {
    /// Its name in addresses.
    pub id: &'static str,
    /// The key on a remote control, from 1.
    pub number: usize,
    /// What people call it.
    pub name: String,
    /// What viewers are told of it.
    pub told: Arc<Snapshot>,
    device: DeviceId,
}

impl Listed {
    /// Its name among the channels of all stations, the same in every list.
    ///
    /// It never begins like another channel's: media centres have taken 1 and 10 for one.
    pub(super) fn guide_id(&self) -> String {
        format!("{}.{}.onair", self.id, self.device).to_lowercase()
    }

    /// The path of its HLS stream, for players of any kind.
    pub(super) fn hls(&self) -> String {
        format!("/channels/{}/master.m3u8", self.id)
    }

    /// The path of the same as MPEG-TS within HLS.
    pub(super) fn hls_of_ts(&self) -> String {
        format!("/channels/{}/ts.m3u8", self.id)
    }

    /// The path of the same as one endless MPEG-TS.
    pub(super) fn ts(&self) -> String {
        format!("/channels/{}.ts", self.id)
    }

    /// The path of its page.
    pub(super) fn page(&self) -> &'static str {
        "/"
    }

    /// The path of its player for other sites' pages.
    pub(super) fn embed(&self) -> &'static str {
        "/embed"
    }

    /// The path of the picture that stands for it.
    pub(super) fn logo(&self) -> &'static str {
        LOGO
    }

    /// What people call the video of `airing`.
    pub(super) fn title(&self, airing: &Airing) -> String {
        let id = airing.programme.video();
        let video = self.told.catalogue.get(id);
        video.map_or_else(|| id.to_string(), |video| video.title.clone())
    }

    /// The path of a still of the video of `airing`.
    pub(super) fn poster(&self, airing: &Airing) -> Option<String> {
        let video = self.told.catalogue.get(airing.programme.video())?;
        video.poster_url()
    }
}

/// All channels of the station, in the order of their numbers.
pub(super) struct Lineup(pub Vec<Listed>);

impl Lineup {
    /// The channel called `id`, or the first one if nothing is said.
    pub(super) fn channel(&self, id: Option<&str>) -> Result<&Listed, Problem> {
        let wanted = |channel: &&Listed| id.is_none_or(|id| channel.id == id);
        let found = self.0.iter().find(wanted);
        found.ok_or_else(|| Problem::new(Status::NotFound, "There is no channel of that name."))
    }

    /// The same without the others.
    pub(super) fn only(mut self, id: Option<&str>) -> Result<Listed, Problem> {
        let wanted = self.channel(id)?.id;
        self.0.retain(|channel| channel.id == wanted);
        Ok(self.0.remove(0))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Lineup {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let site = request.rocket().state::<Site>();
        let station = request.rocket().state::<Station>();
        let (Some(site), Some(station)) = (site, station) else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        Outcome::Success(Self(vec![Listed {
            id: "main",
            number: 1,
            name: site.channel_name.clone(),
            told: station.snapshot(),
            device: site.device,
        }]))
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use crate::library::Catalogue;
    use crate::timeline::Plan;

    /// A channel named `name` that shows `plan`, of whose videos nothing is known.
    pub(in crate::web::tv) fn channel(id: &'static str, name: &str, plan: Plan) -> Listed {
        Listed {
            id,
            number: 1,
            name: name.to_owned(),
            told: Arc::new(Snapshot {
                plan: Arc::new(plan),
                catalogue: Arc::new(Catalogue::default()),
                seq: 1,
            }),
            device: DeviceId::of(7),
        }
    }
}
