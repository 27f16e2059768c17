//! Live updates on connections: each opening, refusal and close is reported once, as soon as it can be judged.
//!
//! ```text
//! Analyzer ─ Event, Facts ─ Watch ─ Update ─┬─ a line   (render::line)
//!                             │           └─ a JSON object
//!                             └─ facts of finished connections, for the report at the end
//! ```

pub mod line;
pub mod packet_buffer;
pub mod update;
pub mod watch;

pub use line::line;
pub use packet_buffer::PacketBuffer;
pub use update::Update;
pub use watch::Watch;
