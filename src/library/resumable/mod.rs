//! Uploads that go on where a broken connection, or a stopped server, left them.
//!
//! What was received lies in a lasting spool file, what is known of it in a record; both are on
//! disk before anything is acknowledged. `table` knows all of them, `entry` is one, `receiving`
//! takes bytes in, `direct` lets them go straight to the bucket, `ending` has the whole file examined and kept, `sweep` forgets.

mod direct;
mod ending;
mod entry;
mod error;
mod receiving;
mod record;
mod sweep;
mod table;

pub use direct::DirectOffer;
pub use ending::Progress;
pub use error::ResumableError;
pub use receiving::{Closed, Opened, Receiving, Whole};
pub use record::{NewResumable, ResumableId};
pub(super) use sweep::sweep_until;
pub use table::{Resumables, Standing};
