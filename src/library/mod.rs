//! The videos the station owns: found, probed, uploaded, quarantined.
//!
//! Records are the truth about a video's id, title and arrival; folders and the bucket are the
//! truth about what is there. `folders` and `objects` bring the two together, uploads come in
//! through `upload`, and `shelf` makes every change durable before it publishes an immutable
//! `Catalogue`. A video keeps its id for as long as its record lives: across restarts, renamed
//! and replaced files.

mod answers;
mod bytes_of;
mod catalogue;
mod examine;
mod folders;
mod handle;
mod intake;
mod into_bucket;
mod into_folder;
mod names;
mod objects;
mod prober;
mod promise;
mod received;
mod record;
mod refusal;
mod rendition;
mod request;
mod resumable;
mod roots;
mod sample;
mod settling;
mod shelf;
mod state;
mod texts;
mod upload;
mod video;
mod walk;
mod watch;

pub use bytes_of::Bytes;
pub use catalogue::Catalogue;
pub use handle::{Library, LibraryError, RemoveError};
pub use names::ENDINGS;
pub use refusal::UploadError;
pub use rendition::{Captions, CaptionsLink, Grade, Rendition};
pub use request::{UploadRequest, Uploaded};
pub use resumable::{
    Closed, DirectOffer, NewResumable, Opened, Progress, Receiving, ResumableError, ResumableId,
    Resumables, Standing, Whole,
};
pub use shelf::kept;
pub use upload::{Begun, Upload};
pub use video::{Source, Video, VideoState};
