//! OnAir: a self-hosted TV channel for the web. Every screen shows the same moment.
//!
//! One word per capability; each room may only use the rooms above it in this list
//! (`tests/floors.rs` holds that, `docs/ARCHITECTURE.md` is the map):
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![warn(
    clippy::dbg_macro,
    clippy::todo,
    clippy::unimplemented,
    clippy::unwrap_used
)]

/// What plays when: pure functions of a plan and an instant.
pub mod timeline;

/// The only reader of the system clock.
pub mod clock;

/// Every setting, its default and its check.
pub mod config;

/// What a media file is: the only room that starts processes.
pub mod media;

/// Records and objects: the only room that knows sled and object_store.
pub mod storage;

/// The videos the station owns: found, probed, uploaded, quarantined.
pub mod library;

/// From what came to what goes on the air: jobs, and those who work them off.
pub mod conversion;

/// The channel as one endless stream, from segments that are encoded already: pure.
pub mod linear;

/// Channels on air: one task per channel that publishes what is on.
pub mod station;

/// The people watching: their event streams and their votes.
pub mod audience;

/// The event stream for very many viewers, on a port of its own.
pub mod fanout;

/// HTTP: the only room that knows Rocket.
pub mod web;

/// Logs and metrics set-up.
pub mod telemetry;

/// Builds every part and wires them.
pub mod app;

/// The command line.
pub mod cli;
