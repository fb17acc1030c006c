//! The command line.

mod client;
mod library;
mod process;
mod upload;
mod worker;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::config::Config;
use crate::{app, telemetry};

/// A self-hosted TV channel for the web: every screen shows the same moment.
#[derive(Parser)]
#[command(name = "onair", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Puts the channel on the air (this is what happens without a command, too)
    Serve,
    /// Checks the settings and prints the effective ones, secrets masked
    Check,
    /// Prepares videos on this machine, into folders that `onair upload` sends
    Process(process::Arguments),
    /// Sends videos, or folders made by `onair process`, to a running station
    Upload(upload::Arguments),
    /// Lists, adds and removes the station's videos, and has failed conversions tried again
    Library(library::Arguments),
    /// Converts a station's videos on another machine
    Worker(worker::Arguments),
}

/// Runs the command that `arguments` ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output with success, mistakes to standard error.
            let _closed_terminal = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let done = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(),
        Command::Check => check(),
        Command::Process(arguments) => with_runtime(async |_| process::run(arguments).await),
        Command::Upload(arguments) => {
            with_runtime(async |config| upload::run(arguments, &config).await)
        }
        Command::Library(arguments) => {
            with_runtime(async |config| library::run(arguments, &config).await)
        }
        Command::Worker(arguments) => {
            with_runtime(async |config| worker::run(arguments, &config).await)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onair: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn load() -> anyhow::Result<Config> {
    let environment = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
    Ok(Config::load(Path::new("."), environment)?)
}

fn with_runtime(command: impl AsyncFnOnce(Config) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let config = load()?;
    runtime()?.block_on(command(config))
}

fn runtime() -> anyhow::Result<Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().build();
    runtime.context("cannot start the runtime")
}

fn serve() -> anyhow::Result<()> {
    let config = load()?;
    telemetry::start(&config)?;
    let runtime = runtime()?;
    let served = runtime.block_on(app::serve(config));
    // A read from a dead network drive must not keep the process from ending.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    served
}

fn check() -> anyhow::Result<()> {
    let config = load()?;
    for (key, value) in config.effective() {
        println!("{key}={value}");
    }
    app::check(&config)
}
