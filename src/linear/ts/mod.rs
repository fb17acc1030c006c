//! A segment of the channel as an MPEG transport stream (ISO/IEC 13818-1, ITU-T H.222.0), for players
//! that want one.
//!
//! Every segment stands for itself and can be made by any process from the same bytes; segments of any
//! rung joined end to end are one stream without an error: time stamps come from the channel's time, the
//! sound is one row of frames without gap or overlap over all programmes ([`super::Place`]), and each segment
//! takes up every PID's continuity counter where each other leaves it, at 0.

mod elementary;
mod mux;
mod packets;
mod tables;

pub use mux::{Picture, mux};
