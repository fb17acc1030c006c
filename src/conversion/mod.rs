//! From what came to what goes on the air: jobs, and those who work them off.
//!
//! What there is to do is *derived* from the library: a video that no browser plays needs a quick
//! version, and every video a house version. So no job can be lost, and one that is done is not
//! done twice. Only what the library cannot tell is kept of a job: how often it failed, and why.

mod book;
mod elsewhere;
mod folders;
mod handle;
mod job;
mod lease;
mod packages;
mod source;
mod start;
mod texts;
mod worker;

pub use handle::{Conversion, ConversionError, InUse, forget};
pub use job::{JobState, JobView, Jobs, Step};
pub use lease::Lease;
pub use packages::Packages;
