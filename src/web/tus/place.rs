//! Where uploads lie, and how long one waits there.

use std::time::Duration;

use crate::library::Standing;

/// Where uploads are announced; each lies below.
pub(super) const PATH: &str = "/uploads/tus";
/// So long an answer waits while the video is examined and moved to its place; proxies give up
/// on a silent server after a minute.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// Where an upload is gone on with.
pub(super) fn address(standing: &Standing) -> String {
    format!("{PATH}/{}", standing.id.as_str())
}
