//! The channel as one endless stream, assembled from segments that are encoded already. Pure: no I/O,
//! no clock, no processes.

pub mod ts;
