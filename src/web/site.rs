//! What every page knows of the station.

use rocket::serde::json::serde_json::Map;
use rocket::serde::json::{Value, json};

use super::assets::{Assets, RESUMABLE};
use super::tv::DeviceId;

/// What every page knows of the station.
pub(super) struct Site {
    pub channel_name: String,
    /// The address viewers use, without a slash at its end, if told.
    pub public_url: Option<String>,
    /// The name by which players know this station.
    pub device: DeviceId,
    pub assets: Assets,
    pub max_upload_bytes: u64,
    pub bucket: bool,
    /// Whether pages may send uploads to the bucket themselves.
    pub direct: bool,
}

impl Site {
    /// What every template may say.
    pub fn context(&self) -> Map<String, Value> {
        let mut context = Map::new();
        let channel = json!({ "id": "main", "name": self.channel_name });
        context.insert("channel".into(), channel);
        context.insert("version".into(), self.assets.version().into());
        context.insert("max_upload_bytes".into(), self.max_upload_bytes.into());
        let resumable = self.assets.has(RESUMABLE);
        context.insert("resumable".into(), resumable.into());
        context.insert("bucket".into(), self.bucket.into());
        context.insert("direct".into(), self.direct.into());
        context
    }
}
