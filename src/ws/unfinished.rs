//! A frame or message that was incomplete when its sender's stream ended.

/// The incomplete frame and message of a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unfinished {
    /// The incomplete frame; `None` between the fragments of a message.
    pub frame: Option<CutFrame>,
    /// Whether a message is open.
    pub message: bool,
}

/// A frame without the end of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CutFrame {
    /// Payload bytes that its header declares.
    pub length: u64,
    /// Payload bytes that came.
    pub received: u64,
}

impl Unfinished {
    /// Returns the number of payload bytes that were declared and never came.
    pub fn outstanding(&self) -> u64 {
        self.frame.map_or(0, |frame| frame.length.saturating_sub(frame.received))
    }
}
