//! Logs set-up: `tracing`, readable or JSON; what libraries log through `log` comes along.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// What is quiet unless asked for by name. Rocket tells of every request at `info`, of every path
/// that is not there as an error, and its indented lines have the target `_`.
const QUIET: &str = "rocket=off,rocket_dyn_templates=error,_=off,hyper=warn,multer=warn,notify=warn,object_store=warn,tera=warn,sled=warn,reqwest=warn,rustls=warn";

/// The filter is not one.
#[derive(Debug, thiserror::Error)]
#[error(
    "ONAIR_LOG={filter:?} will not do: it takes error, warn, info, debug, trace or a filter such as onair=debug"
)]
pub struct FilterError {
    filter: String,
    source: tracing_subscriber::filter::ParseError,
}

/// Starts logging to standard error as `config` says; a second call in one process changes nothing.
///
/// # Errors
/// [`FilterError`] if the filter cannot be understood.
pub fn start(config: &Config) -> Result<(), FilterError> {
    let filter = |text: &str| {
        EnvFilter::builder()
            .parse(text)
            .map_err(|source| FilterError {
                filter: config.log.chars().take(80).collect(),
                source,
            })
    };
    filter(&config.log)?;
    let filter = filter(&format!("{QUIET},{}", config.log))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // An error here means that a subscriber is there already, as in tests.
    let _already = match config.log_format {
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
        LogFormat::Text => subscriber
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init(),
    };
    // A panic is logged like all else, in one line that a log collector can read.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    Ok(())
}
