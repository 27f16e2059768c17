//! Live updates on connections: each opening, refusal and close is reported once, as soon as it can be judged.
//!
//! ```text
//! Analyzer ─ Event, Facts ─ Watch ─ Update ─┬─ a line   (render::line)
//!                             │           └─ a JSON object
//!                             └─ facts of finished connections, for the report at the end
//! ```

mod followed;
mod line;
mod packet_buffer;
mod schema;
mod step;
mod update;
mod watch;

pub use line::line;
pub use packet_buffer::{OwnedPacket, PacketBuffer};
pub use schema::SCHEMA;
pub use update::{Ended, Notice, Opened, Update};
pub use watch::Watch;
