//! Puts the workers of this machine to work.

use tokio::sync::watch;

use super::handle::{Conversion, ConversionError, InUse};
use super::source::Sources;
use super::worker::{self, Lane};
use crate::clock::SharedClock;
use crate::config::Config;
use crate::library::Library;
use crate::media::PrepareOptions;
use crate::storage::{Bucket, Records};

impl Conversion {
    /// Takes up the jobs there are and starts the workers of this machine, until `shutdown` is
    /// true.
    ///
    /// # Errors
    /// [`ConversionError`] if what was kept of jobs cannot be read, or the folder for versions not
    /// be used.
    pub async fn start(
        config: &Config,
        parts: (Records, SharedClock),
        library: &Library,
        bucket: Option<Bucket>,
        in_use: InUse,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Self, ConversionError> {
        let conversion = Self::open(config, parts, library, in_use, shutdown.clone()).await?;
        tokio::spawn(conversion.clone().follow_texts(shutdown.clone()));
        let sources = Sources {
            library: library.clone(),
            bucket,
            min_free_bytes: config.min_free_bytes,
        };
        let options = PrepareOptions {
            niceness: config.worker_niceness,
            ..PrepareOptions::default()
        };
        for lane in Lane::of(config.workers) {
            let (sources, options) = (sources.clone(), options.clone());
            let run = worker::run(conversion.clone(), lane, sources, options, shutdown.clone());
            tokio::spawn(run);
        }
        Ok(conversion)
    }
}
