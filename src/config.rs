//! Every setting, its default and its check.
//!
//! One shape for three places, the later winning: `Rocket.toml` (table `onair` of the profile, keys
//! without the prefix), `.env`, the environment. Credentials are read from `.env` and the
//! environment only.

mod error;
mod kinds;
mod places;
mod settings;
mod values;

use std::path::{Path, PathBuf};

use places::{merge, read_dotenv, read_toml};
use values::{
    Values, bucket, channel_name, get, number, one_of, path, port, prepared_dir, web_address,
    worker_token,
};

pub use error::ConfigError;
pub use kinds::{LogFormat, PlayOrder, S3Config, S3Delivery, Secret};
pub use settings::{SETTINGS, Setting};

/// The effective settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The channel's name, 1–80 characters.
    pub channel_name: String,
    /// Where records are kept.
    pub data_dir: PathBuf,
    /// Where uploads are kept.
    pub uploads_dir: PathBuf,
    /// Videos that come with the station.
    pub static_dir: PathBuf,
    /// Where versions made for the air are kept.
    pub prepared_dir: PathBuf,
    /// How many videos are converted here at once; may be 0.
    pub workers: usize,
    /// The niceness of what converts them, 0 to 19.
    pub worker_niceness: i32,
    /// What workers elsewhere must show; without it they are refused.
    pub worker_token: Option<Secret>,
    /// The order the channel plays in.
    pub order: PlayOrder,
    /// The largest upload.
    pub max_upload_bytes: u64,
    /// How many uploads may be under way at once.
    pub max_uploads: usize,
    /// How long an upload nobody goes on with is kept.
    pub upload_keep_s: u64,
    /// How far back the stream can be watched, in seconds.
    pub dvr_s: u64,
    /// Disk space uploads leave free.
    pub min_free_bytes: u64,
    /// The address viewers use, without a slash at its end, if told.
    pub public_url: Option<String>,
    /// The port that serves nothing but events.
    pub events_port: Option<u16>,
    /// How often the bucket is looked through.
    pub s3_scan_s: u64,
    /// Whether pages send uploads to the bucket themselves.
    pub s3_direct: bool,
    /// How videos in the bucket reach viewers.
    pub s3_delivery: S3Delivery,
    /// The bucket, if there is one.
    pub s3: Option<S3Config>,
    /// The log filter.
    pub log: String,
    /// What log lines look like.
    pub log_format: LogFormat,
    /// `ROCKET_*` settings found in `.env`, which the environment overrides.
    pub rocket_env: Vec<(String, String)>,
}

impl Config {
    /// The effective settings: `dir`'s `Rocket.toml` and `.env`, then `environment`.
    ///
    /// # Errors
    /// [`ConfigError`] for an unknown key, a value that will not do, or an unreadable file.
    pub fn load(
        dir: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values: Values = SETTINGS
            .iter()
            .map(|s| (s.key, s.default.to_owned()))
            .collect();
        let environment: Vec<_> = environment.into_iter().collect();
        let dotenv = read_dotenv(&dir.join(".env"))?;
        let profile = environment
            .iter()
            .rev()
            .chain(dotenv.iter().rev())
            .find(|(key, _)| key == "ROCKET_PROFILE")
            .map(|(_, value)| value.clone());
        merge(&mut values, "Rocket.toml", read_toml(dir, profile)?)?;
        let rocket_env = dotenv
            .iter()
            .filter(|(key, _)| key.starts_with("ROCKET_"))
            .cloned()
            .collect();
        merge(&mut values, ".env", dotenv)?;
        merge(&mut values, "the environment", environment)?;
        Self::check(&values, rocket_env)
    }

