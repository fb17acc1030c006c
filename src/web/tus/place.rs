//! Where uploads lie.

use crate::library::Standing;

/// Where uploads are announced; each lies below.
pub(super) const PATH: &str = "/uploads/tus";

/// Where an upload is gone on with.
pub(super) fn address(standing: &Standing) -> String {
    format!("{PATH}/{}", standing.id.as_str())
}