    fn check(values: &Values, rocket_env: Vec<(String, String)>) -> Result<Self, ConfigError> {
        Ok(Self {
            channel_name: channel_name(values)?,
            data_dir: path(values, "ONAIR_DATA_DIR")?,
            uploads_dir: path(values, "ONAIR_UPLOADS_DIR")?,
            static_dir: path(values, "ONAIR_STATIC_DIR")?,
            prepared_dir: prepared_dir(values)?,
            workers: number(values, "ONAIR_WORKERS", 0, 64)?,
            worker_niceness: number(values, "ONAIR_WORKER_NICENESS", 0, 19)?,
            worker_token: worker_token(values)?,
            order: one_of(
                values,
                "ONAIR_ORDER",
                &[
                    ("sequential", PlayOrder::Sequential),
                    ("shuffle", PlayOrder::Shuffle),
                ],
            )?,
            max_upload_bytes: number(values, "ONAIR_MAX_UPLOAD_BYTES", 1, 1 << 44)?,
            max_uploads: number(values, "ONAIR_MAX_UPLOADS", 1, 1000)?,
            upload_keep_s: number(values, "ONAIR_UPLOAD_KEEP_S", 1, 30 * 86_400)?,
            dvr_s: number(values, "ONAIR_DVR_S", 30, 6 * 3600)?,
            min_free_bytes: number(values, "ONAIR_MIN_FREE_BYTES", 0, 1 << 50)?,
            public_url: web_address(values, "ONAIR_PUBLIC_URL")?,
            events_port: port(values, "ONAIR_EVENTS_PORT")?,
            s3_scan_s: number(values, "ONAIR_S3_SCAN_S", 1, 86_400)?,
            s3_direct: one_of(values, "ONAIR_S3_DIRECT", &[("off", false), ("on", true)])?,
            s3_delivery: one_of(
                values,
                "ONAIR_S3_DELIVERY",
                &[
                    ("redirect", S3Delivery::Redirect),
                    ("proxy", S3Delivery::Proxy),
                    ("public", S3Delivery::Public),
                ],
            )?,
            s3: bucket(values)?,
            log: get(values, "ONAIR_LOG").to_owned(),
            log_format: one_of(
                values,
                "ONAIR_LOG_FORMAT",
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            )?,
            rocket_env,
        })
    }

    /// The effective settings as key and value, secrets masked, in the order of [`SETTINGS`].
    pub fn effective(&self) -> Vec<(&'static str, String)> {
        let s3 = self.s3.as_ref();
        let of_bucket = |take: fn(&S3Config) -> String| s3.map(take).unwrap_or_default();
        let value = |key: &str| match key {
            "ONAIR_CHANNEL_NAME" => self.channel_name.clone(),
            "ONAIR_DATA_DIR" => self.data_dir.display().to_string(),
            "ONAIR_UPLOADS_DIR" => self.uploads_dir.display().to_string(),
            "ONAIR_STATIC_DIR" => self.static_dir.display().to_string(),
            "ONAIR_PREPARED_DIR" => self.prepared_dir.display().to_string(),
            "ONAIR_WORKERS" => self.workers.to_string(),
            "ONAIR_WORKER_NICENESS" => self.worker_niceness.to_string(),
            "ONAIR_WORKER_TOKEN" => {
                let token = self.worker_token.as_ref();
                token.map(|token| format!("{token:?}")).unwrap_or_default()
            }
            "ONAIR_ORDER" => format!("{:?}", self.order).to_lowercase(),
            "ONAIR_MAX_UPLOAD_BYTES" => self.max_upload_bytes.to_string(),
            "ONAIR_MAX_UPLOADS" => self.max_uploads.to_string(),
            "ONAIR_UPLOAD_KEEP_S" => self.upload_keep_s.to_string(),
            "ONAIR_DVR_S" => self.dvr_s.to_string(),
            "ONAIR_MIN_FREE_BYTES" => self.min_free_bytes.to_string(),
            "ONAIR_PUBLIC_URL" => self.public_url.clone().unwrap_or_default(),
            "ONAIR_EVENTS_PORT" => self.events_port.unwrap_or(0).to_string(),
            "ONAIR_S3_SCAN_S" => self.s3_scan_s.to_string(),
            "ONAIR_S3_DIRECT" => if self.s3_direct { "on" } else { "off" }.to_owned(),
            "ONAIR_S3_DELIVERY" => format!("{:?}", self.s3_delivery).to_lowercase(),
            "ONAIR_LOG" => self.log.clone(),
            "ONAIR_LOG_FORMAT" => format!("{:?}", self.log_format).to_lowercase(),
            "S3_BUCKET_NAME" => of_bucket(|s| s.bucket.clone()),
            "AWS_ACCESS_KEY_ID" => of_bucket(|s| mask(&s.access_key_id)),
            "AWS_SECRET_ACCESS_KEY" => of_bucket(|s| format!("{:?}", s.secret_access_key)),
            "AWS_REGION" => of_bucket(|s| s.region.clone()),
            "AWS_ENDPOINT_URL" => of_bucket(|s| s.endpoint_url.clone().unwrap_or_default()),
            _ => String::new(),
        };
        SETTINGS.iter().map(|s| (s.key, value(s.key))).collect()
    }
}

/// Enough of an access key to recognise it.
fn mask(key: &str) -> String {
    let shown: String = key.chars().take(4).collect();
    format!("{shown}********")
}

#[cfg(test)]
mod tests;
